"""Reads the traffic policy of a component, ``x-mesh.policy``; docs/policy.md lists the defaults."""

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
# Envoy rounds down to milliseconds, so a shorter timeout would be no timeout at all.
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
    fields = node.fields(Policy.__dataclass_fields__)
    return Policy(
        **_read_caller_keys(fields),
        rate_limit=_rate_limit(fields["rate_limit"]) if "rate_limit" in fields else None,
        fault=_fault(fields["fault"]) if "fault" in fields else None,
        routes=tuple(_route(item) for item in fields["routes"].items()) if "routes" in fields else (),
    )


def read_override(node: Node) -> Override:
    """Return a caller's override of the policy at ``node``: the keys that callers apply."""
    return Override(**_read_caller_keys(node.fields(Override.__dataclass_fields__)))


def _read_caller_keys(fields: dict[str, Node]) -> dict[str, Any]:
    readers: dict[str, Callable[[Node], Any]] = {
        "timeout": _timeout,
        "retries": _retries,
        "circuit_breaker": _circuit_breaker,
        "outlier_detection": _outliers,
    }
    return {name: read(fields[name]) for name, read in readers.items() if name in fields}


def _seconds(node: Node, minimum: float = _MIN_SECONDS, zero: str = "") -> float:
    """Return the seconds of a duration from ``minimum`` to ``_MAX_SECONDS``; 0 is allowed if ``zero`` says what it means."""

    def parse_bounded(text: str) -> float:
        seconds = parse_duration(text)
        if not (minimum <= seconds <= _MAX_SECONDS or (zero and not seconds)):
            raise ValueError(text)
        return seconds

    allowed = f"{DURATION}, from {minimum * 1000:g}ms to {_MAX_SECONDS / 3600:g}h"
    return node.convert(parse_bounded, allowed + (f", or 0s for {zero}" if zero else ""), minimum)


def _timeout(node: Node) -> float:
    return _seconds(node, zero="none")


def _retries(node: Node) -> Retries:
    fields = node.fields(("attempts", "on", "per_try_timeout"))
    return Retries(
        attempts=fields["attempts"].integer(0, 10) if "attempts" in fields else Retries.attempts,
        on=tuple(item.choice(RETRY_ON, "5xx") for item in fields["on"].items()) if "on" in fields else Retries.on,
        per_try_timeout=_seconds(fields["per_try_timeout"]) if "per_try_timeout" in fields else None,
    )


def _circuit_breaker(node: Node) -> CircuitBreaker:
    fields = node.fields(CircuitBreaker.__dataclass_fields__)
    # Envoy treats 0 connections as 1; with 0 requests or 0 pending requests nothing gets through.
    minimum = {"max_retries": 0}
    return CircuitBreaker(**{name: limit.integer(minimum.get(name, 1), _MAX) for name, limit in fields.items()})


def _outliers(node: Node) -> OutlierDetection:
    fields = node.fields(OutlierDetection.__dataclass_fields__)
    default = OutlierDetection()
    return OutlierDetection(
        interval=_seconds(fields["interval"], _MIN_INTERVAL) if "interval" in fields else default.interval,
        consecutive_errors=(
            fields["consecutive_errors"].integer(1, _MAX) if "consecutive_errors" in fields else default.consecutive_errors
        ),
        base_ejection_time=(
            _seconds(fields["base_ejection_time"]) if "base_ejection_time" in fields else default.base_ejection_time
        ),
        max_ejection_percent=(
            fields["max_ejection_percent"].integer(0, 100)
            if "max_ejection_percent" in fields
            else default.max_ejection_percent
        ),
    )


def _rate_limit(node: Node) -> RateLimit | None:
    fields = node.fields(RateLimit.__dataclass_fields__)
    if "requests_per_second" not in fields:
        node.fail("requests_per_second, and optionally burst")
        return None
    rate = fields["requests_per_second"].number(0.1, 1e6, 1.0)
    burst = fields["burst"].integer(1, _MAX, 1) if "burst" in fields else max(1, round(rate))
    return RateLimit(rate, burst, fields["per"].choice(RATE_LIMIT_PER, "instance") if "per" in fields else RateLimit.per)


def _fault(node: Node) -> Fault:
    fields = node.fields(("delay", "abort"))
    delay = fields["delay"].fields(("duration", "percent")) if "delay" in fields else {}
    abort = fields["abort"].fields(("status", "percent")) if "abort" in fields else {}
    if "delay" in fields and len(delay) < 2:
        fields["delay"].fail("duration and percent: the share of requests, 0 for none")
    if "abort" in fields and "percent" not in abort:
        fields["abort"].fail("percent, the share of requests, 0 for none; and optionally status, by default 503")
    return Fault(
        delay=_seconds(delay["duration"]) if "duration" in delay else 0.0,
        delay_percent=_percent(delay["percent"]) if "percent" in delay else 0.0,
        abort=abort["status"].integer(400, 599, Fault.abort) if "status" in abort else Fault.abort,
        abort_percent=_percent(abort["percent"]) if "percent" in abort else 0.0,
    )


def _percent(node: Node) -> float:
    percent = node.number(0, 100)
    if 0 < percent < _MIN_PERCENT:
        node.fail(f"0, or a number from {_MIN_PERCENT:.4f} to 100")
    return percent


def _route(node: Node) -> Route:
    fields = node.fields(("domains", "prefix", "headers"))
    domains = tuple(_domain(item) for item in fields["domains"].items()) if "domains" in fields else ()
    if "*" in domains:
        fields["domains"].fail("names; '*' would match the traffic of all other components")
    if not domains:
        node.fail("domains with at least one name; the component's own name is always routed")
    prefix = fields["prefix"].string("/") if "prefix" in fields else "/"
    if not _PREFIX.fullmatch(prefix):
        fields["prefix"].fail("a path that begins with /, as in requests: no *, ? or #, no space and no empty, . or .. segment")
    headers = fields["headers"].mapping() if "headers" in fields else {}
    return Route(domains, prefix, tuple(_header(name, value) for name, value in headers.items()))


def _domain(node: Node) -> str:
    """Return a domain as it may stand in a request's Host header, in lower case: domains are case-insensitive."""
    domain = node.string("*").lower()
    if domain != "*" and not _DOMAIN.fullmatch(domain):
        node.fail("a name such as api.shop, optionally with a port, or a wildcard such as *.shop or shop.*")
    return domain


def _header(name: str, node: Node) -> tuple[str, str]:
    value = node.scalar()
    if not _HEADER.fullmatch(name):
        node.fail("a header name of letters, digits and hyphens, or :authority, :method, :path, :scheme", actual=repr(name))
    if not _HEADER_VALUE.fullmatch(value):
        node.fail("a value without control characters, and without leading or trailing spaces")
    return name, value
