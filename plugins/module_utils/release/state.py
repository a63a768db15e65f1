"""What the state store keeps of an application: releases, promoted versions, scaling and the specification."""

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
    """The stored state cannot be read; the message says what was found and what to do."""


class Phase(StrEnum):
    """The phase of a release."""

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
        """Whether the release has ended."""
        return self in (Phase.PROMOTED, Phase.FAILED, Phase.ABORTED)

    @property
    def promoting(self) -> bool:
        """Whether the candidate is becoming the stable version: only another release can undo that."""
        return self in (Phase.PROMOTING, Phase.CLEARING)


class Decision(StrEnum):
    """A gate's decision on a step."""

    PASS = "pass"
    FAIL = "fail"
    WAIT = "wait"


@dataclass(frozen=True)
class Figures:
    """Requests of one version, how many of them failed or were slow, and latencies in milliseconds, 0 if unknown."""

    requests: int = 0
    errors: int = 0
    slow: int = 0
    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0


@dataclass(frozen=True)
class Point:
    """The figures of both versions at ``at``, in seconds since the step began."""

    at: float
    candidate: Figures
    stable: Figures


@dataclass(frozen=True)
class ComponentResult:
    """The figures of both versions of a component in a step, and their course as ``points``."""

    component: str
    candidate: Figures
    stable: Figures
    points: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Step:
    """The result of a weight: the decision and its reasons, after how many seconds, and ``seen``, the figures by component."""

    weight: float
    decision: Decision
    reasons: tuple[str, ...]
    seconds: float
    seen: tuple[ComponentResult, ...] = ()


@dataclass(frozen=True)
class Release:
    """A release. ``weight`` is the percentage of users that have the candidates, ``scale`` the percentage they are scaled for.

    ``passed`` is the highest weight that has passed its gate, -1 if none has. ``tester`` is the secret that routes the
    requests of checks to the candidates, whatever the weight. ``began`` and ``ended`` are seconds since the epoch.
    ``reason`` is why it was rolled back, ``aborted`` whether that was requested; ``standing`` whether its candidates run;
    ``closed`` the version that gets no more requests, None if both may.
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
        """The names of the components that the release changes."""
        return tuple(version.component for version in self.rollout.versions)

    @property
    def in_progress(self) -> bool:
        """Whether the release has not ended."""
        return not self.phase.ended


@dataclass(frozen=True)
class PromotedVersion:
    """A version that a release has made the stable one of a component.

    It applies while the application file has ``base_image`` and ``base_environment``: once these change, the file applies.
    """

    component: str
    image: str
    environment: tuple[tuple[str, str], ...]
    base_image: str
    base_environment: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ScaledComponent:
    """Replicas and memory in bytes of a component; each applies while the file has its base value."""

    component: str
    replicas: int
    memory: int | None
    base_replicas: int
    base_memory: int | None


@dataclass(frozen=True)
class ApplicationState:
    """The stored state of an application.

    ``specification`` is that of the last deployment: releases and scaling start from it, so that they apply no other edit
    of the file. ``allocation`` has the addresses that the driver has allocated. ``tracing_schema`` identifies the storage
    that has the schema of the tracing store.
    """

    releases: tuple[Release, ...] = ()
    promoted: tuple[PromotedVersion, ...] = ()
    scaled: tuple[ScaledComponent, ...] = ()
    specification: Specification | None = None
    allocation: Mapping[str, str] = field(default_factory=dict)
    tracing_schema: str = ""

    def release(self, name: str) -> Release | None:
        """Return the release called ``name``."""
        return next((release for release in self.releases if release.name == name), None)

    def release_of(self, component: str) -> Release | None:
        """Return the release that has a candidate of ``component``."""
        return next((release for release in self.releases if release.standing and component in release.components), None)

    def promoted_version(self, component: str) -> PromotedVersion | None:
        """Return the promoted version of ``component``."""
        return next((version for version in self.promoted if version.component == component), None)

    def with_release(self, release: Release) -> ApplicationState:
        """Return the state with ``release`` added or replaced."""
        others = tuple(other for other in self.releases if other.name != release.name)
        return replace(self, releases=(*others, release))

    def with_promoted(self, promoted: tuple[PromotedVersion, ...]) -> ApplicationState:
        """Return the state with ``promoted`` added or replaced, by component."""
        return replace(self, promoted=tuple({version.component: version for version in (*self.promoted, *promoted)}.values()))

    def with_scaled(self, scaled: tuple[ScaledComponent, ...]) -> ApplicationState:
        """Return the state with ``scaled`` added or replaced, by component."""
        return replace(self, scaled=tuple({size.component: size for size in (*self.scaled, *scaled)}.values()))


def to_wire(state: ApplicationState) -> dict[str, Any]:
    """Return ``state`` as mappings, lists and scalars, with the schema version."""
    return {"schema": SCHEMA, **asdict(state)}


def from_wire(data: Any, place: str) -> ApplicationState:
    """Return the state that ``to_wire`` has serialized as ``data``.

    Raises ``StateError``, which names ``place``, if ``data`` has another schema: what that has in addition would be lost.
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


def migrate(releases: list[Any], promoted: list[Any], scaled: list[Any], place: str) -> ApplicationState:
    """Return the state of records from before the schema version, which were stored in a file each."""
    return build_state(
        {
            "releases": [_with_closed(release) for release in releases],
            "promoted": promoted,
            "scaled": scaled,
        },
        place,
    )


def _with_closed(release: Any) -> Any:
    """Return the record of a release with ``closed`` None where it was an empty name."""
    return {**release, "closed": release.get("closed") or None} if isinstance(release, Mapping) else release
