"""Removes an application from its target. Its stored data stays unless its deletion is requested."""

from __future__ import annotations

import time
from dataclasses import replace

from ..drivers.base import Execution, Purpose, TeardownScope
from ..drivers.errors import Busy
from ..model.application import Application
from ..model.effective import EffectiveApplication, without_state
from ..plan.execute import execute
from ..release.state import ApplicationState, Phase
from .context import LEASE_TIMEOUT_SECONDS, Context, Result


def tear_down(context: Context, scope: TeardownScope, dry: bool) -> Result:
    """Remove an application within ``scope``. Releases in progress end; promoted versions stay stored.

    Raises ``Busy`` if another run holds a lease, ``StateError``, ``DriverError``.
    """
    driver = context.driver
    empty = _empty_application(context)
    if dry:
        return Result(driver.observe(empty).removal(empty.name, scope))
    with driver.state.lease(context.holder(Purpose.TEARDOWN), LEASE_TIMEOUT_SECONDS, context.report_wait) as lease:
        for holder in driver.state.holders():
            if holder.release:
                raise Busy(f"the release {holder.release} is in progress: {holder.refusal}")
        plan = driver.observe(empty).removal(empty.name, scope)
        driver.remove_leftovers()
        if not plan:
            return Result(plan)
        state = driver.state.read()
        # A state that has been deleted already must not be stored again.
        if _without_releases(state) != state:
            with driver.state.transaction(lease) as transaction:
                transaction.state = _without_releases(transaction.state)
        execution = Execution(empty, context.say, 0.0)
        return Result(plan, str(execute(plan, lambda operation: driver.run(operation, execution))))


def _empty_application(context: Context) -> EffectiveApplication:
    return without_state(Application(context.specification.application.name, ()), {})


def _without_releases(state: ApplicationState) -> ApplicationState:
    """Return ``state`` without a release in progress, whose candidates the next deployment would start again."""
    ended = {"phase": Phase.ABORTED, "standing": False, "ended": time.time(), "reason": "the application was taken down"}
    releases = tuple(
        replace(release, **ended) if release.in_progress else replace(release, standing=False)  # type: ignore[arg-type]
        for release in state.releases
    )
    return replace(state, releases=releases, specification=None)
