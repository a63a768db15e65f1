"""Scales running components, or advises by their usage, and can follow the advice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ..drivers.base import DeploymentPart, Driver, Purpose, Scope, Unreachable
from ..mesh.clusters import cluster_name
from ..model.application import Application, Component, Kind
from ..model.effective import EffectiveApplication
from ..model.errors import Refused
from ..model.scaling import MAX_REPLICAS
from ..model.traffic import Totals
from ..release.effective import effective
from ..release.state import ApplicationState, ScaledComponent
from .advice import Advice, Usage, advise, format_memory
from .context import LEASE_TIMEOUT_SECONDS, Context, Result, observe
from .deploy import reconcile

_HEADROOM = 1.1
SCOPE = (DeploymentPart.MESH, DeploymentPart.COMPONENTS)


@dataclass(frozen=True)
class Size:
    """The new size of ``component``: ``replicas``, and ``memory`` of each in bytes; None leaves a value unchanged."""

    component: str
    replicas: int | None = None
    memory: int | None = None


@dataclass(frozen=True)
class AdviceRounds:
    """``number`` rounds of advice, each after measuring for ``seconds``; ``follow`` applies it."""

    seconds: float
    number: int
    follow: bool


@dataclass(frozen=True)
class ScalingReport:
    """The operations that were executed, or would be, the advice, and the failures as text."""

    plan: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    failure: str = ""


def scale(context: Context, sizes: tuple[Size, ...], timeout: float, dry: bool) -> Result:
    """Scale deployed components to ``sizes``, without a failed request.

    Raises ``Refused`` before anything is changed, ``Busy``, ``StateError``, ``DriverError``.
    """
    store = context.driver.state
    scope = Scope(SCOPE, tuple(size.component for size in sizes))
    if dry:
        state = store.read()
        after = state.with_scaled(_scaled_components(context, state, sizes))
        return Result(observe(context.driver, context.deployed_specification(state), after).plan(scope))
    with store.lease(context.holder(Purpose.SCALING), LEASE_TIMEOUT_SECONDS, context.report_wait) as lease:
        state = store.read()
        scaled = _scaled_components(context, state, sizes)
        specification = context.deployed_specification(state)
        return reconcile(
            context, lease, specification, scope, timeout, change=lambda current: current.with_scaled(scaled)
        )


def scale_or_advise(context: Context, size: Size, rounds: AdviceRounds, timeout: float, dry: bool) -> ScalingReport:
    """Scale to ``size``, or advise on its component, or on all of them. Raises ``Refused``, ``Busy``, ``DriverError``."""
    if size.replicas is not None or size.memory is not None:
        result = scale(context, (size,), timeout, dry)
        return ScalingReport(tuple(result.plan.lines()), (), result.failure)
    _check_known(context.specification.application, size.component)
    if rounds.number < 1 or rounds.seconds < 1:
        raise Refused(f"rounds, seconds: found {rounds.number}, {rounds.seconds:g}; allowed: 1 or more")
    plan: list[str] = []
    advice_lines: list[str] = []
    for _round in range(rounds.number):
        advices = measure_and_advise(context, rounds.seconds, (size.component,) if size.component else ())
        lines = [line for advice in advices for line in advice.lines()]
        for line in lines or ["no component needs to be scaled"]:
            context.say(line)
        advice_lines += lines
        sizes = tuple(Size(advice.component, advice.replicas, advice.memory) for advice in advices if advice.reasons)
        if rounds.follow and sizes:
            result = scale(context, sizes, timeout, dry)
            plan += result.plan.lines()
            if result.failure:
                return ScalingReport(tuple(plan), tuple(advice_lines), result.failure)
    return ScalingReport(tuple(plan), tuple(advice_lines))


def measure_and_advise(context: Context, seconds: float, only: tuple[str, ...]) -> tuple[Advice, ...]:
    """Measure running components, or those in ``only``, for ``seconds``, and return the advice for each."""
    driver = context.driver
    state = driver.state.read()
    application = effective(context.deployed_specification(state), state)
    components = [
        component for component in application.components if component.replicas and (not only or component.name in only)
    ]

    def totals(component: Component) -> dict[str, Totals]:
        return _totals_by_caller(driver, application, component)

    with ThreadPoolExecutor(8) as pool:
        before = list(pool.map(totals, components))
        context.sleep(seconds)
        after = list(pool.map(totals, components))
        memory = list(pool.map(lambda component: peak_memory(driver, component.name), components))
    advices = []
    for component, first, last, used in zip(components, before, after, memory, strict=True):
        # The counters of a caller that did not answer at first are its whole history.
        measured = sum((counted.since(first.get(caller, counted)) for caller, counted in last.items()), Totals())
        advices.append(advise(component, Usage(used, measured.timed, measured.quantile(0.95) / 1000)))
    return tuple(advices)


def peak_memory(driver: Driver, component: str) -> int:
    """Return the highest memory usage of the instances of ``component`` in bytes."""
    return max((driver.workloads.memory(instance) for instance in driver.proxies.instances(component)), default=0)


def _scaled_components(context: Context, state: ApplicationState, sizes: tuple[Size, ...]) -> tuple[ScaledComponent, ...]:
    """Return the state to store for ``sizes``. Raises ``Refused`` if one is not possible."""
    specification = context.deployed_specification(state)
    application = effective(specification, state)
    if state.specification is None and not context.driver.observe(application).statuses():
        raise Refused(f"{application.name}: it is not deployed; allowed: one that is: ansible-playbook playbooks/site.yml")
    for size in sizes:
        _check_size(context.driver, application, size)
    return tuple(
        ScaledComponent(
            component=size.component,
            replicas=application.component(size.component).replicas if size.replicas is None else size.replicas,
            memory=application.component(size.component).memory if size.memory is None else size.memory,
            base_replicas=specification.application.component(size.component).replicas,
            base_memory=specification.application.component(size.component).memory,
        )
        for size in sizes
    )


def _check_known(application: Application, name: str) -> None:
    known = [component.name for component in application.components]
    if name and name not in known:
        raise Refused(f"component: found {name!r}; allowed: {', '.join(sorted(known))}")


def _check_size(driver: Driver, application: EffectiveApplication, size: Size) -> None:
    """Raise ``Refused`` if ``size`` is not possible."""
    known = [component.name for component in application.components if not component.gateway]
    if size.component not in known:
        raise Refused(f"component: found {size.component!r}; allowed: {', '.join(sorted(known))}")
    component = application.component(size.component)
    if size.replicas is not None:
        _check_replicas(component, size.replicas)
    used = peak_memory(driver, size.component) if size.memory is not None else 0
    if size.memory is not None and size.memory < used * _HEADROOM:
        minimum = format_memory(round(used * _HEADROOM) + (1 << 20))
        memory, usage = format_memory(size.memory), format_memory(used)
        raise Refused(f"memory: found {memory}; allowed: {minimum} or more: it uses {usage} now")


def _check_replicas(component: Component, replicas: int) -> None:
    if not 0 <= replicas <= MAX_REPLICAS:
        raise Refused(f"replicas: found {replicas}; allowed: 0 to {MAX_REPLICAS}")
    if component.kind == Kind.STATEFUL and replicas != component.replicas:
        raise Refused(f"replicas: {component.name} is stateful; allowed: as in the application file, which knows its data")
    if component.outer_ports and replicas > 1:
        raise Refused(f"replicas: {component.name} publishes ports; allowed: 1, or a gateway in front of it")


def _totals_by_caller(driver: Driver, application: EffectiveApplication, component: Component) -> dict[str, Totals]:
    """Return the totals of ``component`` that the proxies of its callers have counted, by caller."""
    clusters = [cluster_name(component.name, port.number) for port in component.ports]
    counted = {
        caller.name: driver.proxies.totals(caller, clusters)
        for name in application.dependents(component.name)
        for caller in driver.proxies.instances(name)
    }
    return {caller: sum(totals.values(), Totals()) for caller, totals in counted.items() if not isinstance(totals, Unreachable)}
