"""What a later file, or a service that extends another, makes of an earlier one: the merge rule of each key.

The rules are compose-go's, of its package ``override``. A merge changes and returns its first value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .faults import Faults, Place, shown
from .interpolate import below
from .scalars import text_of

Rule = Callable[[Any, Any, Place, Faults], Any]
STARTED = {"condition": "service_started", "required": True}


def merge(earlier: dict[str, Any], later: dict[str, Any], faults: Faults) -> dict[str, Any]:
    """Return two files as one."""
    return _merged_mappings(earlier, later, RULES, (), faults)


def merge_service(base: dict[str, Any], service: dict[str, Any], place: Place, faults: Faults) -> dict[str, Any]:
    """Return what a service at ``place`` is that extends ``base``."""
    return _merged_mappings(base, service, RULES["services"]["*"], place, faults)


def _merged(earlier: Any, later: Any, rules: Any, place: Place, faults: Faults) -> Any:
    if callable(rules):
        return rules(earlier, later, place, faults)
    own = rules.get("") if isinstance(rules, dict) else None
    if own:
        return own(earlier, later, place, faults)
    if later is None:
        return earlier
    if isinstance(earlier, dict | list) and type(earlier) is not type(later):
        faults.add(place, f"{shown(later)} that overrides {shown(earlier)}", shown(earlier))
        return earlier
    if isinstance(earlier, dict):
        return _merged_mappings(earlier, later, rules, place, faults)
    return earlier + later if isinstance(earlier, list) else later


def _merged_mappings(earlier: dict[str, Any], later: dict[str, Any], rules: Any, place: Place, faults: Faults) -> dict[str, Any]:
    for key, value in later.items():
        if key in earlier:
            earlier[key] = _merged(earlier[key], value, below(rules, key), (*place, key), faults)
        else:
            earlier[key] = value
    return earlier


def _replace(_earlier: Any, later: Any, _place: Place, _faults: Faults) -> Any:
    return later


def _append(earlier: Any, later: Any, _place: Place, _faults: Faults) -> list[Any]:
    return as_list(earlier) + as_list(later)


def _append_new(earlier: Any, later: Any, _place: Place, _faults: Faults) -> list[Any]:
    known = as_list(earlier)
    return known + [item for item in as_list(later) if item not in known]


def _by_name(default: dict[str, Any] | None) -> Rule:
    def merged(earlier: Any, later: Any, place: Place, faults: Faults) -> dict[str, Any]:
        return _merged_mappings(_named(earlier, default), _named(later, default), None, place, faults)

    return merged


def _build(earlier: Any, later: Any, place: Place, faults: Faults) -> dict[str, Any]:
    def mapping(build: Any) -> dict[str, Any]:
        return {"context": build} if isinstance(build, str) else build if isinstance(build, dict) else {}

    return _merged_mappings(mapping(earlier), mapping(later), _BUILD, place, faults)


def _logging(earlier: Any, later: Any, place: Place, faults: Faults) -> Any:
    """Options of one driver are none of another's."""
    if not (isinstance(earlier, dict) and isinstance(later, dict)):
        return later
    if "driver" in earlier and "driver" in later and earlier["driver"] != later["driver"]:
        return later
    return _merged_mappings(earlier, later, None, place, faults)


def _address_pools(earlier: Any, later: Any, place: Place, faults: Faults) -> list[Any]:
    """Pools of the same subnet are one."""
    pools: list[dict[str, Any]] = []
    for known in _mappings(earlier):
        for other in _mappings(later):
            if other.get("subnet") != known.get("subnet") and _pool(pools, other) is None:
                pools.append(other)
                continue
            merged = _merged_mappings(known, other, None, place, faults)
            index = _pool(pools, merged)
            if index is None:
                pools.append(merged)
            else:
                pools[index] = merged
    return pools


def _pool(pools: list[dict[str, Any]], wanted: dict[str, Any]) -> int | None:
    return next((index for index, pool in enumerate(pools) if pool.get("subnet") == wanted.get("subnet")), None)


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _named(value: Any, default: dict[str, Any] | None) -> dict[str, Any]:
    """Return a list of names as a mapping of them to ``default``."""
    if isinstance(value, list):
        return {str(name): default and dict(default) for name in value}
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return a mapping, a list or a text as a list, as Compose does before it appends: ``NAME=value``, sorted."""
    if isinstance(value, dict):
        return sorted(line for key, item in value.items() for line in _lines(key, item))
    if isinstance(value, str):
        return [value]
    return value if isinstance(value, list) else []


def _lines(key: str, item: Any) -> list[str]:
    if item is None:
        return [key]
    return [f"{key}={text_of(each)}" for each in (item if isinstance(item, list) else [item])]


_BUILD: dict[str, Any] = {
    "args": _append,
    "additional_contexts": _append,
    "extra_hosts": _append_new,
    "labels": _append,
}

# The rule of a place; "*" stands for any key, "" for the value itself. Elsewhere mappings are merged, lists appended,
# and of other values the later one stays.
RULES: dict[str, Any] = {
    "services": {
        "*": {
            **dict.fromkeys(("command", "entrypoint"), _replace),
            **dict.fromkeys(("annotations", "environment", "labels", "sysctls"), _append),
            **dict.fromkeys(("dns", "dns_opt", "dns_search", "env_file", "label_file", "tmpfs"), _append),
            "build": _build,
            "depends_on": _by_name(STARTED),
            "deploy": {"labels": _append},
            "extra_hosts": _append_new,
            "healthcheck": {"test": _replace},
            "logging": _logging,
            "models": _by_name(None),
            "networks": _by_name(None),
            "ulimits": {"*": _replace},
        }
    },
    "networks": {"*": {"labels": _append, "ipam": {"config": _address_pools}}},
    "volumes": {"*": {"labels": _append}},
}
