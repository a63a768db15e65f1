"""Checks of a whole application against what the mesh can do: faults that no single service shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..model.application import HTTP, Application, Component, Kind
from ..model.policy import Policy, Retries
from ..model.scaling import MAX_REPLICAS
from .node import Node

# The prefix of the clusters through which a proxy reaches its own application.
RESERVED_NAME = "application"
_HTTP_KEYS = ("timeout", "retries", "rate_limit", "fault", "routes")
_INBOUND_KEYS = ("rate_limit", "fault")


def check_mesh(application: Application, services: Mapping[str, Node], top: Node) -> None:
    """Record every name and policy that proxies would reject or misread."""
    for component in application.components:
        node = services[component.name]
        _check_name(component, application, node)
        _check_policy(component, application, node)
        for dependency in component.dependencies:
            override = dependency.override
            if override:
                called = application.component(dependency.name)
                keys = _descendant(node, "x-mesh", "overrides", called.name)
                _check_http(called, keys)
                _check_retries(override.retries, called.policy.with_override(override), keys)
    if application.tracing and not _speaks_http(application.component(application.tracing)):
        top.child("x-mesh", None).child("tracing", application.tracing).fail("a component that has a port with HTTP")


def _check_name(component: Component, application: Application, node: Node) -> None:
    if component.name == RESERVED_NAME:
        node.fail("another name; this one is reserved for the application behind a proxy", actual=repr(component.name))
    name, _dash, number = component.name.rpartition("-")
    owner = next((owner for owner in application.components if owner.name == name and owner.kind == Kind.STATEFUL), None)
    if owner and number in map(str, range(1, MAX_REPLICAS + 1)):
        node.fail(f"another name; this one is reserved for an instance of {owner.name}", actual=repr(component.name))


def _check_policy(component: Component, application: Application, node: Node) -> None:
    policy = _descendant(node, "x-mesh", "policy")
    _check_http(component, policy)
    _check_retries(component.policy.retries, component.policy, policy)
    for key in _INBOUND_KEYS if component.gateway else ():
        if key in policy.mapping():
            policy.mapping()[key].fail(f"no {key} at a gateway; state it at the components behind it")
    for route in policy.mapping()["routes"].items() if "routes" in policy.mapping() else ():
        for domain in route.mapping()["domains"].items():
            if domain.string().lower().partition(":")[0] in _names(application):
                domain.fail("a domain other than the names of components and instances, which are routed already")


def _check_http(called: Component, keys: Node) -> None:
    """Record the keys of ``keys`` that apply to HTTP requests only, if ``called`` has no HTTP port."""
    for key, node in keys.mapping().items():
        if key in _HTTP_KEYS and not _speaks_http(called) and (called.ports or key == "routes"):
            node.fail(f"no {key} for {called.name}, which has no port with HTTP", actual=f"the key {key!r}")


def _check_retries(retries: Retries | None, policy: Policy, keys: Node) -> None:
    """Record a ``per_try_timeout`` that the timeout of the whole request makes ineffective."""
    if retries and retries.per_try_timeout and 0 < policy.timeout <= retries.per_try_timeout:
        node = _descendant(keys, "retries", "per_try_timeout")
        node.fail(f"less than {policy.timeout:g}s, the timeout of a request including its retries")


def _speaks_http(component: Component) -> bool:
    return any(port.protocol in HTTP for port in component.ports)


def _names(application: Application) -> set[str]:
    """Return the names of all components, and of all instances that stateful ones may have."""
    return {name for component in application.components for name in _own_names(component)}


def _own_names(component: Component) -> Iterator[str]:
    yield component.name
    if component.kind == Kind.STATEFUL:
        yield from (f"{component.name}-{number}.{component.name}" for number in range(1, MAX_REPLICAS + 1))


def _descendant(node: Node, *keys: str) -> Node:
    """Return the node at ``keys`` below ``node``; an empty one if the file does not have it."""
    for key in keys:
        node = node.mapping().get(key, node.child(key, None))
    return node
