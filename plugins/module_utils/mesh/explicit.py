"""The keys that an application sets explicitly, to other values than the defaults, and variants with only some of them.

Covers the keys of the file that determine what proxies read: ``x-mesh.policy``, ``overrides`` and ``proxy``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

from ..model.application import PROXY_MEMORY, Application, Component
from ..model.policy import Fault, Policy, RateLimit, Route
from .envoy import duration

A = TypeVar("A", bound=Application)
Place = tuple[str, ...]
_ROUTES = "routes"
_SECONDS = ("timeout", "per_try_timeout", "interval", "base_ejection_time")
_IN_FILE: dict[Place, str] = {
    ("fault", "delay"): "fault.delay.duration",
    ("fault", "delay_percent"): "fault.delay.percent",
    ("fault", "abort"): "fault.abort.status",
    ("fault", "abort_percent"): "fault.abort.percent",
}


@dataclass(frozen=True)
class Key:
    """An explicit key: its ``place`` in the model, its dotted ``path`` in the file, and its ``value`` as in the file."""

    place: Place
    path: str
    value: str


def explicit_keys(application: Application) -> tuple[Key, ...]:
    """Return the keys that ``application`` sets to other values than the defaults, outer keys before inner ones."""
    return tuple(
        Key(place, _path(place), _describe(place, value))
        for component in application.components
        for part, value, default in _parts(component)
        for place, value in _differences(value, default, (component.name, *part))
    )


def with_keys(application: A, keys: Collection[Key]) -> A:
    """Return ``application`` with only ``keys`` of its explicit keys; all others have their defaults."""
    places = {key.place for key in keys}
    return replace(application, components=tuple(_with_places(component, places) for component in application.components))


def _parts(component: Component) -> Iterator[tuple[Place, Any, Any]]:
    """Yield place, value and default of the parts of ``component`` that have such keys."""
    yield ("policy",), component.policy, Policy()
    for dependency in component.dependencies:
        yield ("overrides", dependency.name), dependency.override, None
    yield ("proxy_memory",), component.proxy_memory, PROXY_MEMORY


def _with_places(component: Component, places: Collection[Place]) -> Component:
    parts = {part: _reduce(value, default, (component.name, *part), places) for part, value, default in _parts(component)}
    overridden = (replace(dependency, override=parts["overrides", dependency.name]) for dependency in component.dependencies)
    return replace(
        component, policy=parts["policy",], dependencies=tuple(overridden), proxy_memory=parts["proxy_memory",]
    )


def _differences(value: Any, default: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """Yield place and value of all differences between ``value`` and ``default``, outer ones before inner ones."""
    if value == default:
        return
    if not is_dataclass(value):
        yield place, value
        return
    if default is None:
        yield place, value
        default = _minimal(value, place)
    for name, field_value, field_default in _fields(value, default):
        if name == _ROUTES:
            for index, route in enumerate(field_value):
                yield from _differences(route, None, (*place, name, str(index)))
        else:
            yield from _differences(field_value, field_default, (*place, name))


def _reduce(value: Any, default: Any, place: Place, places: Collection[Place]) -> Any:
    """Return ``default`` with the differences of ``value`` that are at ``places``."""
    if value == default:
        return default
    if default is None or not is_dataclass(value):
        if place not in places:
            return default
        if not is_dataclass(value):
            return value
        default = _minimal(value, place)
    reduced = {}
    for name, field_value, field_default in _fields(value, default):
        field_place = (*place, name)
        if name == _ROUTES:
            routes = (_reduce(route, None, (*field_place, str(index)), places) for index, route in enumerate(field_value))
            reduced[name] = tuple(route for route in routes if route)
        else:
            reduced[name] = _reduce(field_value, field_default, field_place, places)
    return replace(default, **reduced)


def _fields(value: Any, default: Any) -> Iterator[tuple[str, Any, Any]]:
    for field in fields(value):
        yield field.name, getattr(value, field.name), getattr(default, field.name)


def _minimal(value: Any, place: Place) -> Any:
    """Return a minimal valid value to stand in for ``value`` at ``place``."""
    if isinstance(value, RateLimit):
        return RateLimit(1.0, 1)
    if isinstance(value, Fault):
        # Without these, no part alone would have an effect.
        return Fault(delay=1.0, delay_percent=100.0, abort_percent=100.0)
    if isinstance(value, Route):
        # RFC 2606 reserves .invalid, so no request matches.
        return Route(domains=(f"{place[-1]}.{place[0]}.invalid",))
    return type(value)()


def _path(place: Place) -> str:
    component, part, *rest = place
    if part == "proxy_memory":
        return f"services.{component}.x-mesh.proxy.memory"
    key = _IN_FILE.get(tuple(rest), ".".join(rest))
    return f"services.{component}.x-mesh.{part}.{key}"


def _describe(place: Place, value: Any) -> str:
    """Return ``value`` as in the file, or its kind if it is a mapping."""
    if is_dataclass(value) or place[-1] == "headers":
        return "a mapping"
    if place[-1] in _SECONDS or (isinstance(value, float) and place[-2:] == ("fault", "delay")):
        return duration(value)
    if isinstance(value, (float, int)):
        return f"{value:.10g}"
    return repr(list(value)) if isinstance(value, tuple) else repr(value)
