"""What outlives a deployment on an engine, its network and volumes: the one place that both Ansible and Pulumi take it from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..application.model import STATEFUL, Application, Component
from ..mesh.addresses import addresses
from . import names


@dataclass(frozen=True)
class Volume:
    """A volume and the component that it belongs to."""

    name: str
    component: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Infrastructure:
    """The network, with its range in CIDR notation and its labels, and the volumes by name."""

    network: str = ""
    subnet: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, Volume] = field(default_factory=dict)


def infrastructure(application: Application) -> Infrastructure:
    """Return the infrastructure of ``application``."""
    return Infrastructure(
        network=names.network_name(application.name),
        subnet=str(addresses(application).subnet),
        labels={names.APPLICATION: application.name},
        volumes={each.name: each for each in _volumes(application)},
    )


def volume_owners(application: Application) -> dict[str, Component]:
    """Return the component of each volume by the volume's name in the model; of several that mount it, a stateful one."""
    owners: dict[str, Component] = {}
    for component in sorted(application.components, key=lambda each: each.kind == STATEFUL):
        for mount in component.mounts:
            if mount.kind == "volume":
                owners[mount.source] = component
    return owners


def _volumes(application: Application) -> list[Volume]:
    return [
        Volume(
            name=names.volume_name(application.name, volume),
            component=owner.name,
            labels={names.APPLICATION: application.name, names.COMPONENT: owner.name, names.KIND: owner.kind},
        )
        for volume, owner in volume_owners(application).items()
    ]
