"""Gives a running component replicas and memory, or looks at what components use and advises, or follows the advice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ..drivers.base import Driver, Part, Purpose, Scope, Unreachable
from ..mesh.clusters import cluster_name
from ..model.application import Application, Component, Kind
from ..model.effective import EffectiveApplication
from ..model.errors import Refused
from ..model.scaling import MAX_REPLICAS
from ..model.traffic import Totals
from ..release.effective import effective
from ..release.state import ApplicationState, Scaled
from .advice import Advice, Usage, advise, shown
from .context import PATIENCE_SECONDS, Context, Result, look
from .deploy import bring_about

_HEADROOM = 1.1
SCOPE = (Part.MESH, Part.COMPONENTS)


@dataclass(frozen=True)
class Size:
    """The new size of ``component``: ``replicas``, and ``memory`` of each in bytes; None leaves it as it is."""

    component: str
    replicas: int | None = None
    memory: int | None = None


@dataclass(frozen=True)
class Rounds:
    """How to look: for ``seconds``, ``number`` of times; whether to ``follow`` the advice."""

    seconds: float
    number: int
    follow: bool


@dataclass(frozen=True)
class ScalingReport:
    """The operations that were done, or would be, what was advised, and what failed."""

    plan: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    failure: str = ""


def scale(context: Context, sizes: tuple[Size, ...], patience: float, dry: bool) -> Result:
    """Give components what ``sizes`` say, without a failed request. They have to be deployed.

    Raises ``Refused`` before anything is touched, ``Busy``, ``StateError``, ``DriverError``.
    """
    store = context.driver.state
    scope = Scope(SCOPE, tuple(size.component for size in sizes))
    if dry:
        state = store.read()
        after = state.with_scaled(_scaled(context, state, sizes))
        return Result(look(context.driver, context.deployed(state), after).plan(scope))
    with store.lease(context.holder(Purpose.SCALING), PATIENCE_SECONDS, context.waiting) as lease:
        state = store.read()
        scaled = _scaled(context, state, sizes)
        specification = context.deployed(state)
        return bring_about(
            context, lease, specification, scope, patience, change=lambda current: current.with_scaled(scaled)
        )


def scale_or_advise(context: Context, size: Size, rounds: Rounds, patience: float, dry: bool) -> ScalingReport:
    """Give what ``size`` says, or look at its component, or at all. Raises ``Refused``, ``Busy``, ``DriverError``."""
    if size.replicas is not None or size.memory is not None:
        result = scale(context, (size,), patience, dry)
        return ScalingReport(tuple(result.plan.lines()), (), result.failure)
    _check_known(context.specification.application, size.component)
    if rounds.number < 1 or rounds.seconds < 1:
        raise Refused(f"rounds, seconds: found {rounds.number}, {rounds.seconds:g}; allowed: 1 or more")
    plan: list[str] = []
    told: list[str] = []
    for _round in range(rounds.number):
        advised = advice(context, rounds.seconds, (size.component,) if size.component else ())
        lines = [line for each in advised for line in each.lines()] or ["nothing needs more or less than it has"]
        for line in lines:
            context.say(line)
        told += [line for each in advised for line in each.lines()]
        sizes = tuple(Size(each.component, each.replicas, each.memory) for each in advised if each.reasons)
        if rounds.follow and sizes:
            result = scale(context, sizes, patience, dry)
            plan += result.plan.lines()
            if result.failure:
                return ScalingReport(tuple(plan), tuple(told), result.failure)
    return ScalingReport(tuple(plan), tuple(told))


def advice(context: Context, seconds: float, only: tuple[str, ...]) -> tuple[Advice, ...]:
    """Return what each running component, or each of ``only``, should have, after looking at them for ``seconds``."""
    driver = context.driver
    state = driver.state.read()
    application = effective(context.deployed(state), state)
    running = [each for each in application.components if each.replicas and (not only or each.name in only)]
    with ThreadPoolExecutor(8) as pool:
        before = dict(zip(running, pool.map(lambda each: _totals(driver, application, each), running), strict=True))
        context.sleep(seconds)
        totals = list(pool.map(lambda each: _totals(driver, application, each), running))
        memory = list(pool.map(lambda each: most_memory(driver, each.name), running))
    advised = []
    for component, now, used in zip(running, totals, memory, strict=True):
        # What a caller that did not answer at first has counted before is its whole history.
        seen = sum((each.since(before[component].get(caller, each)) for caller, each in now.items()), Totals())
        advised.append(advise(component, Usage(used, seen.timed, seen.quantile(0.95) / 1000)))
    return tuple(advised)


def most_memory(driver: Driver, component: str) -> int:
    """Return the most bytes that an instance of ``component`` uses."""
    return max((driver.workloads.memory(each) for each in driver.proxies.instances(component)), default=0)


def _scaled(context: Context, state: ApplicationState, sizes: tuple[Size, ...]) -> tuple[Scaled, ...]:
    """Return what is stored of ``sizes``. Raises ``Refused`` where one cannot be given."""
    specification = context.deployed(state)
    application = effective(specification, state)
    if state.specification is None and not context.driver.observe(application).statuses():
        raise Refused(f"{application.name}: it is not deployed; allowed: one that is: ansible-playbook playbooks/site.yml")
    for size in sizes:
        _check(context.driver, application, size)
    return tuple(
        Scaled(
            component=size.component,
            replicas=application.component(size.component).replicas if size.replicas is None else size.replicas,
            memory=application.component(size.component).memory if size.memory is None else size.memory,
            base_replicas=specification.application.component(size.component).replicas,
            base_memory=specification.application.component(size.component).memory,
        )
        for size in sizes
    )


def _check_known(application: Application, name: str) -> None:
    known = [each.name for each in application.components]
    if name and name not in known:
        raise Refused(f"component: found {name!r}; allowed: {', '.join(sorted(known))}")


def _check(driver: Driver, application: EffectiveApplication, size: Size) -> None:
    """Raise ``Refused`` where ``size`` cannot be given."""
    known = [each.name for each in application.components if not each.gateway]
    if size.component not in known:
        raise Refused(f"component: found {size.component!r}; allowed: {', '.join(sorted(known))}")
    component = application.component(size.component)
    if size.replicas is not None:
        _check_replicas(component, size.replicas)
    used = most_memory(driver, size.component) if size.memory is not None else 0
    if size.memory is not None and size.memory < used * _HEADROOM:
        least = shown(round(used * _HEADROOM) + (1 << 20))
        raise Refused(f"memory: found {shown(size.memory)}; allowed: {least} or more: it uses {shown(used)} now")


def _check_replicas(component: Component, replicas: int) -> None:
    if not 0 <= replicas <= MAX_REPLICAS:
        raise Refused(f"replicas: found {replicas}; allowed: 0 to {MAX_REPLICAS}")
    if component.kind == Kind.STATEFUL and replicas != component.replicas:
        raise Refused(f"replicas: {component.name} is stateful; allowed: as in the application file, which knows its data")
    if component.outer_ports and replicas > 1:
        raise Refused(f"replicas: {component.name} publishes ports; allowed: 1, or a gateway in front of it")


def _totals(driver: Driver, application: EffectiveApplication, component: Component) -> dict[str, Totals]:
    """Return what the proxies of its callers have counted of ``component``, by their names."""
    clusters = [cluster_name(component.name, port.number) for port in component.ports]
    counted = {
        caller.name: driver.proxies.totals(caller, clusters)
        for name in application.dependents(component.name)
        for caller in driver.proxies.instances(name)
    }
    return {caller: sum(each.values(), Totals()) for caller, each in counted.items() if not isinstance(each, Unreachable)}
