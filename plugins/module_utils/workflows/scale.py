"""Gives a running component replicas and memory, and looks at what components use, on a Docker engine."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace

from ..drivers.docker import files, names
from ..drivers.docker.callers import counted
from ..drivers.docker.client import Engine, EngineError
from ..drivers.docker.ledger import keep_scaled, read_ledger
from ..drivers.docker.plan import COMPONENTS, MESH, plan_application
from ..drivers.docker.setting import Task, with_releases
from ..mesh.clusters import cluster_name
from ..model.application import STATEFUL, Application, Component
from ..model.errors import Refused
from ..model.scaling import MAX_REPLICAS
from ..model.traffic import Totals
from ..release.state import Scaled
from .advice import Advice, Usage, advise, shown
from .deploy import Result, Scope, look, reconcile

_HEADROOM = 1.1


@dataclass(frozen=True)
class Wish:
    """What ``component`` is to have: ``replicas``, and ``memory`` of each in bytes; None as it has."""

    component: str
    replicas: int | None = None
    memory: int | None = None


def scale(engine: Engine, given: Task, wishes: tuple[Wish, ...], seconds: float, dry: bool) -> Result:
    """Give components what ``wishes`` say, without a failed request; ``given`` has the application as its file does.

    Raises ``Refused`` before anything is touched, ``Busy``, ``EngineError``.
    """
    layout = given.setting.layout
    with nullcontext() if dry else files.held(layout):
        ledger = read_ledger(layout)
        task = with_releases(given, ledger)
        for wish in wishes:
            _check(engine, task, wish)
        wanted = tuple(_scaled(given.application, task.application, wish) for wish in wishes)
        scope = Scope((MESH, COMPONENTS), tuple(wish.component for wish in wishes))
        others = tuple(each for each in ledger.scaled if each.component not in scope.only)
        after = with_releases(given, replace(ledger, scaled=(*others, *wanted)))
        if dry:
            return Result(plan_application(*look(engine, after), scope.parts, scope.only))
        keep_scaled(layout, wanted)
        return reconcile(engine, after, scope, seconds)


def advice(engine: Engine, given: Task, seconds: float, only: tuple[str, ...]) -> tuple[Advice, ...]:
    """Return what each running component, or each of ``only``, should have, after looking at them for ``seconds``."""
    task = with_releases(given, read_ledger(given.setting.layout))
    running = [each for each in task.application.components if each.replicas and (not only or each.name in only)]
    with ThreadPoolExecutor(8) as pool:
        before = dict(zip(running, pool.map(lambda each: _totals(task, each), running), strict=True))
        time.sleep(seconds)
        totals = list(pool.map(lambda each: _totals(task, each), running))
        memory = list(pool.map(lambda each: _memory(engine, task.application, each), running))
    found = []
    for component, now, used in zip(running, totals, memory, strict=True):
        seen = sum((each.since(before[component].get(caller, Totals())) for caller, each in now.items()), Totals())
        found.append(advise(component, Usage(used, seen.timed, seen.quantile(0.95) / 1000)))
    return tuple(found)


def _check(engine: Engine, task: Task, wish: Wish) -> None:
    """Raise ``Refused`` where ``wish`` cannot be given."""
    application = task.application
    known = [each.name for each in application.components if not each.gateway]
    if wish.component not in known:
        raise Refused(f"component: found {wish.component!r}; allowed: {', '.join(sorted(known))}")
    component = application.component(wish.component)
    if wish.replicas is not None:
        _check_replicas(component, wish.replicas)
    used = _memory(engine, application, component) if wish.memory is not None else 0
    if wish.memory is not None and wish.memory < used * _HEADROOM:
        least = shown(round(used * _HEADROOM) + (1 << 20))
        raise Refused(f"memory: found {shown(wish.memory)}; allowed: {least} or more: it uses {shown(used)} now")


def _check_replicas(component: Component, replicas: int) -> None:
    if not 0 <= replicas <= MAX_REPLICAS:
        raise Refused(f"replicas: found {replicas}; allowed: 0 to {MAX_REPLICAS}")
    if component.kind == STATEFUL and replicas != component.replicas:
        raise Refused(f"replicas: {component.name} is stateful; allowed: as in the application file, which knows its data")
    if component.outer_ports and replicas > 1:
        raise Refused(f"replicas: {component.name} publishes ports; allowed: 1, or a gateway in front of it")


def _scaled(given: Application, now: Application, wish: Wish) -> Scaled:
    said, has = given.component(wish.component), now.component(wish.component)
    return Scaled(
        component=wish.component,
        replicas=has.replicas if wish.replicas is None else wish.replicas,
        memory=has.memory if wish.memory is None else wish.memory,
        base_replicas=said.replicas,
        base_memory=said.memory,
    )


def _totals(task: Task, component: Component) -> dict[str, Totals]:
    """Return what the proxies of its callers have counted of ``component``, by their names."""
    clusters = [cluster_name(component.name, port.number) for port in component.ports]
    return {
        caller: sum(found.values(), Totals())
        for caller, found in counted(task.application, task.setting.layout, component.name, clusters).items()
    }


def _memory(engine: Engine, application: Application, component: Component) -> int:
    """Return the most bytes that an instance uses, without what the kernel would give back (as ``docker stats`` counts)."""
    most = 0
    for number in component.numbers:
        name = names.container_name(application.name, names.instance_name(component.name, number), names.WORKLOAD)
        try:
            memory = engine.get(f"/containers/{name}/stats", stream="false", **{"one-shot": "true"})["memory_stats"]
        except EngineError as error:
            if error.status != 404:
                raise
            continue
        details = memory.get("stats", {})
        inactive = details.get("total_inactive_file", details.get("inactive_file", 0))
        most = max(most, memory.get("usage", 0) - inactive)
    return most
