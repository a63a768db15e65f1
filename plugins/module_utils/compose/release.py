"""Reads a release, from ``x-mesh.release`` or a file of its own: the new versions, the weights, the gate and the checks."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise

from ..model.release import (
    COOKIE,
    DEFAULT_WEIGHTS,
    HEADER,
    LATENCY_BOUNDS,
    MAX_USERS,
    Audience,
    Check,
    ComponentVersion,
    Gate,
    Rollout,
)
from .node import Node
from .units import DURATION, parse_duration

KEYS = ("audiences", "checks", "components", "gate", "keep_candidate", "load", "mirror", "name", "weights")
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_MIN_WEIGHT = 0.01


def read_rollout(node: Node) -> Rollout:
    """Return the release at ``node``; faults are recorded there."""
    fields = node.fields(KEYS)
    versions = tuple(_version(item) for item in fields["components"].mapping().values()) if "components" in fields else ()
    if not versions:
        node.fail("components with at least one that has a new image or environment", actual="no components")
    name = fields["name"].string() if "name" in fields else "-".join(version.component for version in versions)[:63].strip("-")
    if versions and not _NAME.fullmatch(name):
        fields.get("name", node).fail("a name of lower-case letters, digits and hyphens", actual=repr(name))
    return Rollout(
        name=name,
        versions=versions,
        weights=read_weights(fields["weights"]) if "weights" in fields else DEFAULT_WEIGHTS,
        audiences=tuple(_audience(item) for item in fields["audiences"].items()) if "audiences" in fields else (),
        mirror=fields["mirror"].number(0, 100) if "mirror" in fields else 0.0,
        gate=_gate(fields["gate"]) if "gate" in fields else Gate(),
        checks=tuple(_check(key, item) for key, item in fields["checks"].mapping().items()) if "checks" in fields else (),
        keep_candidate=fields["keep_candidate"].boolean() if "keep_candidate" in fields else False,
        load=fields["load"].integer(0, MAX_USERS) if "load" in fields else 0,
    )


def read_weights(node: Node) -> tuple[float, ...]:
    """Return rising weights in percent, from a list or comma-separated text."""
    items = node.items() if isinstance(node.value, list) else [node.with_value(text) for text in str(node.value).split(",")]
    weights = tuple(item.number(0, 100) for item in items)
    for item, weight in zip(items, weights, strict=True):
        if 0 < weight < _MIN_WEIGHT:
            item.fail(f"0, or from {_MIN_WEIGHT:g} to 100")
    if any(later <= earlier for earlier, later in pairwise(weights)):
        node.fail("weights that rise: users only ever move forward", actual=", ".join(f"{weight:g}" for weight in weights))
    return weights


def _version(node: Node) -> ComponentVersion:
    fields = node.fields(("environment", "image"))
    pairs = fields["environment"].mapping() if "environment" in fields else {}
    if not fields:
        node.fail("an image, an environment, or both", actual="nothing new")
    return ComponentVersion(
        component=node.path[-1],
        image=fields["image"].string() if "image" in fields else "",
        environment=tuple(sorted((name, "" if item.value is None else item.scalar()) for name, item in pairs.items())),
    )


def _audience(node: Node) -> Audience:
    fields = node.fields((HEADER, COOKIE, "values"))
    sources = [source for source in (HEADER, COOKIE) if source in fields]
    values = tuple(item.scalar() for item in fields["values"].items()) if "values" in fields else ()
    if len(sources) != 1 or not values:
        node.fail("header or cookie with its name, and the values that belong to the audience")
        return Audience(HEADER, "", ())
    (source,) = sources
    name = fields[source].string()
    return Audience(source, name.lower() if source == HEADER else name, values)


def _seconds(node: Node) -> float:
    return node.convert(parse_duration, DURATION, 0.0)


def _gate(node: Node) -> Gate:
    fields = node.fields(Gate.__dataclass_fields__)
    readers = {
        "margin": lambda item: item.number(0.0001, 0.5, Gate.margin),
        "slow_margin": lambda item: item.number(0.0001, 0.5, Gate.slow_margin),
        "false_alarm": lambda item: item.number(1e-6, 0.5, Gate.false_alarm),
        "missed": lambda item: item.number(1e-6, 0.5, Gate.missed),
        "quantile": lambda item: item.number(0.5, 0.999, Gate.quantile),
        "requests": lambda item: item.integer(1, 10**9, Gate.requests),
        "max_error_rate": lambda item: item.number(0.0001, 0.9999),
        "max_latency": _latency,
        "hold": _seconds,
        "wait": _seconds,
    }
    return Gate(**{name: readers[name](item) for name, item in fields.items()})


def _latency(node: Node) -> float:
    """Return a limit in seconds, which must be a bound of the proxies' histogram buckets."""
    seconds = _seconds(node)
    if round(seconds * 1000, 3) not in LATENCY_BOUNDS:
        node.fail("a bound of the proxies' histogram buckets: " + ", ".join(f"{bound}ms" for bound in LATENCY_BOUNDS))
    return seconds


def _check(name: str, node: Node) -> Check:
    fields = node.fields(
        ("command", "contains", "interval", "max", "min", "query", "status", "timeout", "url", "user"),
    )
    if ("command" in fields) == ("url" in fields):
        node.fail("a command, or a url (with a query for Prometheus)")
    if "query" in fields and not {"min", "max"} & set(fields):
        node.fail("min, max, or both, as limits of the query's values", actual="a query without a limit")
    contains = fields["contains"].convert(_pattern, "a regular expression", "") if "contains" in fields else ""
    return Check(
        name=name,
        command=_words(fields["command"]) if "command" in fields else (),
        user=fields["user"].string() if "user" in fields else Check.user,
        url=fields["url"].convert(_web_address, "an address that begins with http:// or https://", "") if "url" in fields else "",
        status=fields["status"].integer(100, 599, 200) if "status" in fields else 200,
        contains=contains,
        query=fields["query"].string() if "query" in fields else "",
        least=fields["min"].number(float("-inf"), float("inf")) if "min" in fields else None,
        most=fields["max"].number(float("-inf"), float("inf")) if "max" in fields else None,
        interval=_seconds(fields["interval"]) if "interval" in fields else Check.interval,
        timeout=_seconds(fields["timeout"]) if "timeout" in fields else Check.timeout,
    )


def _web_address(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError(text)
    return text


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(text) from error
    return text


def _words(node: Node) -> tuple[str, ...]:
    if isinstance(node.value, list):
        return tuple(item.scalar() for item in node.items())
    return tuple(node.convert(shlex.split, "a list of words, or a line that a shell could split", []))
