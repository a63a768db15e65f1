"""What every workflow works with: a driver, what is asked to run, and who asks for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..drivers.base import Driver, Holder, Observation, Purpose, Say, Scope
from ..model.effective import EffectiveApplication
from ..model.kinds import check_kinds
from ..model.specification import Specification
from ..plan.graph import Plan
from ..release.effective import effective
from ..release.state import ApplicationState

LEASE_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Context:
    """A run of a workflow.

    ``specification`` is the application as its file describes it now; ``by`` names who requested the run; ``say`` reports
    progress; ``alive`` tells whether whoever requested it is still there. ``now`` and ``sleep`` are its clock, in seconds.
    """

    driver: Driver
    specification: Specification
    by: str
    say: Say
    alive: Callable[[], bool] = lambda: True
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def holder(self, purpose: Purpose, release: str = "") -> Holder:
        """Return this run as the holder of a lease."""
        return Holder(purpose, self.by, release)

    def report_wait(self, other: Holder) -> None:
        """Say who is waited for."""
        self.say(f"waiting for a {other.purpose} by {other.by} to end")

    def deployed_specification(self, state: ApplicationState) -> Specification:
        """Return what the last deployment was asked for: no other edit of the file is applied by releases and scaling."""
        return state.specification or self.specification


@dataclass(frozen=True)
class Result:
    """The plan that was made, and what of it failed, empty where all went well."""

    plan: Plan
    failure: str = ""


@dataclass(frozen=True)
class View:
    """An application as it should be, as it is, and what is given to it."""

    application: EffectiveApplication
    observation: Observation
    allocation: Mapping[str, str]

    def render(self, application: EffectiveApplication) -> Mapping[str, str]:
        """Return the files of the mesh as ``application`` has them."""
        return self.observation.render(application, self.allocation)

    def plan(self, scope: Scope) -> Plan:
        """Return the operations that lead from one to the other."""
        return self.observation.plan(self.application, self.allocation, scope)


def observe(driver: Driver, specification: Specification, state: ApplicationState) -> View:
    """Return what should run and what does. Raises ``ModelError`` for a changed kind, ``Refused``, ``DriverError``."""
    application = effective(specification, state)
    observation = driver.observe(application)
    check_kinds(application, observation.kinds(), specification.source)
    return View(application, observation, observation.allocation(application, state.allocation))
