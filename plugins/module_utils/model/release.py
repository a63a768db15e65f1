"""A release as requested: its versions, weights, gate and checks."""

from __future__ import annotations

from dataclasses import dataclass, field

from .instance import Version

HEADER, COOKIE = "header", "cookie"
DEFAULT_WEIGHTS = (1.0, 10.0, 25.0, 50.0, 100.0)
LATENCY_BOUNDS = (1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000)
MAX_USERS = 500


@dataclass(frozen=True)
class Candidate:
    """The candidate version of a component in ``release``; ``image`` and ``environment`` are empty if they do not differ."""

    release: str
    replicas: int
    image: str = ""
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Audience:
    """Users who get the candidates at any weight: whose header or cookie (``where``) ``name`` has one of ``values``."""

    where: str
    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Split:
    """How a release splits users: ``weight`` percent of them, and the ``audiences``, get its candidates.

    ``mirror`` percent of the read-only requests to the stable versions are mirrored to the candidates, whose responses are
    discarded. A ``closed`` version gets no more requests, not even from users that it was assigned to.
    """

    release: str
    weight: float = 0.0
    audiences: tuple[Audience, ...] = ()
    mirror: float = 0.0
    closed: Version | None = None


@dataclass(frozen=True)
class ComponentVersion:
    """The new version of a component: its ``image``, empty if unchanged, and variables to set in addition."""

    component: str
    image: str = ""
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Gate:
    """The conditions for going from one weight to the next.

    The candidates' error rate must not exceed the stable versions' by ``margin`` or more, nor their share of slow requests
    by ``slow_margin``. ``false_alarm`` and ``missed`` are the maximum probabilities of a wrong decision in one step. A request
    is slow if it takes longer than ``quantile`` of the stable versions' requests. The candidates must have had at least
    ``requests`` requests. Limits regardless of the stable versions: ``max_error_rate``, a share, and ``max_latency``, in
    seconds for ``quantile`` of the requests. A step takes at least ``hold`` and at most ``wait`` seconds.
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
    """A user-defined check, run every ``interval`` seconds: a ``command``, a ``url``, or a ``query`` to Prometheus at ``url``.

    A command must exit with 0; a URL must return ``status`` and a body that matches ``contains``; a query must return values
    from ``least`` to ``most``. Commands and URLs get a header that routes their requests to the candidates. Commands run on
    the target as ``user``, in an empty directory; ``script`` is the content of the command's first word if that is a file
    next to the file with the check.
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
    """A release as requested. ``weights`` are percentages of users, rising.

    ``load`` is the number of users that the application's load generator adds if traffic is low, 0 for none.
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
