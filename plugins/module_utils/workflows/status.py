"""The status of an application: instances and their usage, releases, runs in progress, and pending operations."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ..drivers.base import Scope
from ..model.status import HolderReport, InstanceReport, ReleaseReport, Status
from .context import Context, observe
from .preview import urls


def status(context: Context, host: str) -> Status:
    """Return the status; ``host`` is the name of the target's host. Raises ``DriverError``, ``StateError``, ``ModelError``."""
    driver = context.driver
    state = driver.state.read()
    view = observe(driver, context.specification, state)
    statuses = sorted(view.observation.statuses().items())
    with ThreadPoolExecutor(8) as pool:
        memory = pool.map(driver.workloads.memory, [instance for instance, _status in statuses])
        instances = tuple(
            InstanceReport(instance, status, used) for (instance, status), used in zip(statuses, memory, strict=True)
        )
    return Status(
        application=view.application.name,
        instances=instances,
        releases=tuple(
            ReleaseReport(
                release.name, release.phase, release.weight, release.components, release.by, release.began, release.reason
            )
            for release in state.releases
        ),
        holders=tuple(HolderReport(holder.purpose, holder.by, holder.since, holder.release) for holder in driver.state.holders()),
        pending=tuple(view.plan(Scope()).lines()),
        urls={name: tuple(addresses) for name, addresses in urls(view.application, host).items()},
    )
