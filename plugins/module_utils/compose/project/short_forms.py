"""Short forms as the long forms that they stand for, as compose-go's package ``transform`` makes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .faults import Fault, Faults, Place, Warn, place_text
from .interpolate import below
from .merge import STARTED
from .mounts import read_mount
from .ports import read_ports
from .scalars import text_of

Form = Callable[[Any], Any]
# A little more than there are ports.
MAX_ITEMS = 70_000


def lengthen(content: dict[str, Any], faults: Faults, warn: Warn) -> dict[str, Any]:
    """Return a file's content in its long forms; what the schema does not allow stays as it is."""
    for resources in ("volumes", "networks", "secrets", "configs"):
        for name, resource in _mapping(content.get(resources)).items():
            _adopt_external_name(resource, (resources, name), faults, warn)
    long: dict[str, Any] = _Lengthener(faults).long(content, FORMS, ())
    return long


class _Lengthener:
    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._left = MAX_ITEMS

    def long(self, value: Any, forms: Any, place: Place) -> Any:
        own = forms.get("") if isinstance(forms, dict) else forms
        if own:
            try:
                value = own(value)
            except Fault as fault:
                self._faults.add(place, fault.found, fault.allowed)
                return value
        if isinstance(forms, dict):
            if isinstance(value, dict):
                for key, item in value.items():
                    value[key] = self.long(item, below(forms, key), (*place, key))
            elif isinstance(value, list) and "*" in forms:
                value = self._items(value, forms["*"], place)
        return value

    def _items(self, items: list[Any], forms: Any, place: Place) -> list[Any]:
        """Return the long forms of a list's items, of which a port's is a list itself: it may be a range."""
        long: list[Any] = []
        for index, item in enumerate(items):
            found = self.long(item, forms, (*place, index))
            found = found if isinstance(found, list) else [found]
            self._left -= len(found)
            if self._left < 0:
                self._faults.add((*place, index), f"more than {MAX_ITEMS} ports and other items", "fewer, or smaller ranges")
                break
            long.extend(found)
        return long


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _addresses(value: Any) -> Any:
    """Servers of a list of which a variable may have left one empty."""
    return [each for each in _listed(value) if each] if isinstance(value, str | list) else value


def _keyed(key: str) -> Form:
    def long(value: Any) -> Any:
        return {key: value} if isinstance(value, str) else value

    return long


def _names(value: Any) -> Any:
    return dict.fromkeys(value) if isinstance(value, list) else value


def _text(value: Any) -> Any:
    return value if isinstance(value, str) else text_of(value)


def _named_contexts(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    for item in value:
        if "=" not in item:
            raise Fault(repr(item), "NAME=CONTEXT")
    return dict(item.split("=", 1) for item in value)


def _dependencies(value: Any) -> Any:
    if isinstance(value, list):
        return {name: dict(STARTED) for name in value}
    return {name: {**STARTED, **dependency} for name, dependency in value.items()} if isinstance(value, dict) else value


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
        raise Fault(f"{value:g}", "a whole number, or the port in quotes")
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
        raise Fault(f"{value:g}", "a whole number")
    return value


def _adopt_external_name(resource: Any, place: Place, faults: Faults, warn: Warn) -> None:
    """Turn ``external: {name: …}``, the form of old files, into ``external: true`` and a name."""
    external = resource.get("external") if isinstance(resource, dict) else None
    if not isinstance(external, dict):
        return
    resource["external"] = True
    if "name" not in external:
        return
    warn(f"{place_text((*place, 'external', 'name'))} is the form of old files; name: and external: true are today's")
    if resource.setdefault("name", external["name"]) != external["name"]:
        faults.add((*place, "external", "name"), f"{external['name']!r}, besides the name {resource['name']!r}", "one name")


# The long form of a place; "*" stands for any key and for every item of a list, "" for the value itself.
FORMS: dict[str, Any] = {
    "services": {
        "*": {
            "build": {
                "": _keyed("context"),
                "additional_contexts": _named_contexts,
                "provenance": _text,
                "sbom": _text,
                "secrets": {"*": _keyed("source")},
                "ssh": _ssh,
                "ulimits": {"*": _ulimit},
            },
            "configs": {"*": _keyed("source")},
            "depends_on": _dependencies,
            "develop": {"watch": {"*": {"ignore": _listed, "include": _listed}}},
            "devices": {"*": _device},
            "dns": _addresses,
            "env_file": {"": _listed, "*": _env_file},
            "extends": _keyed("service"),
            "gpus": _gpus,
            "label_file": _listed,
            "models": _names,
            "networks": _names,
            "ports": {"*": _port},
            "secrets": {"*": _keyed("source")},
            "ulimits": {"*": _ulimit},
            "volumes": {"*": _mount},
        }
    },
    "include": {"*": _keyed("path")},
}
