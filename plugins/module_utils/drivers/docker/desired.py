"""What an application is to be on an engine: its network, volumes, files and containers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...mesh.files import mesh_files
from ...model.application import Application
from .containers import Container, Setting, containers
from .infrastructure import Infrastructure, infrastructure


@dataclass(frozen=True)
class Desired:
    """The whole of an application on an engine, computed from the model alone; ``files`` are the mesh's, by path."""

    application: Application
    infrastructure: Infrastructure
    files: Mapping[str, str]
    containers: Mapping[str, Container]


def desired(application: Application, setting: Setting) -> Desired:
    """Return what ``application`` is to be."""
    return Desired(
        application=application,
        infrastructure=infrastructure(application),
        files=mesh_files(application, setting.known),
        containers=containers(application, setting),
    )
