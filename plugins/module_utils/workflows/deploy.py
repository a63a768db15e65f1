"""Observe, plan, execute: brings an application to its file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..drivers.base import Execution, Holder, Lease, Part, Purpose, Scope
from ..drivers.errors import Busy
from ..mesh.routes import ROUTES_FILE
from ..model.errors import ModelError
from ..model.specification import Specification
from ..plan.execute import execute
from ..plan.graph import Plan
from ..release.state import ApplicationState
from .context import PATIENCE_SECONDS, Context, Result, look


def deploy(context: Context, scope: Scope, patience: float, dry: bool) -> Result:
    """Plan, and unless ``dry`` carry it out; an instance has ``patience`` seconds to become healthy.

    Raises ``Busy`` where another run is at work, ``ModelError``, ``Refused``, ``StateError``, ``DriverError``.
    """
    store = context.driver.state
    if dry:
        return Result(look(context.driver, context.specification, store.read()).plan(scope))
    with store.lease(context.holder(Purpose.DEPLOYMENT), PATIENCE_SECONDS, context.waiting) as lease:
        return bring_about(context, lease, context.specification, scope, patience)


def bring_about(
    context: Context,
    lease: Lease,
    specification: Specification,
    scope: Scope,
    patience: float,
    release: str = "",
    cancelled: Callable[[], bool] = lambda: False,
    change: Callable[[ApplicationState], ApplicationState] = lambda state: state,
) -> Result:
    """Bring ``specification`` about as far as ``scope`` goes, for who holds the lease on the application.

    ``release`` is the one that this is done for; what would clash with another that is run is refused, and then nothing is
    stored. ``change`` is made to the state first. Raises ``Busy``, ``ModelError``, ``Refused``, ``StateError``, ``DriverError``.
    """
    driver = context.driver
    state = change(driver.state.read())
    view = look(driver, specification, state)
    plan = view.plan(scope)
    refuse_clash(plan, state, driver.state.holders(), release)
    rejections = driver.rejections(view.application, view.rendered) if Part.MESH in scope.parts else ()
    if rejections:
        raise ModelError(specification.source, rejections)
    with driver.state.transaction(lease) as transaction:
        transaction.state = replace(change(transaction.state), specification=specification, allocation=view.allocation)
    execution = Execution(view.application, context.say, patience, cancelled)
    outcome = execute(plan, lambda operation: driver.run(operation, execution))
    return Result(plan, str(outcome))


def refuse_clash(plan: Plan, state: ApplicationState, holders: tuple[Holder, ...], own: str = "") -> None:
    """Raise ``Busy`` where ``plan`` changes what a release compares that another run takes through its course."""
    for holder in holders:
        release = state.release(holder.release) if holder.release and holder.release != own else None
        if release is None:
            continue
        changed = [
            each for each in plan.operations.values() if each.component in release.components or each.subject == ROUTES_FILE
        ]
        if changed:
            raise Busy(
                f"the release {release.name} is in progress at {release.weight:g} %; this would change what it compares: "
                f"{changed[0]}; {holder.refusal}"
            )
