"""What an application is to be on an engine: its network, volumes, files and containers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..application.model import STATEFUL, Application
from ..mesh.files import mesh_files
from . import names
from .containers import Container, Setting, containers


@dataclass(frozen=True)
class Desired:
    """The whole of an application on an engine, computed from the model alone.

    ``volumes`` has the component that each belongs to, ``files`` the content of the mesh's files by path.
    """

    application: Application
    network: str
    subnet: str
    volumes: Mapping[str, str]
    files: Mapping[str, str]
    containers: Mapping[str, Container]


def desired(application: Application, setting: Setting) -> Desired:
    """Return what ``application`` is to be."""
    return Desired(
        application=application,
        network=names.network_name(application.name),
        subnet=str(setting.known.subnet),
        volumes=volume_owners(application),
        files=mesh_files(application, setting.known),
        containers=containers(application, setting),
    )


def volume_owners(application: Application) -> dict[str, str]:
    """Return the component of each volume by the volume's name; of several that mount it, a stateful one."""
    owners: dict[str, str] = {}
    for component in sorted(application.components, key=lambda each: each.kind == STATEFUL):
        for mount in component.mounts:
            if mount.kind == "volume":
                owners[names.volume_name(application.name, mount.source)] = component.name
    return owners
