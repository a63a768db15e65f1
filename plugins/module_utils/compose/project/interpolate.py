"""Interpolation of the values of a file's content, and their conversion to the types that keys require."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .faults import Fault, Faults, Place
from .scalars import to_boolean, to_float, to_integer
from .template import Template

Cast = Callable[[str], object]
_UPDATE: dict[str, Any] = {"parallelism": to_integer, "max_failure_ratio": to_float}

# The conversion of the string at each place; "*" matches any key and every list item, "" the value itself.
CASTS: dict[str, Any] = {
    "services": {
        "*": {
            **dict.fromkeys(("cpu_count", "cpu_period", "cpu_quota", "cpu_rt_period", "cpu_rt_runtime"), to_integer),
            **dict.fromkeys(("cpu_shares", "oom_score_adj", "pids_limit", "scale"), to_integer),
            **dict.fromkeys(("cpu_percent", "cpus"), to_float),
            **dict.fromkeys(("init", "oom_kill_disable", "privileged", "read_only", "stdin_open", "tty"), to_boolean),
            "deploy": {
                "replicas": to_integer,
                "update_config": _UPDATE,
                "rollback_config": _UPDATE,
                "restart_policy": {"max_attempts": to_integer},
                "placement": {"max_replicas_per_node": to_integer},
            },
            "healthcheck": {"retries": to_integer, "disable": to_boolean},
            "ports": {"*": {"target": to_integer}},
            "ulimits": {"*": {"": to_integer, "hard": to_integer, "soft": to_integer}},
            "volumes": {"*": {"read_only": to_boolean, "volume": {"nocopy": to_boolean}}},
        }
    },
    "networks": {"*": dict.fromkeys(("external", "internal", "attachable", "enable_ipv4", "enable_ipv6"), to_boolean)},
    "volumes": {"*": {"external": to_boolean}},
    "secrets": {"*": {"external": to_boolean}},
    "configs": {"*": {"external": to_boolean}},
}


def interpolate(content: object, template: Template, faults: Faults) -> Any:
    """Return ``content`` with its values interpolated. Keys and invalid values are unchanged."""
    return _interpolate(content, CASTS, template, faults, ())


def _interpolate(value: object, rules: Any, template: Template, faults: Faults, place: Place) -> object:
    if isinstance(value, dict):
        return {key: _interpolate(item, rules_for(rules, key), template, faults, (*place, key)) for key, item in value.items()}
    if isinstance(value, list):
        item_rules = rules_for(rules, "*")
        return [_interpolate(item, item_rules, template, faults, (*place, index)) for index, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    try:
        text = template.substitute(value)
        cast = rules.get("") if isinstance(rules, dict) else rules
        return cast(text) if cast else text
    except Fault as fault:
        faults.add(place, fault.found, fault.allowed)
        return value


def rules_for(rules: Any, key: str) -> Any:
    """Return the rules of a key of a mapping that has ``rules``, or ``None``."""
    return rules.get(key, rules.get("*")) if isinstance(rules, dict) else None
