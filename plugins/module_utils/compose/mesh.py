"""What the mesh cannot do for an application whose services are each in order: faults that only the whole file shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..model.application import HTTP, Application, Component, Kind
from ..model.policy import Policy, Retries
from ..model.scaling import MAX_REPLICAS
from .node import Node

# What proxies call the application beside them.
RESERVED = "application"
_HTTP_KEYS = ("timeout", "retries", "rate_limit", "fault", "routes")
_KEPT_AT_THE_APPLICATION = ("rate_limit", "fault")


def check_mesh(application: Application, services: Mapping[str, Node], top: Node) -> None:
    """Record what proxies would not take, or would take for something else than it says."""
    for component in application.components:
        node = services[component.name]
        _check_name(component, application, node)
        _check_policy(component, application, node)
        for dependency in component.dependencies:
            override = dependency.override
            if override:
                called = application.component(dependency.name)
                at = _at(node, "x-mesh", "overrides", called.name)
                _check_http(called, at)
                _check_tries(override.retries, called.policy.overridden(override), at)
    if application.tracing and not _speaks_http(application.component(application.tracing)):
        top.child("x-mesh", None).child("tracing", application.tracing).fail("a component that has a port with HTTP")


def _check_name(component: Component, application: Application, node: Node) -> None:
    if component.name == RESERVED:
        node.fail("another name: that one stands for the application beside a proxy", found=repr(component.name))
    name, _dash, number = component.name.rpartition("-")
    owner = next((each for each in application.components if each.name == name and each.kind == Kind.STATEFUL), None)
    if owner and number in map(str, range(1, MAX_REPLICAS + 1)):
        node.fail(f"another name: that is one of the instances of {owner.name}", found=repr(component.name))


def _check_policy(component: Component, application: Application, node: Node) -> None:
    at = _at(node, "x-mesh", "policy")
    _check_http(component, at)
    _check_tries(component.policy.retries, component.policy, at)
    for key in _KEPT_AT_THE_APPLICATION if component.gateway else ():
        if key in at.mapping():
            at.mapping()[key].fail(f"no {key} at a gateway; state it at the components behind it")
    for route in at.mapping()["routes"].items() if "routes" in at.mapping() else ():
        for domain in route.mapping()["domains"].items():
            if domain.string().lower().partition(":")[0] in _names(application):
                domain.fail("another name than those of components and instances, which lead to these already")


def _check_http(called: Component, at: Node) -> None:
    """Record what is stated at ``at`` for requests, where ``called`` takes none."""
    for key, node in at.mapping().items():
        if key in _HTTP_KEYS and not _speaks_http(called) and (called.ports or key == "routes"):
            node.fail(f"no {key} for {called.name}, which has no port with HTTP", found=f"the key {key!r}")


def _check_tries(retries: Retries | None, policy: Policy, at: Node) -> None:
    """Record a limit of each try in ``retries`` that the one of the whole request makes void."""
    if retries and retries.per_try_timeout and 0 < policy.timeout <= retries.per_try_timeout:
        node = _at(at, "retries", "per_try_timeout")
        node.fail(f"less than {policy.timeout:g}s, the timeout of a request with all its tries")


def _speaks_http(component: Component) -> bool:
    return any(port.protocol in HTTP for port in component.ports)


def _names(application: Application) -> set[str]:
    """Return the names that lead to components, and to instances of stateful ones."""
    return {name for component in application.components for name in _own_names(component)}


def _own_names(component: Component) -> Iterator[str]:
    yield component.name
    if component.kind == Kind.STATEFUL:
        yield from (f"{component.name}-{number}.{component.name}" for number in range(1, MAX_REPLICAS + 1))


def _at(node: Node, *keys: str) -> Node:
    """Return the node at ``keys`` below ``node``, one of nothing where the file does not state it."""
    for key in keys:
        node = node.mapping().get(key, node.child(key, None))
    return node
