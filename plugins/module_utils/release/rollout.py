"""Rolls out a release: candidates beside the stable versions, weight after weight behind its gate, and back if one fails.

The next step is stored before it is taken, so that another process can resume from wherever this one ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from ..model.instance import Version
from .state import Decision, Phase, Release
from .step import TICK_SECONDS, Stage
from .target import Aborted, Demand, Fault, Target

SETTLE_SECONDS = 30.0
DRAIN_SECONDS = 30.0
# A request that was given a version may take this long on its way before it calls the released component.
QUIET_SECONDS = 2.0
# Users are not left with a version that is to be taken from them because the target is out of order for a while.
BACK_SECONDS = 180.0
_TRY_SECONDS = 1.0
_PAUSE_SECONDS = 0.1


class Runner:
    """Runs one release on ``target``, weight by weight; ``say`` reports its progress."""

    def __init__(
        self,
        release: Release,
        target: Target,
        say: Callable[[str], None],
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.release = release
        self._target = target
        self._say = say
        self._now = now
        self._sleep = sleep
        self._load = ExitStack()

    def roll_out(self, weights: tuple[float, ...]) -> Release:
        """Go through ``weights`` from where the release is, never down; after 100 the candidates' versions are the own ones.

        Returns the release as it is then. Raises ``Interrupted`` where it holds before that, ``Fault`` where it cannot be
        rolled back.
        """
        # The rollback comes before the end of the load.
        with self._load:
            try:
                return self._course(weights)
            except Fault as fault:
                return self._recover(fault)

    def _course(self, weights: tuple[float, ...]) -> Release:
        if self.release.phase == Phase.ROLLING_BACK:
            return self._back()
        if self.release.phase.promoting:
            return self._finish()
        self._deploy(weights)
        if self.release.rollout.checks and weights[0] and not self.release.weight and not self._prove():
            return self._promote()
        for weight in weights:
            if weight > self.release.passed and weight >= self.release.weight and not self._step(weight):
                return self._promote()
        return self._promote() if self.release.passed >= 100 else self.release

    def _recover(self, fault: Fault) -> Release:
        """Roll back after ``fault``, unless that is what failed, or all that is left to do is to remove candidates."""
        if self.release.phase not in (Phase.DEPLOYING, Phase.SHIFTING, Phase.PROMOTING):
            raise fault
        return self.roll_back(str(fault), aborted=isinstance(fault, Aborted))

    def roll_back(self, reason: str, aborted: bool = False) -> Release:
        """Give all users the stable versions, in one rename, and remove the candidates unless they are to be kept."""
        self._change(phase=Phase.ROLLING_BACK, reason=reason, aborted=aborted)
        if self.release.closed != Version.STABLE:
            self._change(weight=0.0, closed=None)
        self._shift_back()
        self._say(f"rolling back to the stable version: {reason}")
        return self._back()

    def promote(self) -> Release:
        """Make the candidates' versions the components' own, whatever the gates say. Raises ``Interrupted``."""
        try:
            if self.release.phase.promoting:
                return self._finish()
            self._deploy((100.0,))
            return self._promote()
        except Fault as fault:
            return self._recover(fault)

    def abort(self) -> Release:
        """Give all users the stable versions and remove the candidates, also those kept. A promotion goes on to its end."""
        if self.release.phase.promoting:
            return self._finish()
        self._change(rollout=replace(self.release.rollout, keep_candidate=False))
        return self.roll_back(self.release.reason or "an abort was requested", aborted=True)

    def _back(self) -> Release:
        """Go on with a rollback. Each part can be done again."""
        if self.release.closed == Version.STABLE:
            # A promotion had begun to replace the stable version: it comes back before users do.
            self._target.apply(self.release)
            self._change(weight=0.0, closed=None)
        self._shift_back()
        self._close(Version.CANDIDATE)
        self._change(standing=self.release.rollout.keep_candidate)
        self._target.apply(self.release)
        self._change(phase=Phase.ABORTED if self.release.aborted else Phase.FAILED, ended=time.time())
        self._target.store(self.release)
        return self.release

    def _shift_back(self) -> None:
        """Split users as the rollback says, again and again where the target does not let it for now. Raises ``Fault``."""
        deadline, told = self._now() + BACK_SECONDS, False
        while True:
            try:
                return self._target.shift(self.release)
            except Fault as fault:
                if self._now() > deadline:
                    raise
                if not told:
                    told = True
                    self._say(f"the rollback is tried for up to {BACK_SECONDS:.0f} s: {fault}")
            self._sleep(_TRY_SECONDS)

    def _deploy(self, weights: tuple[float, ...]) -> None:
        """Bring the candidates up. One that is resumed keeps its weight meanwhile."""
        scale = max([self.release.weight, *weights[:1]])
        if self.release.phase == Phase.DEPLOYING or scale > self.release.scale:
            self._say(f"candidates for {scale:g} % of the users")
            self._change(scale=max(scale, self.release.scale))
            self._target.apply(self.release)
        self._change(phase=Phase.SHIFTING)
        self._target.shift(self.release)
        self._settle()

    def _prove(self) -> bool:
        """Have the checks hold before any user has the candidates; false where promotion is demanded. Raises ``Fault``."""
        rollout = self.release.rollout
        return self._judge(replace(self.release, rollout=replace(rollout, mirror=0.0, gate=replace(rollout.gate, hold=0.0))))

    def _step(self, weight: float) -> bool:
        """Go to ``weight`` and wait for its gate; false where promotion is demanded instead. Raises ``Fault``."""
        self._target.check_heartbeat()
        if weight > self.release.scale:
            self._change(scale=weight)
            self._target.apply(self.release)
            self._settle()
        self._hold()
        self._change(weight=weight)
        self._target.shift(self.release)
        self._say(f"{weight:g} % of the users have the candidate")
        return self._judge(self.release)

    def _judge(self, release: Release) -> bool:
        """Watch ``release`` until its gate has decided."""
        step = Stage(release, self._target, self._say, self._now, self._sleep, self._load).watched()
        self._change(steps=(*self.release.steps, step))
        if step.decision == Decision.FAIL:
            raise Fault("; ".join(step.reasons))
        self._load.close()
        if step.decision == Decision.PASS:
            self._change(passed=step.weight)
        self._target.store(self.release)
        self._say(f"{step.weight:g} %: {step.decision}: " + "; ".join(step.reasons))
        return step.decision == Decision.PASS

    def _promote(self) -> Release:
        """Make the candidates' versions the components' own, while the candidates have all the users."""
        self._target.check_heartbeat()
        if self.release.scale < 100:
            self._change(scale=100.0)
            self._target.apply(self.release)
            self._settle()
        self._hold()
        self._change(weight=100.0)
        self._target.shift(self.release)
        self._close(Version.STABLE)
        self._say("promoted: the components' own instances become the new version")
        # From here on a pause and an abort are refused: one that came before is met.
        self._change(phase=Phase.PROMOTING)
        self._target.store(self.release)
        self._hold()
        return self._finish()

    def _hold(self) -> None:
        """Wait while a pause is demanded; users who have a candidate meanwhile are watched over.

        Raises ``Aborted``, ``Interrupted``, and ``Fault`` where the candidate turns out to be bad.
        """
        while (demand := self._target.demand()) in (Demand.PAUSE, Demand.ABORT):
            if demand == Demand.ABORT:
                raise Aborted("an abort was requested")
            if self.release.weight:
                self._judge(self.release)
            else:
                self._target.check_heartbeat()
                self._sleep(TICK_SECONDS)

    def _finish(self) -> Release:
        """Go on with a promotion. Each part can be done again."""
        self._target.check_heartbeat()
        if self.release.phase == Phase.PROMOTING:
            self._target.apply(self.release)
            self._change(phase=Phase.CLEARING, weight=0.0, closed=Version.CANDIDATE)
        self._target.shift(self.release)
        self._drained(Version.CANDIDATE)
        self._change(standing=False)
        self._target.finish(self.release)
        self._target.apply(self.release)
        # It has ended once nothing is left to do: what has ended nobody resumes.
        self._change(phase=Phase.PROMOTED, ended=time.time())
        self._target.store(self.release)
        return self.release

    def _close(self, version: Version) -> None:
        """Let ``version``, which no user is given any more, get no request: once none has come for ``QUIET_SECONDS``.

        Until then what was decided for a request holds on every hop; one that takes longer gets the other version then.
        """
        self._drained(version, QUIET_SECONDS)
        self._change(closed=version)
        self._target.shift(self.release)
        self._drained(version)

    def _drained(self, version: Version, quiet: float = 0.0) -> None:
        """Wait until ``version`` has had no request for ``quiet`` seconds, as long as requests may take at most."""
        index = (Version.CANDIDATE, Version.STABLE).index(version)
        began = last = self._now()
        before = -1
        while self._now() - began < DRAIN_SECONDS:
            settled = self._target.settled()
            requests, active = self._traffic(index)
            if not settled or active or requests != before:
                last, before = self._now(), requests
            if settled and not active and self._now() - last >= quiet:
                return
            self._sleep(_PAUSE_SECONDS)

    def _traffic(self, index: int) -> tuple[int, int]:
        """Return how many requests a version has had, and how many are in flight to it."""
        totals = [each[index] for look in self._target.look().values() for each in look.values()]
        return sum(each.requests for each in totals), sum(each.active for each in totals)

    def _settle(self) -> None:
        """Wait until every caller has taken in where the candidates are. Raises ``Fault``."""
        deadline = self._now() + SETTLE_SECONDS
        while not self._target.settled():
            if self._now() > deadline:
                raise Fault("callers' proxies did not take in the candidates' addresses")
            self._sleep(_PAUSE_SECONDS)

    def _change(self, **changes: Any) -> None:
        self.release = replace(self.release, **changes)
