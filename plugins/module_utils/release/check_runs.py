"""The checks of a step, run repeatedly in the background: a slow check does not hold up the gate's other measures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from ..model.release import Check

# A check enforces its own timeout, and then has more to report.
GRACE_SECONDS = 2.0


@dataclass
class CheckRuns:
    """The latest run of each of ``checks``; ``start`` starts one, and its future returns the failure, empty if it passed."""

    checks: Sequence[Check]
    start: Callable[[Check], Future[str]]
    _runs: dict[str, tuple[float, Future[str]]] = field(default_factory=dict)

    def start_due(self, now: float) -> None:
        """Start each check whose last run has ended and was started its interval or longer before ``now``, in seconds."""
        for check in self.checks:
            started_at, run = self._runs.get(check.name, (float("-inf"), None))
            if now - started_at >= check.interval and (run is None or run.done()):
                self._runs[check.name] = now, self.start(check)

    def failures(self, now: float) -> tuple[str, ...]:
        """Return the failures of the latest runs that have ended, and the runs that are overdue at ``now``."""
        failures = {check.name: self._failure(check, now) for check in self.checks if check.name in self._runs}
        return tuple(f"check {name}: {failure}" for name, failure in failures.items() if failure)

    def running(self) -> tuple[str, ...]:
        """Return the names of the checks that are running."""
        return tuple(name for name, (_started_at, run) in self._runs.items() if not run.done())

    def _failure(self, check: Check, now: float) -> str:
        started_at, run = self._runs[check.name]
        if run.done():
            return run.result()
        return f"no result within {check.timeout:g} s" if now - started_at > check.timeout + GRACE_SECONDS else ""
