"""An instance: one running copy of a version of a component."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

CANDIDATE_SUFFIX = "-candidate"


class Version(StrEnum):
    """Which of the two versions of a component that may run side by side."""

    STABLE = "stable"
    CANDIDATE = "candidate"


def version_name(component: str, version: Version) -> str:
    """Return the name of a version of ``component`` in the names of instances, clusters and endpoints."""
    return component + CANDIDATE_SUFFIX if version == Version.CANDIDATE else component


@dataclass(frozen=True, order=True)
class Instance:
    """Instance ``ordinal``, counted from 1, of a version of ``component``."""

    component: str
    version: Version
    ordinal: int

    @property
    def name(self) -> str:
        """The instance's name, unique in the application."""
        return f"{self.version_name}-{self.ordinal}"

    @property
    def version_name(self) -> str:
        """The name of its version in the names of clusters and endpoints."""
        return version_name(self.component, self.version)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def parse(cls, name: str) -> Instance:
        """Return the instance called ``name``. Raises ``ValueError``."""
        component, _dash, ordinal = name.rpartition("-")
        version = Version.CANDIDATE if component.endswith(CANDIDATE_SUFFIX) else Version.STABLE
        return cls(component.removesuffix(CANDIDATE_SUFFIX), version, int(ordinal))


def instances(component: str, version: Version, replicas: int) -> tuple[Instance, ...]:
    """Return the first ``replicas`` instances of a version of ``component``."""
    return tuple(Instance(component, version, ordinal) for ordinal in range(1, replicas + 1))
