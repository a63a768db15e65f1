"""Variables in every value of a file's content, and the types that some values have afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .faults import Fault, Faults, Place
from .scalars import to_boolean, to_float, to_integer
from .template import Template

Cast = Callable[[str], object]
_UPDATE: dict[str, Any] = {"parallelism": to_integer, "max_failure_ratio": to_float}

# What a text becomes at a place of a file; "*" stands for any key and for every item of a list, "" for the value itself.
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
    """Return ``content`` with the variables of its values replaced; keys stay. Values with a fault stay as they are."""
    return _filled(content, CASTS, template, faults, ())


def _filled(value: object, rules: Any, template: Template, faults: Faults, place: Place) -> object:
    if isinstance(value, dict):
        return {key: _filled(item, below(rules, key), template, faults, (*place, key)) for key, item in value.items()}
    if isinstance(value, list):
        item_rules = below(rules, "*")
        return [_filled(item, item_rules, template, faults, (*place, index)) for index, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    try:
        filled = template.fill(value)
        cast = rules.get("") if isinstance(rules, dict) else rules
        return cast(filled) if cast else filled
    except Fault as fault:
        faults.add(place, fault.found, fault.allowed)
        return value


def below(rules: Any, key: str) -> Any:
    """Return the rules one step below ``rules``; nothing where there are none."""
    return rules.get(key, rules.get("*")) if isinstance(rules, dict) else None
