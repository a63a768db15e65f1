"""A component's kind is fixed once it is deployed: its storage and its instances' names depend on it."""

from __future__ import annotations

from collections.abc import Mapping

from .application import Application
from .errors import ModelError, Problem


def check_kinds(application: Application, deployed: Mapping[str, str], source: str) -> None:
    """Raise ``ModelError`` if a component's kind differs from the one in ``deployed``, kinds by component name."""
    problems = [
        Problem(
            f"services.{component.name}.x-mesh.kind",
            repr(str(component.kind)),
            f"{deployed[component.name]!r}, as deployed; to change the kind, deploy it under another name and remove this one",
        )
        for component in application.components
        if deployed.get(component.name, component.kind) != component.kind
    ]
    if problems:
        raise ModelError(source, problems)
