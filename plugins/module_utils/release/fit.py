"""Whether the components of a release can have two versions side by side."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.application import HTTP, Application, Component, Kind
from ..model.errors import Problem
from ..model.release import Rollout


def unfit(rollout: Rollout, application: Application) -> list[Problem]:
    """Return what is wrong with releasing what ``rollout`` says, by its place in the release."""
    known = {component.name: component for component in application.components}
    names = ", ".join(sorted(name for name, each in known.items() if not any(_reasons(each, application))))
    problems = []
    for version in rollout.versions:
        place = f"components.{version.component}"
        if version.component not in known:
            problems.append(Problem(place, f"the unknown component {version.component!r}", names))
            continue
        problems += [Problem(place, found, allowed) for found, allowed in _reasons(known[version.component], application)]
    return problems


def _reasons(component: Component, application: Application) -> Iterator[tuple[str, str]]:
    """Yield what was found that cannot be released, with the way out."""
    if component.gateway:
        yield "a gateway", "a component behind it; the proxy of a gateway is replaced by site.yml"
    elif component.kind == Kind.STATEFUL:
        yield "a stateful component", "a stateless one: two versions would not share its data; change it with site.yml"
    elif component.outer_ports:
        yield "a component that publishes ports", "one that a gateway leads to, so that the mesh sees its requests"
    elif not component.ports or any(port.protocol not in HTTP for port in component.ports):
        yield "a component without HTTP ports, or with others besides", "one that is called by HTTP alone"
    elif not application.dependents(component.name):
        yield "a component that nothing depends on", "one whose callers the mesh can split"
    elif not component.replicas:
        yield "a component with 0 replicas", "at least 1"
