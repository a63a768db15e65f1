"""The traffic policy towards a component: what ``x-mesh.policy`` states, with its defaults. Times are seconds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

RETRY_ON = ("5xx", "gateway-error", "connect-failure", "reset", "refused-stream", "retriable-4xx")
RATE_LIMIT_PER = ("instance", "caller")


@dataclass(frozen=True)
class Route:
    """A route besides the component's own name: a request matches when domain, prefix and all headers do."""

    domains: tuple[str, ...] = ()
    prefix: str = "/"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Retries:
    """How often and why a failed request is tried again; ``per_try_timeout`` in seconds, None for the whole timeout."""

    attempts: int = 2
    on: tuple[str, ...] = ("connect-failure", "refused-stream")
    per_try_timeout: float | None = None


@dataclass(frozen=True)
class CircuitBreaker:
    """Limits of one caller's instance towards the component; each works alone."""

    max_connections: int = 1024
    max_pending_requests: int = 1024
    max_requests: int = 1024
    max_retries: int = 3


@dataclass(frozen=True)
class OutlierDetection:
    """When an instance that fails is left out for a while; times in seconds, ``max_ejection_percent`` of instances."""

    interval: float = 10.0
    consecutive_errors: int = 5
    base_ejection_time: float = 30.0
    max_ejection_percent: int = 10


@dataclass(frozen=True)
class RateLimit:
    """A token bucket of each instance of the component, one for all or one ``per`` caller; above it the answer is 429."""

    requests_per_second: float
    burst: int
    per: str = "instance"


@dataclass(frozen=True)
class Fault:
    """Faults on purpose: ``delay`` in seconds for ``delay_percent``, status ``abort`` for ``abort_percent`` of requests."""

    delay: float = 0.0
    delay_percent: float = 0.0
    abort: int = 503
    abort_percent: float = 0.0


@dataclass(frozen=True)
class Override:
    """What one caller states for itself in place of the policy of the component that it calls; None where it does not."""

    timeout: float | None = None
    retries: Retries | None = None
    circuit_breaker: CircuitBreaker | None = None
    outlier_detection: OutlierDetection | None = None


@dataclass(frozen=True)
class Policy:
    """The whole policy; ``timeout`` in seconds covers a request with all its retries."""

    timeout: float = 15.0
    retries: Retries = field(default_factory=Retries)
    circuit_breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    outlier_detection: OutlierDetection = field(default_factory=OutlierDetection)
    rate_limit: RateLimit | None = None
    fault: Fault | None = None
    routes: tuple[Route, ...] = ()

    def overridden(self, override: Override | None) -> Policy:
        """Return the policy as a caller with ``override`` keeps to it."""
        stated = {name: value for name, value in vars(override).items() if value is not None} if override else {}
        return replace(self, **stated)
