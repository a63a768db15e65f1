"""Observe, plan, execute: reconciles an application with its file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..drivers.base import DeploymentPart, Execution, Holder, Lease, Purpose, Scope
from ..drivers.errors import Busy
from ..mesh.routes import ROUTES_FILE
from ..model.errors import ModelError
from ..model.specification import Specification
from ..plan.execute import execute
from ..plan.graph import Plan
from ..release.state import ApplicationState
from .context import LEASE_TIMEOUT_SECONDS, Context, Result, observe, other_runs


def deploy(context: Context, scope: Scope, timeout: float, dry: bool) -> Result:
    """Plan, and execute the plan unless ``dry``; an instance has ``timeout`` seconds to become healthy.

    Raises ``Busy`` if another run holds the lease, ``ModelError``, ``Refused``, ``StateError``, ``DriverError``.
    """
    store = context.driver.state
    if dry:
        return Result(observe(context.driver, context.specification, store.read()).plan(scope))
    with store.lease(context.holder(Purpose.DEPLOYMENT), LEASE_TIMEOUT_SECONDS, context.report_wait) as lease:
        return reconcile(context, lease, context.specification, scope, timeout)


def reconcile(
    context: Context,
    lease: Lease,
    specification: Specification,
    scope: Scope,
    timeout: float,
    release: str = "",
    cancelled: Callable[[], bool] = lambda: False,
    change: Callable[[ApplicationState], ApplicationState] = lambda state: state,
) -> Result:
    """Reconcile ``specification`` within ``scope``, for the holder of the ``lease`` on the application.

    ``change`` is applied to the state first. A plan that conflicts with a running release other than ``release`` is refused,
    and then nothing is stored. Raises ``Busy``, ``ModelError``, ``Refused``, ``StateError``, ``DriverError``.
    """
    driver = context.driver
    state = change(driver.state.read())
    view = observe(driver, specification, state)
    plan = view.plan(scope)
    refuse_conflict(plan, state, driver.state.holders(), release)
    rejections = driver.rejections(view.application, view.render) if DeploymentPart.MESH in scope.parts else ()
    if rejections:
        raise ModelError(specification.source, rejections)
    with driver.state.transaction(lease) as transaction:
        transaction.state = replace(change(transaction.state), specification=specification, allocation=view.allocation)
    execution = Execution(view.application, context.say, timeout, cancelled)
    outcome = execute(plan, lambda operation: driver.run(operation, execution))
    return Result(plan, str(outcome))


def refuse_conflict(plan: Plan, state: ApplicationState, holders: tuple[Holder, ...], own: str = "") -> None:
    """Raise ``Busy`` if ``plan`` changes what a release compares that another run has in progress."""
    for release, holder in other_runs(state, holders, own):
        conflicts = [
            operation
            for operation in plan.operations.values()
            if operation.component in release.components or operation.subject == ROUTES_FILE
        ]
        if conflicts:
            raise Busy(
                f"the release {release.name} is in progress at {release.weight:g} %; this would change what it compares: "
                f"{conflicts[0]}; {holder.refusal}"
            )
