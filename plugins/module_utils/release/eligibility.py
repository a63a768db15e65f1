"""Whether the components of a release can run two versions side by side."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.application import HTTP, Application, Component, Kind
from ..model.errors import Problem
from ..model.release import Rollout


def ineligible(rollout: Rollout, application: Application) -> list[Problem]:
    """Return the problems of the components that ``rollout`` cannot release, by their place in the release."""
    known = {component.name: component for component in application.components}
    names = ", ".join(sorted(name for name, component in known.items() if not any(_reasons(component, application))))
    problems = []
    for version in rollout.versions:
        place = f"components.{version.component}"
        if version.component not in known:
            problems.append(Problem(place, f"the unknown component {version.component!r}", names))
            continue
        problems += [Problem(place, reason, allowed) for reason, allowed in _reasons(known[version.component], application)]
    return problems


def _reasons(component: Component, application: Application) -> Iterator[tuple[str, str]]:
    """Yield why ``component`` cannot be released, each with what can be."""
    if component.gateway:
        yield "a gateway", "a component behind it; the proxy of a gateway is replaced by site.yml"
    elif component.kind == Kind.STATEFUL:
        yield "a stateful component", "a stateless one: two versions would not share its data; change it with site.yml"
    elif component.outer_ports:
        yield "a component that publishes ports", "one behind a gateway, so that the mesh sees its requests"
    elif not component.ports or any(port.protocol not in HTTP for port in component.ports):
        yield "a component without HTTP ports, or with other ports as well", "one that is called by HTTP only"
    elif not application.dependents(component.name):
        yield "a component that nothing depends on", "one whose callers the mesh can split"
    elif not component.replicas:
        yield "a component with 0 replicas", "at least 1"
