"""Takes an application off its target. What it has stored stays unless its deletion is requested."""

from __future__ import annotations

import time
from dataclasses import replace

from ..drivers.base import Execution, Extent, Purpose
from ..drivers.errors import Busy
from ..model.application import Application
from ..model.effective import EffectiveApplication, unreleased
from ..plan.execute import execute
from ..release.state import ApplicationState, Phase
from .context import PATIENCE_SECONDS, Context, Result


def tear_down(context: Context, extent: Extent, dry: bool) -> Result:
    """Remove an application as far as ``extent`` says. Its releases end; what they have promoted stays stored.

    Raises ``Busy`` where another run is at work, ``StateError``, ``DriverError``.
    """
    driver = context.driver
    nothing = _nothing(context)
    if dry:
        return Result(driver.observe(nothing).removal(nothing.name, extent))
    with driver.state.lease(context.holder(Purpose.TEARDOWN), PATIENCE_SECONDS, context.waiting) as lease:
        for holder in driver.state.holders():
            if holder.release:
                raise Busy(f"the release {holder.release} is in progress: {holder.refusal}")
        plan = driver.observe(nothing).removal(nothing.name, extent)
        driver.remove_leftovers()
        if not plan:
            return Result(plan)
        state = driver.state.read()
        # What has deleted the state already is not to have one again.
        if _ended(state) != state:
            with driver.state.transaction(lease) as transaction:
                transaction.state = _ended(transaction.state)
        execution = Execution(nothing, context.say, 0.0)
        return Result(plan, str(execute(plan, lambda operation: driver.run(operation, execution))))


def _nothing(context: Context) -> EffectiveApplication:
    return unreleased(Application(context.specification.application.name, ()), {})


def _ended(state: ApplicationState) -> ApplicationState:
    """Return ``state`` without a release in progress: the next deployment would bring its candidates back."""
    ended = {"phase": Phase.ABORTED, "standing": False, "ended": time.time(), "reason": "the application was taken down"}
    releases = tuple(
        replace(each, **ended) if each.in_progress else replace(each, standing=False)  # type: ignore[arg-type]
        for each in state.releases
    )
    return replace(state, releases=releases, specification=None)
