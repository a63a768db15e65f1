"""The traffic policy towards a component: ``x-mesh.policy``. Defaults are those of docs/policy.md."""

from __future__ import annotations

import re
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
# Envoy counts milliseconds: less than one is none to it, so that a very short timeout would be no timeout at all.
_MIN_SECONDS, _MAX_SECONDS = 1e-3, 24 * 3600.0
_MIN_INTERVAL = 0.1
_MIN_PERCENT = 1e-4
_LABEL = "[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}$)(\*[.-])?({_LABEL}\.)*{_LABEL}(\.\*|:\d{{1,5}})?")
_PREFIX = re.compile(r"(/|(/(?!\.{1,2}(/|$))([A-Za-z0-9._~!$&'()+,;=:@-]|%[0-9A-Fa-f]{2})+)+/?)")
_HEADER = re.compile(r":(authority|method|path|scheme)|[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"(?!\s)[^\x00-\x1f\x7f]*(?<!\s)")


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
        "timeout": _timeout,
        "retries": _retries,
        "circuit_breaker": _circuit_breaker,
        "outlier_detection": _outliers,
    }
    return {name: read(found[name]) for name, read in readers.items() if name in found}


def _seconds(node: Node, shortest: float = _MIN_SECONDS, also: str = "") -> float:
    """Return the seconds of a duration from ``shortest`` to ``_MAX_SECONDS``; where ``also`` tells of it, none is one too."""

    def within(text: str) -> float:
        seconds = parse_duration(text)
        if not (shortest <= seconds <= _MAX_SECONDS or (also and not seconds)):
            raise ValueError(text)
        return seconds

    return node.converted(within, f"{DURATION}, from {shortest * 1000:g}ms to {_MAX_SECONDS / 3600:g}h{also}", shortest)


def _timeout(node: Node) -> float:
    return _seconds(node, also=", or 0s for none")


def _retries(node: Node) -> Retries:
    found = node.fields(("attempts", "on", "per_try_timeout"))
    return Retries(
        attempts=found["attempts"].integer(0, 10) if "attempts" in found else Retries.attempts,
        on=tuple(item.choice(RETRY_ON, "5xx") for item in found["on"].items()) if "on" in found else Retries.on,
        per_try_timeout=_seconds(found["per_try_timeout"]) if "per_try_timeout" in found else None,
    )


def _circuit_breaker(node: Node) -> CircuitBreaker:
    found = node.fields(CircuitBreaker.__dataclass_fields__)
    # Of 0 connections Envoy makes one; with 0 requests, or none that may wait for its connection, nothing gets through.
    least = {"max_retries": 0}
    return CircuitBreaker(**{name: limit.integer(least.get(name, 1), _MAX) for name, limit in found.items()})


def _outliers(node: Node) -> OutlierDetection:
    found = node.fields(OutlierDetection.__dataclass_fields__)
    default = OutlierDetection()
    return OutlierDetection(
        interval=_seconds(found["interval"], _MIN_INTERVAL) if "interval" in found else default.interval,
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
    if "delay" in found and len(delay) < 2:
        found["delay"].fail("duration and percent: of how many requests, 0 for none")
    if "abort" in found and "percent" not in abort:
        found["abort"].fail("percent, of how many requests, 0 for none; and status where another than 503 is wanted")
    return Fault(
        delay=_seconds(delay["duration"]) if "duration" in delay else 0.0,
        delay_percent=_percent(delay["percent"]) if "percent" in delay else 0.0,
        abort=abort["status"].integer(400, 599, Fault.abort) if "status" in abort else Fault.abort,
        abort_percent=_percent(abort["percent"]) if "percent" in abort else 0.0,
    )


def _percent(node: Node) -> float:
    found = node.number(0, 100)
    if 0 < found < _MIN_PERCENT:
        node.fail(f"0, or a number from {_MIN_PERCENT:.4f} to 100")
    return found


def _route(node: Node) -> Route:
    found = node.fields(("domains", "prefix", "headers"))
    domains = tuple(_domain(item) for item in found["domains"].items()) if "domains" in found else ()
    if "*" in domains:
        found["domains"].fail("names; '*' would take every other component's traffic")
    if not domains:
        node.fail("domains with at least one name; the component's own name needs no route")
    prefix = found["prefix"].string("/") if "prefix" in found else "/"
    if not _PREFIX.fullmatch(prefix):
        found["prefix"].fail("a path that begins with /, as requests have it: no *, ? or #, no space and no empty, . or .. part")
    headers = found["headers"].mapping() if "headers" in found else {}
    return Route(domains, prefix, tuple(_header(name, value) for name, value in headers.items()))


def _domain(node: Node) -> str:
    """Return a name as a request may have it in its host, in small letters: there is no other difference between names."""
    domain = node.string("*").lower()
    if domain != "*" and not _DOMAIN.fullmatch(domain):
        node.fail("a name such as api.shop, with a port or not, or many such as *.shop or shop.*")
    return domain


def _header(name: str, node: Node) -> tuple[str, str]:
    value = node.scalar()
    if not _HEADER.fullmatch(name):
        node.fail("a header's name of letters, digits and hyphens, or :authority, :method, :path, :scheme", found=repr(name))
    if not _HEADER_VALUE.fullmatch(value):
        node.fail("a value without control characters, and without spaces around it")
    return name, value
