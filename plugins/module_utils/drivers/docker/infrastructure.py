"""The resources on an engine that outlive a deployment, its network and volumes, as both Ansible and Pulumi create them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...model.application import Application
from ...model.storage import volume_owners
from . import names
from .topology import default_subnet


@dataclass(frozen=True)
class Volume:
    """A volume and the component that owns it."""

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


def infrastructure(application: Application, subnet: str = "") -> Infrastructure:
    """Return the infrastructure of ``application``; ``subnet`` is its network's range, by default derived from its name."""
    return Infrastructure(
        network=names.network_name(application.name),
        subnet=subnet or application.subnet or default_subnet(application.name),
        labels={names.APPLICATION: application.name},
        volumes={volume.name: volume for volume in _volumes(application)},
    )


def _volumes(application: Application) -> list[Volume]:
    return [
        Volume(
            name=names.volume_name(application.name, volume),
            component=owner.name,
            labels={names.APPLICATION: application.name, names.COMPONENT: owner.name, names.KIND: owner.kind},
        )
        for volume, owner in volume_owners(application).items()
    ]
