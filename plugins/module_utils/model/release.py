"""A release as it is asked for: which versions, by which weights, behind which gate."""

from __future__ import annotations

from dataclasses import dataclass, field

from .instance import Version

HEADER, COOKIE = "header", "cookie"
DEFAULT_WEIGHTS = (1.0, 10.0, 25.0, 50.0, 100.0)
LATENCY_BOUNDS = (1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000)
MAX_USERS = 500


@dataclass(frozen=True)
class Candidate:
    """Another version beside a component's own: what of it differs, empty where nothing does, and the ``release`` it is of."""

    release: str
    replicas: int
    image: str = ""
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Audience:
    """Users who get the candidates whatever the weight: whose ``where``, header or cookie, ``name`` has one of ``values``."""

    where: str
    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Split:
    """How a release splits users: ``weight`` percent of them, and the ``audiences``, get its candidates.

    ``mirror`` percent of the read-only requests to the stable versions go to the candidates too, their answers to nobody.
    A version that is ``closed`` gets no request any more, not even those of users that were given it.
    """

    release: str
    weight: float = 0.0
    audiences: tuple[Audience, ...] = ()
    mirror: float = 0.0
    closed: Version | None = None


@dataclass(frozen=True)
class ComponentVersion:
    """What is new of a component in a release: its ``image``, empty for the same, and variables besides those it has."""

    component: str
    image: str = ""
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Gate:
    """What has to hold at each weight before the next.

    The candidates' share of errors must not be above the stable versions' by ``margin`` or more, that of slow requests not
    by ``slow_margin``. ``false_alarm`` and ``missed`` are the highest probabilities of a wrong decision in one step. Slow is
    what takes longer than ``quantile`` of the stable versions' requests. ``requests`` is how many the candidates must have had.
    Limits that hold whatever the stable versions do: ``max_error_rate``, a share, and ``max_latency``, in seconds for
    ``quantile`` of the requests. A step takes ``hold`` seconds at least and ``wait`` seconds at most.
    """

    margin: float = 0.02
    slow_margin: float = 0.05
    false_alarm: float = 0.01
    missed: float = 0.05
    quantile: float = 0.95
    requests: int = 50
    max_error_rate: float | None = None
    max_latency: float | None = None
    hold: float = 10.0
    wait: float = 300.0


@dataclass(frozen=True)
class Check:
    """A check of one's own, made every ``interval`` seconds: a ``command``, a ``url``, or a ``query`` to Prometheus at ``url``.

    A command has to end with 0; a URL to answer with ``status`` and what matches ``contains``; a query to give values from
    ``least`` to ``most``. Commands and URLs are given a header that makes their requests the candidates'. A command is run on
    the target as ``user``, in an empty folder of its own; ``script`` is the content of its first word where that is a file
    beside the one that states it.
    """

    name: str
    command: tuple[str, ...] = ()
    script: str = ""
    user: str = "nobody"
    url: str = ""
    status: int = 200
    contains: str = ""
    query: str = ""
    least: float | None = None
    most: float | None = None
    interval: float = 5.0
    timeout: float = 5.0


@dataclass(frozen=True)
class Rollout:
    """A release as it is asked for. ``weights`` are percent of users, rising.

    ``load`` is how many users the application's load generator has where there is too little traffic, 0 for none.
    """

    name: str
    versions: tuple[ComponentVersion, ...]
    weights: tuple[float, ...] = DEFAULT_WEIGHTS
    audiences: tuple[Audience, ...] = ()
    mirror: float = 0.0
    gate: Gate = field(default_factory=Gate)
    checks: tuple[Check, ...] = ()
    keep_candidate: bool = False
    load: int = 0
