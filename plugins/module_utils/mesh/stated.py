"""What an application states otherwise than by default, key by key, and the application with only some of these keys.

Of the file's keys those are told apart that end up in what proxies read: ``x-mesh.policy``, ``overrides`` and ``proxy``.
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
    """A key that is stated: its ``place`` in the model, its dotted ``path`` in the file, and its value as ``found`` there."""

    place: Place
    path: str
    found: str


def stated_keys(application: Application) -> tuple[Key, ...]:
    """Return the keys that ``application`` states otherwise than by default, each after the one that it is within."""
    return tuple(
        Key(place, _path(place), _shown(place, value))
        for component in application.components
        for part, value, usual in _parts(component)
        for place, value in _stated(value, usual, (component.name, *part))
    )


def with_keys(application: A, kept: Collection[Key]) -> A:
    """Return ``application`` with ``kept`` of its stated keys; the others, and what is within them, have their defaults."""
    places = {key.place for key in kept}
    return replace(application, components=tuple(_component(each, places) for each in application.components))


def _parts(component: Component) -> Iterator[tuple[Place, Any, Any]]:
    """Yield the parts of ``component`` that are looked into: where each is, what it is, and what it is by default."""
    yield ("policy",), component.policy, Policy()
    for dependency in component.dependencies:
        yield ("overrides", dependency.name), dependency.override, None
    yield ("proxy_memory",), component.proxy_memory, PROXY_MEMORY


def _component(component: Component, kept: Collection[Place]) -> Component:
    found = {part: _kept(value, usual, (component.name, *part), kept) for part, value, usual in _parts(component)}
    return replace(
        component,
        policy=found["policy",],
        dependencies=tuple(replace(each, override=found["overrides", each.name]) for each in component.dependencies),
        proxy_memory=found["proxy_memory",],
    )


def _stated(value: Any, usual: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """Yield place and value of all that differs between ``value`` and ``usual``, what is missing by default before its parts."""
    if value == usual:
        return
    if not is_dataclass(value):
        yield place, value
        return
    if usual is None:
        yield place, value
        usual = _least(value, place)
    for name, part, default in _fields(value, usual):
        if name == _ROUTES:
            for index, route in enumerate(part):
                yield from _stated(route, None, (*place, name, str(index)))
        else:
            yield from _stated(part, default, (*place, name))


def _kept(value: Any, usual: Any, place: Place, kept: Collection[Place]) -> Any:
    """Return ``usual`` with what of ``value`` is at a place in ``kept``."""
    if value == usual:
        return usual
    if usual is None or not is_dataclass(value):
        if place not in kept:
            return usual
        if not is_dataclass(value):
            return value
        usual = _least(value, place)
    found = {}
    for name, part, default in _fields(value, usual):
        here = (*place, name)
        if name == _ROUTES:
            routes = (_kept(route, None, (*here, str(index)), kept) for index, route in enumerate(part))
            found[name] = tuple(route for route in routes if route)
        else:
            found[name] = _kept(part, default, here, kept)
    return replace(usual, **found)


def _fields(value: Any, usual: Any) -> Iterator[tuple[str, Any, Any]]:
    for field in fields(value):
        yield field.name, getattr(value, field.name), getattr(usual, field.name)


def _least(value: Any, place: Place) -> Any:
    """Return the least that can stand at ``place`` in place of ``value``."""
    if isinstance(value, RateLimit):
        return RateLimit(1.0, 1)
    if isinstance(value, Fault):
        # Else its parts would say nothing by themselves.
        return Fault(delay=1.0, delay_percent=100.0, abort_percent=100.0)
    if isinstance(value, Route):
        # A domain that is nobody's: RFC 2606 keeps it free.
        return Route(domains=(f"{place[-1]}.{place[0]}.invalid",))
    return type(value)()


def _path(place: Place) -> str:
    component, part, *rest = place
    if part == "proxy_memory":
        return f"services.{component}.x-mesh.proxy.memory"
    within = _IN_FILE.get(tuple(rest), ".".join(rest))
    return f"services.{component}.x-mesh.{part}.{within}"


def _shown(place: Place, value: Any) -> str:
    """Return ``value`` as a file would state it: its kind where it has parts of its own."""
    if is_dataclass(value) or place[-1] == "headers":
        return "a mapping"
    if place[-1] in _SECONDS or (isinstance(value, float) and place[-2:] == ("fault", "delay")):
        return duration(value)
    if isinstance(value, (float, int)):
        return f"{value:.10g}"
    return repr(list(value)) if isinstance(value, tuple) else repr(value)
