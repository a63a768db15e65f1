"""Releases: what of which components is to change, by what weights, and what has to hold. ``x-mesh.release``, or a file."""

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
_SHORTEST_WEIGHT = 0.01


def read_rollout(node: Node) -> Rollout:
    """Return the release at ``node``; its faults are recorded in the node."""
    found = node.fields(KEYS)
    versions = tuple(_version(item) for item in found["components"].mapping().values()) if "components" in found else ()
    if not versions:
        node.fail("components with at least one that has an image or an environment of its own", found="no components")
    name = found["name"].string() if "name" in found else "-".join(each.component for each in versions)[:63].strip("-")
    if versions and not _NAME.fullmatch(name):
        found.get("name", node).fail("a name of lower-case letters, digits and hyphens", found=repr(name))
    return Rollout(
        name=name,
        versions=versions,
        weights=read_weights(found["weights"]) if "weights" in found else DEFAULT_WEIGHTS,
        audiences=tuple(_audience(item) for item in found["audiences"].items()) if "audiences" in found else (),
        mirror=found["mirror"].number(0, 100) if "mirror" in found else 0.0,
        gate=_gate(found["gate"]) if "gate" in found else Gate(),
        checks=tuple(_check(key, item) for key, item in found["checks"].mapping().items()) if "checks" in found else (),
        keep_candidate=found["keep_candidate"].boolean() if "keep_candidate" in found else False,
        load=found["load"].integer(0, MAX_USERS) if "load" in found else 0,
    )


def read_weights(node: Node) -> tuple[float, ...]:
    """Return weights in percent, each above the one before; text with commas counts as a list."""
    items = node.items() if isinstance(node.value, list) else [node.replaced(each) for each in str(node.value).split(",")]
    weights = tuple(item.number(0, 100) for item in items)
    for item, weight in zip(items, weights, strict=True):
        if 0 < weight < _SHORTEST_WEIGHT:
            item.fail(f"0, or from {_SHORTEST_WEIGHT:g} to 100")
    if any(later <= earlier for earlier, later in pairwise(weights)):
        node.fail("weights that rise: users only ever move forward", found=", ".join(f"{each:g}" for each in weights))
    return weights


def _version(node: Node) -> ComponentVersion:
    found = node.fields(("environment", "image"))
    pairs = found["environment"].mapping() if "environment" in found else {}
    if not found:
        node.fail("an image, an environment, or both", found="nothing that is new")
    return ComponentVersion(
        component=node.path[-1],
        image=found["image"].string() if "image" in found else "",
        environment=tuple(sorted((name, "" if item.value is None else item.scalar()) for name, item in pairs.items())),
    )


def _audience(node: Node) -> Audience:
    found = node.fields((HEADER, COOKIE, "values"))
    where = [each for each in (HEADER, COOKIE) if each in found]
    values = tuple(item.scalar() for item in found["values"].items()) if "values" in found else ()
    if len(where) != 1 or not values:
        node.fail("header or cookie with its name, and values that belong to the audience")
        return Audience(HEADER, "", ())
    name = found[where[0]].string()
    return Audience(where[0], name.lower() if where[0] == HEADER else name, values)


def _seconds(node: Node) -> float:
    return node.converted(parse_duration, DURATION, 0.0)


def _gate(node: Node) -> Gate:
    found = node.fields(Gate.__dataclass_fields__)
    read = {
        "margin": lambda each: each.number(0.0001, 0.5, Gate.margin),
        "slow_margin": lambda each: each.number(0.0001, 0.5, Gate.slow_margin),
        "false_alarm": lambda each: each.number(1e-6, 0.5, Gate.false_alarm),
        "missed": lambda each: each.number(1e-6, 0.5, Gate.missed),
        "quantile": lambda each: each.number(0.5, 0.999, Gate.quantile),
        "requests": lambda each: each.integer(1, 10**9, Gate.requests),
        "max_error_rate": lambda each: each.number(0.0001, 0.9999),
        "max_latency": _latency,
        "hold": _seconds,
        "wait": _seconds,
    }
    return Gate(**{name: read[name](item) for name, item in found.items()})


def _latency(node: Node) -> float:
    """Return a limit in seconds: one of the bounds that the proxies count by."""
    seconds = _seconds(node)
    if round(seconds * 1000, 3) not in LATENCY_BOUNDS:
        node.fail("a bound that the proxies count by: " + ", ".join(f"{bound}ms" for bound in LATENCY_BOUNDS))
    return seconds


def _check(name: str, node: Node) -> Check:
    found = node.fields(
        ("command", "contains", "interval", "max", "min", "query", "status", "timeout", "url", "user"),
    )
    if ("command" in found) == ("url" in found):
        node.fail("a command, or a url (with a query for Prometheus)")
    if "query" in found and not {"min", "max"} & set(found):
        node.fail("min, max, or both, which the values of the query keep to", found="a query without a limit")
    contains = found["contains"].converted(_pattern, "a regular expression", "") if "contains" in found else ""
    return Check(
        name=name,
        command=_words(found["command"]) if "command" in found else (),
        user=found["user"].string() if "user" in found else Check.user,
        url=found["url"].converted(_web_address, "an address that begins with http:// or https://", "") if "url" in found else "",
        status=found["status"].integer(100, 599, 200) if "status" in found else 200,
        contains=contains,
        query=found["query"].string() if "query" in found else "",
        least=found["min"].number(float("-inf"), float("inf")) if "min" in found else None,
        most=found["max"].number(float("-inf"), float("inf")) if "max" in found else None,
        interval=_seconds(found["interval"]) if "interval" in found else Check.interval,
        timeout=_seconds(found["timeout"]) if "timeout" in found else Check.timeout,
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
    return tuple(node.converted(shlex.split, "a list of words, or a line that a shell could split", []))
