"""What is known of a release while it goes on and after it: all that another process needs to go on with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..model.release import Rollout
from ..model.serialization import built

DEPLOYING, SHIFTING, PROMOTING, CLEARING = "deploying", "shifting", "promoting", "clearing"
ROLLING_BACK, PROMOTED, FAILED, ABORTED = "rolling back", "promoted", "failed", "aborted"
ENDED = (PROMOTED, FAILED, ABORTED)


@dataclass(frozen=True)
class Figures:
    """What one version did: requests, how many of them were bad and how, and latencies in milliseconds, 0 where unknown."""

    requests: int = 0
    errors: int = 0
    slow: int = 0
    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0


@dataclass(frozen=True)
class Point:
    """What both versions had done by ``at``, in seconds since the step began."""

    at: float
    candidate: Figures
    stable: Figures


@dataclass(frozen=True)
class Seen:
    """What both versions of a component did in a step, and how it came about."""

    component: str
    candidate: Figures
    stable: Figures
    points: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Step:
    """A weight that was tried: what came of it and why, after how many seconds, and what was seen."""

    weight: float
    decision: str
    reasons: tuple[str, ...]
    seconds: float
    seen: tuple[Seen, ...] = ()


@dataclass(frozen=True)
class Release:
    """A release. ``weight`` is the percentage of users that have the candidates, ``scale`` the one that their replicas are for.

    ``passed`` is the highest weight whose gate let it through, -1 where none has. ``tester`` is the secret that makes a
    request one of the candidates' whatever the weight, for checks. ``began`` and ``ended`` are seconds since the epoch.
    ``reason`` is why it went back, ``aborted`` whether that was asked for; ``standing`` whether its candidates are there;
    ``closed`` the version, candidate or stable, that gets no request any more, empty where both may.
    """

    rollout: Rollout
    phase: str = DEPLOYING
    weight: float = 0.0
    scale: float = 0.0
    passed: float = -1.0
    tester: str = ""
    by: str = ""
    began: float = 0.0
    ended: float = 0.0
    reason: str = ""
    aborted: bool = False
    standing: bool = True
    closed: str = ""
    steps: tuple[Step, ...] = ()

    @property
    def name(self) -> str:
        """The release's name."""
        return self.rollout.name

    @property
    def components(self) -> tuple[str, ...]:
        """The names of the components that it changes."""
        return tuple(version.component for version in self.rollout.versions)

    @property
    def under_way(self) -> bool:
        """Whether it has not ended."""
        return self.phase not in ENDED


@dataclass(frozen=True)
class Promoted:
    """A version that a release has made a component's own, for as long as the application file says what it said then.

    ``base_image`` and ``base_environment`` are what it said: once the file moves on, the file holds.
    """

    component: str
    image: str
    environment: tuple[tuple[str, str], ...]
    base_image: str
    base_environment: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Scaled:
    """Replicas and memory in bytes that a component was given, each for as long as the file says what it said then."""

    component: str
    replicas: int
    memory: int | None
    base_replicas: int
    base_memory: int | None


@dataclass(frozen=True)
class Ledger:
    """All that is on record of an application besides its file."""

    releases: tuple[Release, ...] = ()
    promoted: tuple[Promoted, ...] = ()
    scaled: tuple[Scaled, ...] = ()

    def release(self, name: str) -> Release | None:
        """Return the release called ``name``."""
        return next((each for each in self.releases if each.name == name), None)

    def holding(self, component: str) -> Release | None:
        """Return the release that has a candidate of ``component``."""
        return next((each for each in self.releases if each.standing and component in each.components), None)

    def version(self, component: str) -> Promoted | None:
        """Return what a release has made of ``component``."""
        return next((each for each in self.promoted if each.component == component), None)

    def with_release(self, release: Release) -> Ledger:
        """Return the ledger with ``release`` as it is now."""
        others = tuple(each for each in self.releases if each.name != release.name)
        return replace(self, releases=(*others, release))


def release_to_wire(release: Release) -> dict[str, Any]:
    """Return ``release`` in mappings, lists and scalars."""
    return asdict(release)


def release_from_wire(data: Mapping[str, Any]) -> Release:
    """Return the release that ``release_to_wire`` made ``data`` of."""
    found: Release = built(Release, data)
    return found
