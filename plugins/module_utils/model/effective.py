"""The effective application: what should run according to the file and the state store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .application import Application, Component
from .instance import Version
from .release import Candidate, Split


@dataclass(frozen=True)
class EffectiveApplication(Application):
    """An application with its promoted versions, its scaling and its releases.

    ``references`` are the images of components and of the platform by name, ``candidates`` the candidate versions by
    component, ``splits`` how the releases in progress split users.
    """

    references: Mapping[str, str] = field(default_factory=dict)
    candidates: Mapping[str, Candidate] = field(default_factory=dict)
    splits: tuple[Split, ...] = ()

    def split(self, component: str) -> Split | None:
        """Return the split of the release that ``component`` is part of, None if there is none."""
        candidate = self.candidates.get(component)
        return next((split for split in self.splits if candidate and split.release == candidate.release), None)

    def versions(self, component: str) -> tuple[Version, ...]:
        """Return the versions of ``component`` that should run."""
        return (Version.STABLE, Version.CANDIDATE) if component in self.candidates else (Version.STABLE,)

    def replicas(self, component: str, version: Version) -> int:
        """Return how many instances of a version should run."""
        if version == Version.CANDIDATE:
            return self.candidates[component].replicas
        return self.component(component).replicas

    def runs(self, component: str) -> bool:
        """Whether any instance of ``component`` should run."""
        return any(self.replicas(component, version) for version in self.versions(component))

    def as_version(self, component: Component, version: Version) -> Component:
        """Return ``component`` as instances of ``version`` run it. Candidates publish no ports."""
        if version == Version.STABLE:
            return component
        environment = {**dict(component.environment), **dict(self.candidates[component.name].environment)}
        return replace(component, environment=tuple(sorted(environment.items())), outer_ports=())

    def reference(self, component: str, version: Version) -> str:
        """Return the image that instances of ``version`` run."""
        candidate = self.candidates[component].image if version == Version.CANDIDATE else ""
        return candidate or self.references[component]


def without_state(application: Application, references: Mapping[str, str]) -> EffectiveApplication:
    """Return ``application`` as it runs if the state store is empty."""
    return EffectiveApplication(**{**vars(application), "references": dict(references)})
