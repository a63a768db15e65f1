"""The addresses of a target in memory: a number for each component, allocated once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Application
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Instance, Version

MAX_ORDINAL = 15
_CANDIDATE_OFFSET = 100
_ADDRESS = re.compile(r"10\.0\.(\d+)\.(\d+)")


@dataclass(frozen=True)
class Addresses:
    """The numbers of components, and the placement of instances."""

    numbers: Mapping[str, int]
    placed: Mapping[tuple[str, Version], tuple[Instance, ...]] = field(default_factory=dict)

    @property
    def mesh_range(self) -> str:
        """The range of all instances' addresses."""
        return "10.0.0.0/16"

    @property
    def host_address(self) -> str:
        """The address by which the host itself calls instances."""
        return "10.0.0.1"

    def instances(self, component: str, version: Version) -> tuple[Instance, ...]:
        """Return the placement of a version."""
        return self.placed.get((component, version), ())

    def address(self, instance: Instance) -> str:
        """Return the address at which an instance accepts calls."""
        ordinal = instance.ordinal + (_CANDIDATE_OFFSET if instance.version == Version.CANDIDATE else 0)
        return f"10.0.{self.numbers[instance.component]}.{ordinal}"

    def source_range(self, component: str) -> str:
        """Return the source range of calls by ``component``."""
        return f"10.0.{self.numbers[component]}.0/24"

    def loopback(self, component: str, ordinal: int = 0) -> str:
        """Return the loopback address by which a caller reaches ``component``, or its stable instance ``ordinal``."""
        return f"127.64.{self.numbers[component]}.{ordinal}"

    def loopback_range(self, component: str) -> str:
        """Return the range of these loopback addresses."""
        return f"127.64.{self.numbers[component]}.0/24"

    def instance_at(self, address: str) -> Instance | None:
        """Return the instance at ``address``, None if there is none."""
        match = _ADDRESS.fullmatch(address)
        name = next((name for name, number in self.numbers.items() if match and number == int(match[1])), None)
        if not match or name is None:
            return None
        ordinal = int(match[2])
        candidate = ordinal > _CANDIDATE_OFFSET
        return Instance(name, Version.CANDIDATE if candidate else Version.STABLE, ordinal - _CANDIDATE_OFFSET * candidate)


def allocate(application: Application, recorded: Mapping[str, str]) -> dict[str, str]:
    """Return ``recorded`` and the lowest free number for each new component."""
    numbers = dict(recorded)
    free = (str(number) for number in range(1, 255) if str(number) not in recorded.values())
    for component in application.components:
        if component.name not in numbers:
            numbers[component.name] = next(free)
    return numbers


def addresses(allocation: Mapping[str, str]) -> Addresses:
    """Return the addresses for the numbers of ``allocate``."""
    return Addresses({name: int(number) for name, number in allocation.items()})
