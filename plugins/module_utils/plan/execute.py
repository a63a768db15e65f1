"""Runs a plan with as much concurrency as its graph allows."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from .graph import Operation, Plan, sorter


@dataclass(frozen=True)
class Outcome:
    """What became of a plan: keys ``done``, errors by key in ``failed``, and keys ``skipped`` since what they need failed."""

    done: tuple[str, ...]
    failed: dict[str, Exception]
    skipped: tuple[str, ...]

    def __str__(self) -> str:
        """What failed, and what was not done because of it; nothing where all went well."""
        lines = [f"{key}: {error}" for key, error in self.failed.items()]
        skipped = [f"Not done because of that: {', '.join(self.skipped)}"] if self.skipped else []
        return "\n".join([*lines, *skipped])


def execute(plan: Plan, run: Callable[[Operation], None], workers: int = 6) -> Outcome:
    """Call ``run`` for each operation once all that it comes after are done, on up to ``workers`` threads at a time.

    Of those that could run the first in the plan's order does, so that what is begun gets on before more is begun;
    idle ones take no worker from others. An operation that raises takes those that come after it with it; all others
    still run, so that one broken component does not hold up the rest.
    """
    places = {key: place for place, key in enumerate(plan.operations)}
    ready = sorter(plan.operations)
    waiting: list[str] = []
    done: list[str] = []
    failed: dict[str, Exception] = {}
    running: dict[Future[None], Operation] = {}
    with ThreadPoolExecutor(max(workers, len(plan.operations))) as pool:
        while True:
            waiting = sorted((*waiting, *ready.get_ready()), key=places.__getitem__)
            for key in list(waiting):
                operation = plan.operations[key]
                if operation.idle or sum(not each.idle for each in running.values()) < workers:
                    running[pool.submit(run, operation)] = operation
                    waiting.remove(key)
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                key = running.pop(future).key
                error = future.exception()
                if error is None:
                    done.append(key)
                    ready.done(key)
                elif isinstance(error, Exception):
                    failed[key] = error
                else:
                    raise error
    skipped = tuple(key for key in plan.operations if key not in done and key not in failed)
    return Outcome(tuple(done), failed, skipped)
