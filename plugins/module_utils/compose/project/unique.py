"""Lists in which an item replaces an earlier one with the same name, target or port, as in compose-go's package ``override``."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from .faults import Fault, Faults, Place
from .interpolate import rules_for
from .mounts import read_mount

Index = Callable[[Any], Hashable]


def enforce_unicity(value: Any, faults: Faults) -> Any:
    """Return a file's content in which each first item is replaced by the last one with the same key.

    Items of an unexpected type have no key to compare; the schema validation reports them.
    """
    return _enforce(value, UNIQUE, (), faults)


def _enforce(value: Any, rules: Any, place: Place, faults: Faults) -> Any:
    if isinstance(value, dict) and rules:
        for key, item in value.items():
            value[key] = _enforce(item, rules_for(rules, key), (*place, key), faults)
    elif isinstance(value, list) and callable(rules):
        items: dict[Hashable, Any] = {}
        for position, item in enumerate(value):
            items[_index(rules, item, position, (*place, position), faults)] = item
        return list(items.values())
    return value


def _index(index: Index, item: Any, position: int, place: Place, faults: Faults) -> Hashable:
    try:
        key = index(item)
    except Fault as fault:
        faults.add(place, fault.found, fault.allowed)
        key = None
    return position if key is None else (type(key).__name__, key)


def _name(item: Any) -> Hashable:
    return item.partition("=")[0] if isinstance(item, str) else None


def _port_number(item: Any) -> Hashable:
    return str(item) if isinstance(item, int | str) else None


def _target_of(item: dict[str, Any], kind: str) -> Hashable:
    if not isinstance(item.get("target"), str):
        raise Fault(f"a {kind} without a target", f"target: a path in the container, in addition to {', '.join(map(str, item))}")
    return str(item["target"])


def _volume(item: Any) -> Hashable:
    if isinstance(item, dict):
        return _target_of(item, "volume")
    # The expansion of short forms reports the fault.
    try:
        return str(read_mount(item).get("target", "")) if isinstance(item, str) else None
    except Fault:
        return None


def _device(item: Any) -> Hashable:
    if isinstance(item, dict):
        return _target_of(item, "device")
    parts = item.split(":") if isinstance(item, str) else []
    return parts[min(1, len(parts) - 1)] if parts else None


def _mounted_in(folder: str) -> Index:
    def index(item: Any) -> Hashable:
        if isinstance(item, dict):
            target = item.get("target", f"{folder}/{item.get('source')}")
            return target if isinstance(target, str) else None
        return f"{folder}/{item}" if isinstance(item, str) else None

    return index


def _port(item: Any) -> Hashable:
    if not isinstance(item, dict):
        return _port_number(item)
    if "target" not in item:
        raise Fault("a port without a target", f"target: the container port, in addition to {', '.join(map(str, item))}")
    keys = (("host_ip", "0.0.0.0"), ("published", None), ("target", None), ("protocol", "tcp"))  # noqa: S104
    return tuple((type(item.get(key, default)).__name__, str(item.get(key, default))) for key, default in keys)


def _env_file(item: Any) -> Hashable:
    if isinstance(item, dict):
        if not isinstance(item.get("path"), str):
            raise Fault("an env_file without a path", "path: the file")
        return str(item["path"])
    return item if isinstance(item, str) else None


# The key of the items of each list; "*" matches any key.
UNIQUE: dict[str, Any] = {
    "services": {
        "*": {
            **dict.fromkeys(("annotations", "cap_add", "cap_drop", "dns", "dns_opt", "dns_search", "environment"), _name),
            **dict.fromkeys(("labels", "links", "profiles", "sysctls", "tmpfs"), _name),
            "build": dict.fromkeys(("args", "additional_contexts", "platform", "tags", "labels"), _name),
            "configs": _mounted_in(""),
            "deploy": {"labels": _name},
            "devices": _device,
            "env_file": _env_file,
            "expose": _port_number,
            "networks": {"*": {"aliases": _name, "link_local_ips": _name}},
            "ports": _port,
            "secrets": _mounted_in("/run/secrets"),
            "volumes": _volume,
        }
    },
    "networks": {"*": {"labels": _name, "ipam": {"options": _name}}},
}
