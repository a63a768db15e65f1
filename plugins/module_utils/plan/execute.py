"""Runs a plan with as much concurrency as its graph allows."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from .graph import Operation, Plan


@dataclass(frozen=True)
class Outcome:
    """What became of a plan: keys ``done``, errors by key in ``failed``, and keys ``skipped`` since what they need failed."""

    done: tuple[str, ...]
    failed: dict[str, Exception]
    skipped: tuple[str, ...]


def execute(plan: Plan, run: Callable[[Operation], None], workers: int = 6) -> Outcome:
    """Call ``run`` for each operation once all that it comes after are done, on up to ``workers`` threads at a time.

    Of those that could run the first in the plan's order does, so that what is begun gets on before more is begun;
    idle ones take no worker from others. An operation that raises takes those that come after it with it; all others
    still run, so that one broken component does not hold up the rest.
    """
    done: list[str] = []
    failed: dict[str, Exception] = {}
    skipped: list[str] = []
    waiting = dict(plan.operations)
    running: dict[Future[None], Operation] = {}
    with ThreadPoolExecutor(max(workers, len(waiting))) as pool:
        while waiting or running:
            busy = sum(not operation.idle for operation in running.values())
            for key, operation in list(waiting.items()):
                needs = [need for need in operation.after if need in plan.operations]
                if any(need in failed or need in skipped for need in needs):
                    skipped.append(key)
                elif all(need in done for need in needs) and (operation.idle or busy < workers):
                    running[pool.submit(run, operation)] = operation
                    busy += not operation.idle
                else:
                    continue
                del waiting[key]
            if not running:
                continue
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                key = running.pop(future).key
                error = future.exception()
                if error is None:
                    done.append(key)
                elif isinstance(error, Exception):
                    failed[key] = error
                else:
                    raise error
    return Outcome(tuple(done), failed, tuple(skipped))
