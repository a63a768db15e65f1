"""What a driver tells the mesh: where instances are, and by which addresses a caller finds what it calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..model.instance import Instance, Version


class Topology(Protocol):
    """The addresses of one application on a target. Ranges are in CIDR notation."""

    @property
    def mesh_range(self) -> str:
        """The range that all instances have their addresses in."""

    @property
    def host_address(self) -> str:
        """The address by which the host itself calls instances."""

    def instances(self, component: str, version: Version) -> Sequence[Instance]:
        """Return the instances of a version that are to run."""

    def address(self, instance: Instance) -> str:
        """Return where an instance takes calls."""

    def source_range(self, component: str) -> str:
        """Return the range that calls of ``component`` come from."""

    def loopback(self, component: str, ordinal: int = 0) -> str:
        """Return where a caller finds ``component`` in its own namespace, or its stable instance ``ordinal``."""

    def loopback_range(self, component: str) -> str:
        """Return the range that has all of these addresses."""
