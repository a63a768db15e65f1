"""Merging a file into an earlier one, or a service into its base, by the merge rule of each key.

The rules are those of compose-go's package ``override``. A merge modifies and returns its first argument.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .faults import Faults, Place, describe
from .interpolate import rules_for
from .scalars import format_scalar

Rule = Callable[[Any, Any, Place, Faults], Any]
DEFAULT_DEPENDENCY = {"condition": "service_started", "required": True}


def merge(earlier: dict[str, Any], later: dict[str, Any], faults: Faults) -> dict[str, Any]:
    """Merge ``later`` into ``earlier``."""
    return _merge_mappings(earlier, later, RULES, (), faults)


def merge_service(base: dict[str, Any], service: dict[str, Any], place: Place, faults: Faults) -> dict[str, Any]:
    """Merge the service at ``place`` into the ``base`` that it extends."""
    return _merge_mappings(base, service, RULES["services"]["*"], place, faults)


def _merge(earlier: Any, later: Any, rules: Any, place: Place, faults: Faults) -> Any:
    if callable(rules):
        return rules(earlier, later, place, faults)
    rule = rules.get("") if isinstance(rules, dict) else None
    if rule:
        return rule(earlier, later, place, faults)
    if later is None:
        return earlier
    if isinstance(earlier, dict | list) and type(earlier) is not type(later):
        faults.add(place, f"{describe(later)} that overrides {describe(earlier)}", describe(earlier))
        return earlier
    if isinstance(earlier, dict):
        return _merge_mappings(earlier, later, rules, place, faults)
    return earlier + later if isinstance(earlier, list) else later


def _merge_mappings(earlier: dict[str, Any], later: dict[str, Any], rules: Any, place: Place, faults: Faults) -> dict[str, Any]:
    for key, value in later.items():
        if key in earlier:
            earlier[key] = _merge(earlier[key], value, rules_for(rules, key), (*place, key), faults)
        else:
            earlier[key] = value
    return earlier


def _replace(_earlier: Any, later: Any, _place: Place, _faults: Faults) -> Any:
    return later


def _append(earlier: Any, later: Any, _place: Place, _faults: Faults) -> list[Any]:
    return as_list(earlier) + as_list(later)


def _append_new(earlier: Any, later: Any, _place: Place, _faults: Faults) -> list[Any]:
    items = as_list(earlier)
    return items + [item for item in as_list(later) if item not in items]


def _by_name(default: dict[str, Any] | None) -> Rule:
    def merge_by_name(earlier: Any, later: Any, place: Place, faults: Faults) -> dict[str, Any]:
        return _merge_mappings(_as_mapping(earlier, default), _as_mapping(later, default), None, place, faults)

    return merge_by_name


def _build(earlier: Any, later: Any, place: Place, faults: Faults) -> dict[str, Any]:
    def mapping(build: Any) -> dict[str, Any]:
        return {"context": build} if isinstance(build, str) else build if isinstance(build, dict) else {}

    return _merge_mappings(mapping(earlier), mapping(later), _BUILD, place, faults)


def _logging(earlier: Any, later: Any, place: Place, faults: Faults) -> Any:
    """Options of different drivers are not merged."""
    if not (isinstance(earlier, dict) and isinstance(later, dict)):
        return later
    if "driver" in earlier and "driver" in later and earlier["driver"] != later["driver"]:
        return later
    return _merge_mappings(earlier, later, None, place, faults)


def _address_pools(earlier: Any, later: Any, place: Place, faults: Faults) -> list[Any]:
    """Merge the pools with the same subnet."""
    pools: list[dict[str, Any]] = []
    for pool in _mappings(earlier):
        for new in _mappings(later):
            if new.get("subnet") != pool.get("subnet") and _pool_index(pools, new) is None:
                pools.append(new)
                continue
            merged = _merge_mappings(pool, new, None, place, faults)
            index = _pool_index(pools, merged)
            if index is None:
                pools.append(merged)
            else:
                pools[index] = merged
    return pools


def _pool_index(pools: list[dict[str, Any]], match: dict[str, Any]) -> int | None:
    return next((index for index, pool in enumerate(pools) if pool.get("subnet") == match.get("subnet")), None)


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _as_mapping(value: Any, default: dict[str, Any] | None) -> dict[str, Any]:
    """Return a list of names as a mapping from name to ``default``."""
    if isinstance(value, list):
        return {str(name): default and dict(default) for name in value}
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Convert a mapping to sorted ``NAME=value`` items, and a string to a list, as Compose does before appending."""
    if isinstance(value, dict):
        return sorted(line for key, item in value.items() for line in _lines(key, item))
    if isinstance(value, str):
        return [value]
    return value if isinstance(value, list) else []


def _lines(key: str, item: Any) -> list[str]:
    if item is None:
        return [key]
    return [f"{key}={format_scalar(value)}" for value in (item if isinstance(item, list) else [item])]


_BUILD: dict[str, Any] = {
    "args": _append,
    "additional_contexts": _append,
    "extra_hosts": _append_new,
    "labels": _append,
}

# The rule of each place; "*" matches any key, "" the value itself. Elsewhere mappings are merged, lists are appended,
# and other values are replaced.
RULES: dict[str, Any] = {
    "services": {
        "*": {
            **dict.fromkeys(("command", "entrypoint"), _replace),
            **dict.fromkeys(("annotations", "environment", "labels", "sysctls"), _append),
            **dict.fromkeys(("dns", "dns_opt", "dns_search", "env_file", "label_file", "tmpfs"), _append),
            "build": _build,
            "depends_on": _by_name(DEFAULT_DEPENDENCY),
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
