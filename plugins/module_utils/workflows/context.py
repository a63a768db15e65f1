"""The context of a workflow: its driver, its specification and its requester."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ..drivers.base import Driver, Holder, Observation, Purpose, Say, Scope
from ..model.effective import EffectiveApplication
from ..model.kinds import check_kinds
from ..model.specification import Specification
from ..plan.graph import Plan
from ..release.effective import effective
from ..release.state import ApplicationState, Release

LEASE_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Context:
    """A run of a workflow.

    ``specification`` is the application as its file describes it now; ``by`` names the requester of the run; ``say`` reports
    progress; ``alive`` tells whether the requester is still there. ``now`` and ``sleep`` are the clock, in seconds.
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

    def report_wait(self, holder: Holder) -> None:
        """Report the holder of a lease that this run waits for."""
        self.say(f"waiting for a {holder.purpose} by {holder.by} to end")

    def deployed_specification(self, state: ApplicationState) -> Specification:
        """Return the specification of the last deployment, so that releases and scaling apply no later edit of the file."""
        return state.specification or self.specification


@dataclass(frozen=True)
class Result:
    """The plan of a run, and its failures as text, empty if all operations succeeded."""

    plan: Plan
    failure: str = ""


@dataclass(frozen=True)
class View:
    """The desired application, the observed state, and the allocated addresses."""

    application: EffectiveApplication
    observation: Observation
    allocation: Mapping[str, str]

    def render(self, application: EffectiveApplication) -> Mapping[str, str]:
        """Return the mesh files for ``application``."""
        return self.observation.render(application, self.allocation)

    def plan(self, scope: Scope) -> Plan:
        """Return the operations that reconcile the application within ``scope``."""
        return self.observation.plan(self.application, self.allocation, scope)


def observe(driver: Driver, specification: Specification, state: ApplicationState) -> View:
    """Return the desired and the observed state. Raises ``ModelError`` for a changed kind, ``Refused``, ``DriverError``."""
    application = effective(specification, state)
    observation = driver.observe(application)
    check_kinds(application, observation.kinds(), specification.source)
    return View(application, observation, observation.allocation(application, state.allocation))


def other_runs(state: ApplicationState, holders: tuple[Holder, ...], own: str) -> Iterator[tuple[Release, Holder]]:
    """Yield the releases other than ``own`` that runs hold the leases of, each with its holder."""
    for holder in holders:
        release = state.release(holder.release) if holder.release and holder.release != own else None
        if release:
            yield release, holder
