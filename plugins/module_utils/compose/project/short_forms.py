"""Expansion of short forms to long forms, as in compose-go's package ``transform``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .faults import Fault, Faults, Place, Warn, format_place
from .interpolate import rules_for
from .merge import DEFAULT_DEPENDENCY
from .mounts import read_mount
from .ports import read_ports
from .scalars import format_scalar

Form = Callable[[Any], Any]
# Slightly above the number of ports.
MAX_ITEMS = 70_000


def expand_short_forms(content: dict[str, Any], faults: Faults, warn: Warn) -> dict[str, Any]:
    """Return a file's content in long form; values that violate the schema are unchanged."""
    for resources in ("volumes", "networks", "secrets", "configs"):
        for name, resource in _mapping(content.get(resources)).items():
            _convert_external_name(resource, (resources, name), faults, warn)
    expanded: dict[str, Any] = _Expander(faults).expand(content, FORMS, ())
    return expanded


class _Expander:
    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._remaining = MAX_ITEMS

    def expand(self, value: Any, forms: Any, place: Place) -> Any:
        form = forms.get("") if isinstance(forms, dict) else forms
        if form:
            try:
                value = form(value)
            except Fault as fault:
                self._faults.add(place, fault.found, fault.allowed)
                return value
        if isinstance(forms, dict):
            if isinstance(value, dict):
                for key, item in value.items():
                    value[key] = self.expand(item, rules_for(forms, key), (*place, key))
            elif isinstance(value, list) and "*" in forms:
                value = self._expand_items(value, forms["*"], place)
        return value

    def _expand_items(self, items: list[Any], forms: Any, place: Place) -> list[Any]:
        """Return the long forms of a list's items; a port may expand to several, since it may be a range."""
        expanded: list[Any] = []
        for index, item in enumerate(items):
            results = self.expand(item, forms, (*place, index))
            results = results if isinstance(results, list) else [results]
            self._remaining -= len(results)
            if self._remaining < 0:
                self._faults.add((*place, index), f"more than {MAX_ITEMS} ports and other items", "fewer, or smaller ranges")
                break
            expanded.extend(results)
        return expanded


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _addresses(value: Any) -> Any:
    """Drop the entries that interpolation left empty."""
    return [address for address in _as_list(value) if address] if isinstance(value, str | list) else value


def _under_key(key: str) -> Form:
    def expand(value: Any) -> Any:
        return {key: value} if isinstance(value, str) else value

    return expand


def _names(value: Any) -> Any:
    return dict.fromkeys(value) if isinstance(value, list) else value


def _text(value: Any) -> Any:
    return value if isinstance(value, str) else format_scalar(value)


def _named_contexts(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    for item in value:
        if "=" not in item:
            raise Fault(repr(item), "NAME=CONTEXT")
    return dict(item.split("=", 1) for item in value)


def _dependencies(value: Any) -> Any:
    if isinstance(value, list):
        return {name: dict(DEFAULT_DEPENDENCY) for name in value}
    return (
        {name: {**DEFAULT_DEPENDENCY, **dependency} for name, dependency in value.items()} if isinstance(value, dict) else value
    )


def _env_file(value: Any) -> Any:
    entry = {"path": value} if isinstance(value, str) else value
    return {"required": True, **entry} if isinstance(entry, dict) else entry


def _device(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    parts = value.split(":")
    if len(parts) > 3:
        raise Fault(repr(value), "SOURCE[:TARGET[:PERMISSIONS]], or source, target and permissions as keys")
    target = parts[1] if len(parts) > 1 and parts[1] else parts[0]
    return {"source": parts[0], "target": target, "permissions": parts[2] if len(parts) > 2 else "rwm"}


def _gpus(value: Any) -> Any:
    return [{"count": "all"}] if isinstance(value, str) else value


def _mount(value: Any) -> Any:
    return read_mount(value) if isinstance(value, str) else value


def _port(value: Any) -> Any:
    if isinstance(value, float):
        raise Fault(f"{value:g}", "an integer, or a quoted port")
    return read_ports(str(value)) if isinstance(value, str | int) else value


def _ssh(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    for item in value:
        if "=" not in item and item != "default":
            raise Fault(repr(item), "default, or NAME=SOCKET-OR-KEY")
    return {name: path if equals else None for name, equals, path in (item.partition("=") for item in value)}


def _ulimit(value: Any) -> Any:
    if isinstance(value, float):
        raise Fault(f"{value:g}", "an integer")
    return value


def _convert_external_name(resource: Any, place: Place, faults: Faults, warn: Warn) -> None:
    """Convert the legacy ``external: {name: …}`` to ``external: true`` and a name."""
    external = resource.get("external") if isinstance(resource, dict) else None
    if not isinstance(external, dict):
        return
    resource["external"] = True
    if "name" not in external:
        return
    warn(f"{format_place((*place, 'external', 'name'))} is deprecated; use name: and external: true")
    if resource.setdefault("name", external["name"]) != external["name"]:
        faults.add((*place, "external", "name"), f"{external['name']!r}, besides the name {resource['name']!r}", "one name")


# The expansion of each place; "*" matches any key and every list item, "" the value itself.
FORMS: dict[str, Any] = {
    "services": {
        "*": {
            "build": {
                "": _under_key("context"),
                "additional_contexts": _named_contexts,
                "provenance": _text,
                "sbom": _text,
                "secrets": {"*": _under_key("source")},
                "ssh": _ssh,
                "ulimits": {"*": _ulimit},
            },
            "configs": {"*": _under_key("source")},
            "depends_on": _dependencies,
            "develop": {"watch": {"*": {"ignore": _as_list, "include": _as_list}}},
            "devices": {"*": _device},
            "dns": _addresses,
            "env_file": {"": _as_list, "*": _env_file},
            "extends": _under_key("service"),
            "gpus": _gpus,
            "label_file": _as_list,
            "models": _names,
            "networks": _names,
            "ports": {"*": _port},
            "secrets": {"*": _under_key("source")},
            "ulimits": {"*": _ulimit},
            "volumes": {"*": _mount},
        }
    },
    "include": {"*": _under_key("path")},
}
