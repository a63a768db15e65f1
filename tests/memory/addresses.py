"""The addresses of a target in memory: a number for each component, given once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Application
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Instance, Version

MOST = 15
_CANDIDATES = 100
_ADDRESS = re.compile(r"10\.0\.(\d+)\.(\d+)")


@dataclass(frozen=True)
class Addresses:
    """The numbers of components, and the instances that are to run."""

    numbers: Mapping[str, int]
    placed: Mapping[tuple[str, Version], tuple[Instance, ...]] = field(default_factory=dict)

    @property
    def mesh_range(self) -> str:
        """The range that all instances have their addresses in."""
        return "10.0.0.0/16"

    @property
    def host_address(self) -> str:
        """The address by which the host itself calls instances."""
        return "10.0.0.1"

    def instances(self, component: str, version: Version) -> tuple[Instance, ...]:
        """Return the instances of a version that are to run."""
        return self.placed.get((component, version), ())

    def address(self, instance: Instance) -> str:
        """Return where an instance takes calls."""
        ordinal = instance.ordinal + (_CANDIDATES if instance.version == Version.CANDIDATE else 0)
        return f"10.0.{self.numbers[instance.component]}.{ordinal}"

    def source_range(self, component: str) -> str:
        """Return the range that calls of ``component`` come from."""
        return f"10.0.{self.numbers[component]}.0/24"

    def loopback(self, component: str, ordinal: int = 0) -> str:
        """Return where a caller finds ``component`` in its own namespace, or its stable instance ``ordinal``."""
        return f"127.64.{self.numbers[component]}.{ordinal}"

    def loopback_range(self, component: str) -> str:
        """Return the range that has all of these addresses."""
        return f"127.64.{self.numbers[component]}.0/24"

    def instance_at(self, address: str) -> Instance | None:
        """Return the instance that ``address`` is for, None where it is nobody's."""
        found = _ADDRESS.fullmatch(address)
        name = next((name for name, number in self.numbers.items() if found and number == int(found[1])), None)
        if not found or name is None:
            return None
        ordinal = int(found[2])
        candidate = ordinal > _CANDIDATES
        return Instance(name, Version.CANDIDATE if candidate else Version.STABLE, ordinal - _CANDIDATES * candidate)


def allocate(application: Application, recorded: Mapping[str, str]) -> dict[str, str]:
    """Return ``recorded`` with the lowest free number for each component that is new."""
    numbers = dict(recorded)
    free = (str(number) for number in range(1, 255) if str(number) not in recorded.values())
    for component in application.components:
        if component.name not in numbers:
            numbers[component.name] = next(free)
    return numbers


def addresses(allocation: Mapping[str, str]) -> Addresses:
    """Return the addresses that ``allocate`` gave."""
    return Addresses({name: int(number) for name, number in allocation.items()})
