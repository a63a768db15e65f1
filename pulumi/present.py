"""What of an application is on an engine before the stack has made anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.evenkeel.mesh.plugins.module_utils.docker import names
from ansible_collections.evenkeel.mesh.plugins.module_utils.docker.engine import Engine


@dataclass(frozen=True)
class Present:
    """Ids of networks by name, and names of volumes."""

    networks: Mapping[str, str] = field(default_factory=dict)
    volumes: frozenset[str] = frozenset()


def present(host: str, application: str) -> Present:
    """Return what the engine at ``host`` has of ``application``; nothing where it does not answer."""
    engine = Engine(host.removeprefix("unix://"))
    if not engine.answers():
        return Present()
    mine = {"label": [f"{names.APPLICATION}={application}"]}
    return Present(
        networks={each["Name"]: each["Id"] for each in engine.get("/networks", filters=mine)},
        volumes=frozenset(each["Name"] for each in engine.get("/volumes", filters=mine)["Volumes"] or ()),
    )
