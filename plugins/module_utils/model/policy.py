"""The traffic policy of a component, ``x-mesh.policy``, with its defaults. Times are in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

RETRY_ON = ("5xx", "gateway-error", "connect-failure", "reset", "refused-stream", "retriable-4xx")
RATE_LIMIT_PER = ("instance", "caller")


@dataclass(frozen=True)
class Route:
    """A route in addition to the component's own name: a request matches if domain, prefix and all headers do."""

    domains: tuple[str, ...] = ()
    prefix: str = "/"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Retries:
    """When and how often failed requests are retried; ``per_try_timeout`` in seconds, None for the whole timeout."""

    attempts: int = 2
    on: tuple[str, ...] = ("connect-failure", "refused-stream")
    per_try_timeout: float | None = None


@dataclass(frozen=True)
class CircuitBreaker:
    """Limits of one caller instance's calls to the component; each is enforced independently."""

    max_connections: int = 1024
    max_pending_requests: int = 1024
    max_requests: int = 1024
    max_retries: int = 3


@dataclass(frozen=True)
class OutlierDetection:
    """When a failing instance is ejected for a while; times in seconds, ``max_ejection_percent`` of the instances."""

    interval: float = 10.0
    consecutive_errors: int = 5
    base_ejection_time: float = 30.0
    max_ejection_percent: int = 10


@dataclass(frozen=True)
class RateLimit:
    """A token bucket of each instance of the component, shared or one ``per`` caller; requests above it get a 429."""

    requests_per_second: float
    burst: int
    per: str = "instance"


@dataclass(frozen=True)
class Fault:
    """Injected faults: ``delay`` in seconds for ``delay_percent``, status ``abort`` for ``abort_percent`` of requests."""

    delay: float = 0.0
    delay_percent: float = 0.0
    abort: int = 503
    abort_percent: float = 0.0


@dataclass(frozen=True)
class Override:
    """One caller's own values in place of the called component's policy; None for those it does not override."""

    timeout: float | None = None
    retries: Retries | None = None
    circuit_breaker: CircuitBreaker | None = None
    outlier_detection: OutlierDetection | None = None


@dataclass(frozen=True)
class Policy:
    """The whole policy; ``timeout`` in seconds covers a request including its retries."""

    timeout: float = 15.0
    retries: Retries = field(default_factory=Retries)
    circuit_breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    outlier_detection: OutlierDetection = field(default_factory=OutlierDetection)
    rate_limit: RateLimit | None = None
    fault: Fault | None = None
    routes: tuple[Route, ...] = ()

    def with_override(self, override: Override | None) -> Policy:
        """Return the policy as a caller with ``override`` applies it."""
        values = {name: value for name, value in vars(override).items() if value is not None} if override else {}
        return replace(self, **values)
