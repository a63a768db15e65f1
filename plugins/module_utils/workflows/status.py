"""How an application is: instances and what they use, releases, who is at work, and what a deployment would do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ..drivers.base import Scope
from ..model.status import HolderReport, InstanceReport, ReleaseReport, Status
from .context import Context, observe
from .preview import urls


def status(context: Context, host: str) -> Status:
    """Return the status; ``host`` is what the target's host is called. Raises ``DriverError``, ``StateError``, ``ModelError``."""
    driver = context.driver
    state = driver.state.read()
    view = observe(driver, context.specification, state)
    statuses = sorted(view.observation.statuses().items())
    with ThreadPoolExecutor(8) as pool:
        memory = pool.map(lambda each: driver.workloads.memory(each[0]), statuses)
        instances = tuple(InstanceReport(name, each, used) for (name, each), used in zip(statuses, memory, strict=True))
    return Status(
        application=view.application.name,
        instances=instances,
        releases=tuple(
            ReleaseReport(each.name, each.phase, each.weight, each.components, each.by, each.began, each.reason)
            for each in state.releases
        ),
        holders=tuple(HolderReport(each.purpose, each.by, each.since, each.release) for each in driver.state.holders()),
        pending=tuple(view.plan(Scope()).lines()),
        urls={name: tuple(each) for name, each in urls(view.application, host).items()},
    )
