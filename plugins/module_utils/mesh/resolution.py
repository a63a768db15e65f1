"""The names that a component resolves, and their addresses."""

from __future__ import annotations

from ..model.application import Application, Component, Kind
from ..model.scaling import MAX_REPLICAS
from .topology import Topology


def host_names(component: Component, application: Application, topology: Topology) -> dict[str, str]:
    """Return addresses by name: of dependencies, of the domains routed to them, and of instances of stateful ones.

    Includes all possible instances, so that scaling a store does not change its callers.
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
