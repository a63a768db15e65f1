"""What a driver provides to the mesh: the addresses of instances, and those that callers use for their dependencies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..model.instance import Instance, Version


class Topology(Protocol):
    """The addresses of one application on a target. Ranges are in CIDR notation."""

    @property
    def mesh_range(self) -> str:
        """The range of the addresses of all instances."""

    @property
    def host_address(self) -> str:
        """The source address of calls from the host itself."""

    def instances(self, component: str, version: Version) -> Sequence[Instance]:
        """Return the instances of a version that should run."""

    def address(self, instance: Instance) -> str:
        """Return the address of an instance."""

    def source_range(self, component: str) -> str:
        """Return the range of the source addresses of calls from ``component``."""

    def loopback(self, component: str, ordinal: int = 0) -> str:
        """Return the loopback address of ``component`` in callers' namespaces, or that of its stable instance ``ordinal``."""

    def loopback_range(self, component: str) -> str:
        """Return the range of all loopback addresses of ``component``."""
