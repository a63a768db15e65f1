"""The traffic policy towards a component: ``x-mesh.policy``. Defaults are those of docs/policy.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..model.policy import (
    RATE_LIMIT_PER,
    RETRY_ON,
    CircuitBreaker,
    Fault,
    OutlierDetection,
    Override,
    Policy,
    RateLimit,
    Retries,
    Route,
)
from .node import Node
from .units import DURATION, parse_duration

_MAX = 2**31 - 1


def read_policy(node: Node) -> Policy:
    """Return the policy at ``node``."""
    found = node.fields(Policy.__dataclass_fields__)
    return Policy(
        **_callers_part(found),
        rate_limit=_rate_limit(found["rate_limit"]) if "rate_limit" in found else None,
        fault=_fault(found["fault"]) if "fault" in found else None,
        routes=tuple(_route(item) for item in found["routes"].items()) if "routes" in found else (),
    )


def read_override(node: Node) -> Override:
    """Return what a caller states for itself at ``node``: what callers keep to, not what is kept where it is called."""
    return Override(**_callers_part(node.fields(Override.__dataclass_fields__)))


def _callers_part(found: dict[str, Node]) -> dict[str, Any]:
    readers: dict[str, Callable[[Node], Any]] = {
        "timeout": _seconds,
        "retries": _retries,
        "circuit_breaker": _circuit_breaker,
        "outlier_detection": _outliers,
    }
    return {name: read(found[name]) for name, read in readers.items() if name in found}


def _seconds(node: Node) -> float:
    return node.converted(parse_duration, DURATION, 0.0)


def _retries(node: Node) -> Retries:
    found = node.fields(("attempts", "on", "per_try_timeout"))
    return Retries(
        attempts=found["attempts"].integer(0, 10) if "attempts" in found else Retries.attempts,
        on=tuple(item.choice(RETRY_ON, "5xx") for item in found["on"].items()) if "on" in found else Retries.on,
        per_try_timeout=_seconds(found["per_try_timeout"]) if "per_try_timeout" in found else None,
    )


def _circuit_breaker(node: Node) -> CircuitBreaker:
    found = node.fields(CircuitBreaker.__dataclass_fields__)
    return CircuitBreaker(**{name: limit.integer(0, _MAX) for name, limit in found.items()})


def _outliers(node: Node) -> OutlierDetection:
    found = node.fields(OutlierDetection.__dataclass_fields__)
    default = OutlierDetection()
    return OutlierDetection(
        interval=_seconds(found["interval"]) if "interval" in found else default.interval,
        consecutive_errors=(
            found["consecutive_errors"].integer(1, _MAX) if "consecutive_errors" in found else default.consecutive_errors
        ),
        base_ejection_time=(
            _seconds(found["base_ejection_time"]) if "base_ejection_time" in found else default.base_ejection_time
        ),
        max_ejection_percent=(
            found["max_ejection_percent"].integer(0, 100)
            if "max_ejection_percent" in found
            else default.max_ejection_percent
        ),
    )


def _rate_limit(node: Node) -> RateLimit | None:
    found = node.fields(RateLimit.__dataclass_fields__)
    if "requests_per_second" not in found:
        node.fail("requests_per_second, and burst where wanted")
        return None
    rate = found["requests_per_second"].number(0.1, 1e6, 1.0)
    burst = found["burst"].integer(1, _MAX, 1) if "burst" in found else max(1, round(rate))
    return RateLimit(rate, burst, found["per"].choice(RATE_LIMIT_PER, "instance") if "per" in found else RateLimit.per)


def _fault(node: Node) -> Fault:
    found = node.fields(("delay", "abort"))
    delay = found["delay"].fields(("duration", "percent")) if "delay" in found else {}
    abort = found["abort"].fields(("status", "percent")) if "abort" in found else {}
    return Fault(
        delay=_seconds(delay["duration"]) if "duration" in delay else 0.0,
        delay_percent=delay["percent"].number(0, 100) if "percent" in delay else 0.0,
        abort=abort["status"].integer(400, 599, Fault.abort) if "status" in abort else Fault.abort,
        abort_percent=abort["percent"].number(0, 100) if "percent" in abort else 0.0,
    )


def _route(node: Node) -> Route:
    found = node.fields(("domains", "prefix", "headers"))
    domains = tuple(item.string() for item in found["domains"].items()) if "domains" in found else ()
    if "*" in domains:
        found["domains"].fail("names; '*' would take every other component's traffic")
    if not domains:
        node.fail("domains with at least one name; the component's own name needs no route")
    prefix = found["prefix"].string("/") if "prefix" in found else "/"
    if not prefix.startswith("/"):
        found["prefix"].fail("a path that begins with /")
    headers = found["headers"].mapping() if "headers" in found else {}
    return Route(domains, prefix, tuple((name, value.scalar()) for name, value in headers.items()))
