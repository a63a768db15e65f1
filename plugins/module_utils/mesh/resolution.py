"""The names that a component resolves, and to which addresses."""

from __future__ import annotations

from ..model.application import Application, Component, Kind
from ..model.scaling import MAX_REPLICAS
from .topology import Topology


def host_names(component: Component, application: Application, topology: Topology) -> dict[str, str]:
    """Return the addresses by name: its dependencies, the domains that lead to them, and instances of stateful ones.

    All possible instances, so that more replicas of a store do not change its callers.
    """
    names: dict[str, str] = {}
    for dependency in component.dependencies:
        called = application.component(dependency.name)
        names[called.name] = topology.loopback(called.name)
        for route in called.policy.routes:
            for domain in route.domains:
                if "*" not in domain:
                    names.setdefault(domain.partition(":")[0], topology.loopback(called.name))
        if called.kind == Kind.STATEFUL:
            names.update(
                (f"{called.name}-{ordinal}.{called.name}", topology.loopback(called.name, ordinal))
                for ordinal in range(1, MAX_REPLICAS + 1)
            )
    return names
