"""Rolls out a release: candidates beside the stable versions, each weight behind its gate, rolled back if one fails.

Each step is stored before it is taken, so that another process can resume an interrupted rollout at any point.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from ..model.instance import Version
from .state import Decision, Phase, Release
from .step import TICK_SECONDS, StepRun
from .target import Aborted, Demand, ReleaseError, Target

SYNC_TIMEOUT_SECONDS = 30.0
DRAIN_TIMEOUT_SECONDS = 30.0
# A request may take this long from the decision for a version until it calls the released component.
QUIET_SECONDS = 2.0
# Users must not keep a failed version because the target is out of order for a while.
ROLLBACK_TIMEOUT_SECONDS = 180.0
_RETRY_SECONDS = 1.0
_POLL_SECONDS = 0.1


class Runner:
    """Runs one release on ``target``; ``say`` reports its progress."""

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
        """Go through ``weights`` from the release's own upwards, promote it after 100, and return it.

        Raises ``Interrupted`` if it stays at a weight before the end, ``ReleaseError`` if it cannot be rolled back.
        """
        # Roll back before the load ends.
        with self._load:
            try:
                return self._continue(weights)
            except ReleaseError as error:
                return self._recover(error)

    def _continue(self, weights: tuple[float, ...]) -> Release:
        if self.release.phase == Phase.ROLLING_BACK:
            return self._finish_rollback()
        if self.release.phase.promoting:
            return self._finish_promotion()
        self._deploy(weights)
        if self.release.rollout.checks and weights[0] and not self.release.weight and not self._check_candidates():
            return self._promote()
        for weight in weights:
            if weight > self.release.passed and weight >= self.release.weight and not self._run_step(weight):
                return self._promote()
        return self._promote() if self.release.passed >= 100 else self.release

    def _recover(self, error: ReleaseError) -> Release:
        """Roll back after ``error``, unless the rollback has failed or only candidates are left to remove."""
        if self.release.phase not in (Phase.DEPLOYING, Phase.SHIFTING, Phase.PROMOTING):
            raise error
        return self.roll_back(str(error), aborted=isinstance(error, Aborted))

    def roll_back(self, reason: str, aborted: bool = False) -> Release:
        """Give all users the stable versions, in one rename, and remove the candidates unless the release keeps them."""
        self._change(phase=Phase.ROLLING_BACK, reason=reason, aborted=aborted)
        if self.release.closed != Version.STABLE:
            self._change(weight=0.0, closed=None)
        self._shift_to_stable()
        self._say(f"rolling back to the stable version: {reason}")
        return self._finish_rollback()

    def promote(self) -> Release:
        """Make the candidates the stable versions, whatever the gates say. Raises ``Interrupted``."""
        try:
            if self.release.phase.promoting:
                return self._finish_promotion()
            self._deploy((100.0,))
            return self._promote()
        except ReleaseError as error:
            return self._recover(error)

    def abort(self) -> Release:
        """Give all users the stable versions and remove the candidates, kept ones too. A promotion is completed instead."""
        if self.release.phase.promoting:
            return self._finish_promotion()
        self._change(rollout=replace(self.release.rollout, keep_candidate=False))
        return self.roll_back(self.release.reason or "an abort was requested", aborted=True)

    def _finish_rollback(self) -> Release:
        """Complete a rollback. Each part is idempotent."""
        if self.release.closed == Version.STABLE:
            # A promotion had begun to replace the stable version: restore it before users return to it.
            self._target.apply(self.release)
            self._change(weight=0.0, closed=None)
        self._shift_to_stable()
        self._close(Version.CANDIDATE)
        self._change(standing=self.release.rollout.keep_candidate)
        self._target.apply(self.release)
        self._change(phase=Phase.ABORTED if self.release.aborted else Phase.FAILED, ended=time.time())
        self._target.store(self.release)
        return self.release

    def _shift_to_stable(self) -> None:
        """Split users by the rollback; retry while the target refuses it. Raises ``ReleaseError``."""
        deadline, reported = self._now() + ROLLBACK_TIMEOUT_SECONDS, False
        while True:
            try:
                return self._target.shift(self.release)
            except ReleaseError as error:
                if self._now() > deadline:
                    raise
                if not reported:
                    reported = True
                    self._say(f"retrying the rollback for up to {ROLLBACK_TIMEOUT_SECONDS:.0f} s: {error}")
            self._sleep(_RETRY_SECONDS)

    def _deploy(self, weights: tuple[float, ...]) -> None:
        """Start the candidates. A resumed release keeps its weight meanwhile."""
        scale = max([self.release.weight, *weights[:1]])
        if self.release.phase == Phase.DEPLOYING or scale > self.release.scale:
            self._say(f"starting candidates for {scale:g} % of the users")
            self._change(scale=max(scale, self.release.scale))
            self._target.apply(self.release)
        self._change(phase=Phase.SHIFTING)
        self._target.shift(self.release)
        self._wait_for_sync()

    def _check_candidates(self) -> bool:
        """Run the checks before any user has the candidates; false if promotion is demanded. Raises ``ReleaseError``."""
        rollout = self.release.rollout
        return self._analyze(replace(self.release, rollout=replace(rollout, mirror=0.0, gate=replace(rollout.gate, hold=0.0))))

    def _run_step(self, weight: float) -> bool:
        """Go to ``weight`` and wait for its gate; false if promotion is demanded. Raises ``ReleaseError``."""
        self._target.check_heartbeat()
        if weight > self.release.scale:
            self._change(scale=weight)
            self._target.apply(self.release)
            self._wait_for_sync()
        self._wait_while_paused()
        self._change(weight=weight)
        self._target.shift(self.release)
        self._say(f"{weight:g} % of the users have the candidate")
        return self._analyze(self.release)

    def _analyze(self, release: Release) -> bool:
        """Run a step of ``release`` until its gate has decided; false if promotion is demanded. Raises ``ReleaseError``."""
        step = StepRun(release, self._target, self._say, self._now, self._sleep, self._load).run()
        self._change(steps=(*self.release.steps, step))
        if step.decision == Decision.FAIL:
            raise ReleaseError("; ".join(step.reasons))
        self._load.close()
        if step.decision == Decision.PASS:
            self._change(passed=step.weight)
        self._target.store(self.release)
        self._say(f"{step.weight:g} %: {step.decision}: " + "; ".join(step.reasons))
        return step.decision == Decision.PASS

    def _promote(self) -> Release:
        """Make the candidates the stable versions, while the candidates have all the users."""
        self._target.check_heartbeat()
        if self.release.scale < 100:
            self._change(scale=100.0)
            self._target.apply(self.release)
            self._wait_for_sync()
        self._wait_while_paused()
        self._change(weight=100.0)
        self._target.shift(self.release)
        self._close(Version.STABLE)
        self._say("promoting: the stable instances are replaced by the new version")
        # From here on a pause and an abort are refused; earlier ones are honoured.
        self._change(phase=Phase.PROMOTING)
        self._target.store(self.release)
        self._wait_while_paused()
        return self._finish_promotion()

    def _wait_while_paused(self) -> None:
        """Wait while a pause is demanded, and keep analyzing a candidate that has users.

        Raises ``Aborted``, ``Interrupted``, and ``ReleaseError`` if the candidate fails.
        """
        while (demand := self._target.demand()) in (Demand.PAUSE, Demand.ABORT):
            if demand == Demand.ABORT:
                raise Aborted("an abort was requested")
            if self.release.weight:
                self._analyze(self.release)
            else:
                self._target.check_heartbeat()
                self._sleep(TICK_SECONDS)

    def _finish_promotion(self) -> Release:
        """Complete a promotion. Each part is idempotent."""
        self._target.check_heartbeat()
        if self.release.phase == Phase.PROMOTING:
            self._target.apply(self.release)
            self._change(phase=Phase.CLEARING, weight=0.0, closed=Version.CANDIDATE)
        self._target.shift(self.release)
        self._wait_for_drain(Version.CANDIDATE)
        self._change(standing=False)
        self._target.promote(self.release)
        self._target.apply(self.release)
        # Last, since a release that has ended is not resumed.
        self._change(phase=Phase.PROMOTED, ended=time.time())
        self._target.store(self.release)
        return self.release

    def _close(self, version: Version) -> None:
        """Route no more requests to ``version``, which no user has, once it has had none for ``QUIET_SECONDS``.

        Until then the decision for a request holds on every hop; after that a longer one gets the other version.
        """
        self._wait_for_drain(version, QUIET_SECONDS)
        self._change(closed=version)
        self._target.shift(self.release)
        self._wait_for_drain(version)

    def _wait_for_drain(self, version: Version, quiet: float = 0.0) -> None:
        """Wait until ``version`` has had no request for ``quiet`` seconds, for ``DRAIN_TIMEOUT_SECONDS`` at most."""
        index = (Version.CANDIDATE, Version.STABLE).index(version)
        began = last_request = self._now()
        previous = -1
        while self._now() - began < DRAIN_TIMEOUT_SECONDS:
            synced = self._target.synced()
            requests, active = self._request_counts(index)
            if not synced or active or requests != previous:
                last_request, previous = self._now(), requests
            if synced and not active and self._now() - last_request >= quiet:
                return
            self._sleep(_POLL_SECONDS)

    def _request_counts(self, index: int) -> tuple[int, int]:
        """Return how many requests a version has had, and how many are in flight to it."""
        totals = [versions[index] for sample in self._target.sample().values() for versions in sample.values()]
        return sum(counted.requests for counted in totals), sum(counted.active for counted in totals)

    def _wait_for_sync(self) -> None:
        """Wait until every caller's proxy has loaded the candidates' endpoints. Raises ``ReleaseError``."""
        deadline = self._now() + SYNC_TIMEOUT_SECONDS
        while not self._target.synced():
            if self._now() > deadline:
                raise ReleaseError("the callers' proxies did not load the candidates' endpoints")
            self._sleep(_POLL_SECONDS)

    def _change(self, **changes: Any) -> None:
        self.release = replace(self.release, **changes)
