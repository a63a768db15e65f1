"""What the state store holds of an application: its releases, what they have promoted, its scaling, its specification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from ..model.instance import Version
from ..model.release import Rollout
from ..model.serialization import from_json
from ..model.specification import Specification

SCHEMA = 2


class StateError(Exception):
    """What is stored cannot be read; the message says what was found, and the way out."""


class Phase(StrEnum):
    """Where a release is in its course."""

    DEPLOYING = "deploying"
    SHIFTING = "shifting"
    PROMOTING = "promoting"
    CLEARING = "clearing"
    ROLLING_BACK = "rolling back"
    PROMOTED = "promoted"
    FAILED = "failed"
    ABORTED = "aborted"

    @property
    def ended(self) -> bool:
        """Whether nothing more is to happen."""
        return self in (Phase.PROMOTED, Phase.FAILED, Phase.ABORTED)

    @property
    def promoting(self) -> bool:
        """Whether the new version is becoming the component's own: there is no way back but another release."""
        return self in (Phase.PROMOTING, Phase.CLEARING)


class Decision(StrEnum):
    """What a gate says of a step."""

    PASS = "pass"
    FAIL = "fail"
    WAIT = "wait"


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
    decision: Decision
    reasons: tuple[str, ...]
    seconds: float
    seen: tuple[Seen, ...] = ()


@dataclass(frozen=True)
class Release:
    """A release. ``weight`` is the percentage of users that have the candidates, ``scale`` the one that their replicas are for.

    ``passed`` is the highest weight whose gate let it through, -1 where none has. ``tester`` is the secret that makes a
    request one of the candidates' whatever the weight, for checks. ``began`` and ``ended`` are seconds since the epoch.
    ``reason`` is why it was rolled back, ``aborted`` whether that was requested; ``standing`` whether its candidates run;
    ``closed`` the version that gets no request any more, None where both may.
    """

    rollout: Rollout
    phase: Phase = Phase.DEPLOYING
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
    closed: Version | None = None
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
    def in_progress(self) -> bool:
        """Whether it has not ended."""
        return not self.phase.ended


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
class ApplicationState:
    """All that is stored of an application.

    ``specification`` is what the last deployment was asked for: releases and scaling start from it, so that they apply no
    other edit of the file. ``allocation`` is the driver's own: which addresses were given to what. ``tracing_schema`` names
    the storage in which the schema of the tracing store is known to be.
    """

    releases: tuple[Release, ...] = ()
    promoted: tuple[Promoted, ...] = ()
    scaled: tuple[Scaled, ...] = ()
    specification: Specification | None = None
    allocation: Mapping[str, str] = field(default_factory=dict)
    tracing_schema: str = ""

    def release(self, name: str) -> Release | None:
        """Return the release called ``name``."""
        return next((each for each in self.releases if each.name == name), None)

    def holding(self, component: str) -> Release | None:
        """Return the release that has a candidate of ``component``."""
        return next((each for each in self.releases if each.standing and component in each.components), None)

    def version(self, component: str) -> Promoted | None:
        """Return what a release has made of ``component``."""
        return next((each for each in self.promoted if each.component == component), None)

    def with_release(self, release: Release) -> ApplicationState:
        """Return the state with ``release`` as it is now."""
        others = tuple(each for each in self.releases if each.name != release.name)
        return replace(self, releases=(*others, release))

    def with_promoted(self, promoted: tuple[Promoted, ...]) -> ApplicationState:
        """Return the state with what ``promoted`` has of each component, beside what is there of others."""
        return replace(self, promoted=tuple({each.component: each for each in (*self.promoted, *promoted)}.values()))

    def with_scaled(self, scaled: tuple[Scaled, ...]) -> ApplicationState:
        """Return the state with what ``scaled`` has of each component, beside what is there of others."""
        return replace(self, scaled=tuple({each.component: each for each in (*self.scaled, *scaled)}.values()))


def to_wire(state: ApplicationState) -> dict[str, Any]:
    """Return ``state`` in mappings, lists and scalars, with the version of their schema."""
    return {"schema": SCHEMA, **asdict(state)}


def from_wire(data: Any, place: str) -> ApplicationState:
    """Return the state that ``to_wire`` made ``data`` of, in this version or an older one.

    Raises ``StateError``, which names ``place``, where a newer version wrote it: what it knows more would be lost.
    """
    if not isinstance(data, Mapping):
        raise StateError(f"{place}: found a {type(data).__name__}; allowed: what Evenkeel wrote")
    schema = data.get("schema")
    if schema != SCHEMA:
        raise StateError(
            f"{place}: found the schema {schema!r}; allowed: {SCHEMA}; it was written by another version of Evenkeel: "
            "use that one, or a newer one"
        )
    return build_state({key: value for key, value in data.items() if key != "schema"}, place)


def build_state(data: Mapping[str, Any], place: str) -> ApplicationState:
    """Return the state of ``data``. Raises ``StateError``, which names ``place``."""
    try:
        state: ApplicationState = from_json(ApplicationState, data)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise StateError(f"{place}: found what cannot be read ({error}); allowed: what Evenkeel wrote") from error
    return state


def migrated(releases: list[Any], promoted: list[Any], scaled: list[Any], place: str) -> ApplicationState:
    """Return the state of the records that were kept one a file, before there was a schema version."""
    return build_state(
        {
            "releases": [_without_empty(each) for each in releases],
            "promoted": promoted,
            "scaled": scaled,
        },
        place,
    )


def _without_empty(release: Any) -> Any:
    """Return a record of a release in which no version that is closed is None, where it was an empty name."""
    return {**release, "closed": release.get("closed") or None} if isinstance(release, Mapping) else release
