"""The checks of a step, made again and again beside its watch: a slow one does not keep the gate from seeing anything else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from ..model.release import Check

# A check ends itself in its time, and then can say more.
GRACE_SECONDS = 2.0


@dataclass
class Checking:
    """Has ``checks`` made by ``begin``, whose future tells what is wrong, nothing where the check holds."""

    checks: Sequence[Check]
    begin: Callable[[Check], Future[str]]
    _begun: dict[str, tuple[float, Future[str]]] = field(default_factory=dict)

    def renew(self, now: float) -> None:
        """Begin each check whose last run has ended and was begun its interval or longer before ``now``, in seconds."""
        for check in self.checks:
            at, run = self._begun.get(check.name, (float("-inf"), None))
            if now - at >= check.interval and (run is None or run.done()):
                self._begun[check.name] = now, self.begin(check)

    def wrong(self, now: float) -> tuple[str, ...]:
        """Return what the last runs found wrong that have ended, and which of the others should have by ``now``."""
        found = {check.name: self._found(check, now) for check in self.checks if check.name in self._begun}
        return tuple(f"check {name}: {wrong}" for name, wrong in found.items() if wrong)

    def running(self) -> tuple[str, ...]:
        """Return the names of those that are being made."""
        return tuple(name for name, (_at, run) in self._begun.items() if not run.done())

    def _found(self, check: Check, now: float) -> str:
        at, run = self._begun[check.name]
        if run.done():
            return run.result()
        return f"it had no end within {check.timeout:g} s" if now - at > check.timeout + GRACE_SECONDS else ""
