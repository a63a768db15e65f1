"""Runs a plan with as much concurrency as its graph allows."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from .graph import Operation, Plan, sorter


@dataclass(frozen=True)
class Outcome:
    """The result of a plan: operations by key; those in ``skipped`` come after one that failed."""

    succeeded: tuple[str, ...]
    failed: dict[str, Exception]
    skipped: tuple[str, ...]

    def __str__(self) -> str:
        """The failed and the skipped operations as text, empty if all succeeded."""
        lines = [f"{key}: {error}" for key, error in self.failed.items()]
        skipped = [f"Skipped because of that: {', '.join(self.skipped)}"] if self.skipped else []
        return "\n".join([*lines, *skipped])


def execute(plan: Plan, run: Callable[[Operation], None], workers: int = 6) -> Outcome:
    """Call ``run`` for each operation once all operations in its ``after`` have succeeded, on up to ``workers`` threads.

    Ready operations start in the plan's order, so that work in progress is finished before more is started; idle ones do
    not count as workers. If an operation raises, those that come after it are skipped; all others still run, so that one
    broken component does not hold up the rest.
    """
    positions = {key: position for position, key in enumerate(plan.operations)}
    ready = sorter(plan.operations)
    waiting: list[str] = []
    succeeded: list[str] = []
    failed: dict[str, Exception] = {}
    running: dict[Future[None], Operation] = {}
    with ThreadPoolExecutor(max(workers, len(plan.operations))) as pool:
        while True:
            waiting = sorted((*waiting, *ready.get_ready()), key=positions.__getitem__)
            for key in list(waiting):
                operation = plan.operations[key]
                if operation.idle or sum(not active.idle for active in running.values()) < workers:
                    running[pool.submit(run, operation)] = operation
                    waiting.remove(key)
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                key = running.pop(future).key
                error = future.exception()
                if error is None:
                    succeeded.append(key)
                    ready.done(key)
                elif isinstance(error, Exception):
                    failed[key] = error
                else:
                    raise error
    skipped = tuple(key for key in plan.operations if key not in succeeded and key not in failed)
    return Outcome(tuple(succeeded), failed, skipped)
