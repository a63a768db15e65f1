"""Conducts a release: candidates beside the stable versions, weight after weight behind its gate, and back if one fails.

What is to happen is put on record before it does, so that another process can go on from wherever this one ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from typing import Protocol

from ..application.rollout import Check
from .gate import FAIL, PASS, WAIT, Verdict
from .state import (
    ABORTED,
    CLEARING,
    DEPLOYING,
    FAILED,
    PROMOTED,
    PROMOTING,
    ROLLING_BACK,
    SHIFTING,
    Figures,
    Point,
    Release,
    Seen,
    Step,
)
from .watch import Look, Watch

ABORT, PAUSE, PROMOTE = "abort", "pause", "promote"
TICK_SECONDS = 0.5
TELL_SECONDS = 5.0
PLOT_SECONDS = 2.0
DRAIN_SECONDS = 30.0
CANDIDATE, STABLE = "candidate", "stable"


class Fault(Exception):
    """The release cannot go on; the message says why."""


class Aborted(Fault):
    """Another process asked for the end of the release."""


class Interrupted(Exception):
    """Whoever asked for the release is gone: it holds where it is."""


class Target(Protocol):
    """Where a release takes place."""

    def keep(self, release: Release) -> None:
        """Put ``release`` on record."""

    def apply(self, release: Release) -> None:
        """Put ``release`` on record and bring containers and mesh to it. Raises ``Fault``."""

    def shift(self, release: Release) -> None:
        """Put ``release`` on record and split users by it, in one rename."""

    def promote(self, release: Release) -> None:
        """Put the versions of ``release`` on record as the components' own."""

    def known(self) -> bool:
        """Whether every caller's proxy knows where the candidates are."""

    def look(self) -> Mapping[str, Look]:
        """Return what each component's callers have counted of its candidate and of its stable version."""

    def dead(self) -> str:
        """Return what has become of a candidate that does not run as it did, nothing where all do."""

    def attend(self) -> None:
        """Raise ``Interrupted`` where whoever asked for the release is gone."""

    def request(self) -> str:
        """Return what another process asks of the release: nothing, abort, pause or promote."""

    def failed(self, check: Check) -> str:
        """Return what is wrong by ``check``, nothing where it holds."""

    def load(self) -> AbstractContextManager[None]:
        """Return what makes up for too little traffic."""


class Conductor:
    """Conducts one release on ``target``; ``say`` is told of its progress."""

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
        self._checked: dict[str, float] = {}
        self._points: dict[str, list[Point]] = {}

    def conduct(self, weights: tuple[float, ...]) -> Release:
        """Go through ``weights`` from where the release is; after 100 the candidates' versions are the components' own.

        Returns the release as it is then. Raises ``Interrupted`` where it holds before that.
        """
        try:
            if self.release.phase == ROLLING_BACK:
                return self._back()
            if self.release.phase in (PROMOTING, CLEARING):
                return self._finish()
            self._deploy(weights)
            for weight in weights:
                if weight > self.release.passed and not self._step(weight):
                    return self._promote()
            return self._promote() if self.release.passed >= 100 else self.release
        except Aborted as fault:
            return self.roll_back(str(fault), aborted=True)
        except Fault as fault:
            return self.roll_back(str(fault))

    def roll_back(self, reason: str, aborted: bool = False) -> Release:
        """Give all users the stable versions, in one rename, and remove the candidates unless they are to be kept."""
        self._change(phase=ROLLING_BACK, weight=0.0, reason=reason, aborted=aborted)
        self._target.shift(self.release)
        self._say(f"back to the stable version: {reason}")
        return self._back()

    def promote(self) -> Release:
        """Make the candidates' versions the components' own, whatever the gates say. Raises ``Interrupted``."""
        try:
            if self.release.phase in (PROMOTING, CLEARING):
                return self._finish()
            self._deploy((100.0,))
            return self._promote()
        except Fault as fault:
            return self.roll_back(str(fault))

    def abort(self) -> Release:
        """Give all users the stable versions and remove the candidates, also those kept. A promotion goes on to its end."""
        if self.release.phase in (PROMOTING, CLEARING):
            return self._finish()
        self._change(rollout=replace(self.release.rollout, keep_candidate=False))
        return self.roll_back(self.release.reason or "it was asked for", aborted=True)

    def _back(self) -> Release:
        """Go on with a rollback. Each part can be done again."""
        self._target.shift(self.release)
        self._drained(CANDIDATE)
        self._change(standing=self.release.rollout.keep_candidate)
        self._target.apply(self.release)
        self._change(phase=ABORTED if self.release.aborted else FAILED, ended=time.time())
        self._target.keep(self.release)
        return self.release

    def _deploy(self, weights: tuple[float, ...]) -> None:
        """Bring the candidates up. One that went on before keeps its weight meanwhile."""
        scale = max([self.release.weight, *weights[:1]])
        if self.release.phase == DEPLOYING or scale > self.release.scale:
            self._say(f"candidates for {scale:g} % of the users")
            self._change(scale=max(scale, self.release.scale))
            self._target.apply(self.release)
        self._change(phase=SHIFTING)
        self._target.shift(self.release)
        self._known()

    def _step(self, weight: float) -> bool:
        """Go to ``weight`` and wait for its gate; false where promotion is asked for instead. Raises ``Fault``."""
        self._target.attend()
        if weight > self.release.scale:
            self._change(scale=weight)
            self._target.apply(self.release)
            self._known()
        self._change(weight=weight)
        self._target.shift(self.release)
        self._say(f"{weight:g} % of the users have the candidate")
        began, names = self._now(), self.release.components
        watches = {each: Watch(self.release.rollout.gate, weight >= 100, len(names)) for each in names}
        self._points = {each: [] for each in names}
        with ExitStack() as load:
            verdict = self._watched(weight, watches, began, load)
        self._plot(watches, self._now() - began)
        seen = tuple(Seen(name, *watch.figures(), tuple(self._points[name])) for name, watch in watches.items())
        step = Step(weight, verdict.decision, verdict.reasons, self._now() - began, seen)
        self._change(steps=(*self.release.steps, step))
        if verdict.decision == FAIL:
            raise Fault("; ".join(verdict.reasons))
        if verdict.decision == PASS:
            self._change(passed=weight)
        self._target.keep(self.release)
        self._say(f"{weight:g} %: {verdict.decision}: " + "; ".join(verdict.reasons))
        return verdict.decision == PASS

    def _watched(self, weight: float, watches: Mapping[str, Watch], began: float, load: ExitStack) -> Verdict:
        """Return the gate's decision at ``weight``; to wait means that promotion is asked for whatever it says."""
        gate, told, loaded = self.release.rollout.gate, began, False
        while True:
            self._target.attend()
            request = self._target.request()
            if request == ABORT:
                raise Aborted("it was asked for")
            if request == PROMOTE:
                return Verdict(WAIT, ("promotion was asked for",))
            for name, look in self._target.look().items():
                watches[name].see(look)
            passed = self._now() - began
            self._plot(watches, passed, PLOT_SECONDS)
            verdict = self._verdict(weight, watches)
            if verdict.decision == FAIL or (verdict.decision == PASS and passed >= gate.hold and request != PAUSE):
                return verdict
            if passed >= gate.wait and request != PAUSE:
                out = "more requests are needed: -e generate_load=true makes them"
                return Verdict(FAIL, (f"not clear after {passed:.0f} s", *verdict.reasons, out))
            if not loaded and passed >= gate.hold and min(each.course(passed) for each in watches.values()) < 1:
                loaded = True
                self._make_up(load)
            if self._now() - told >= TELL_SECONDS:
                told = self._now()
                self._tell(weight, watches, gate.wait - passed if request != PAUSE else None)
            self._sleep(TICK_SECONDS)

    def _make_up(self, load: ExitStack) -> None:
        """Make up for too little traffic, or say how it can be."""
        if self.release.rollout.load:
            self._say(f"too few requests: the load generator makes more, with {self.release.rollout.load} users")
            load.enter_context(self._target.load())
        else:
            self._say("too few requests to decide in time: -e generate_load=true makes more")

    def _verdict(self, weight: float, watches: Mapping[str, Watch]) -> Verdict:
        dead = self._target.dead()
        if dead:
            return Verdict(FAIL, (dead,))
        for check in self.release.rollout.checks:
            if self._now() - self._checked.get(check.name, float("-inf")) >= check.interval:
                self._checked[check.name] = self._now()
                wrong = self._target.failed(check)
                if wrong:
                    return Verdict(FAIL, (f"check {check.name}: {wrong}",))
        if not weight and not self.release.rollout.mirror:
            return Verdict(PASS, ("the candidates are healthy and the checks hold",))
        found = {name: watch.verdict() for name, watch in watches.items()}
        decision = next((each for each in (FAIL, WAIT) if each in {one.decision for one in found.values()}), PASS)
        told = {name: one.reasons for name, one in found.items() if one.decision == decision}
        return Verdict(decision, tuple(f"{name}: {reason}" for name, reasons in told.items() for reason in reasons))

    def _tell(self, weight: float, watches: Mapping[str, Watch], left: float | None) -> None:
        ends = "paused" if left is None else f"{left:.0f} s left"
        for component, watch in watches.items():
            versions = [f"{name} {_told(seen)}" for name, seen in zip((CANDIDATE, STABLE), watch.figures(), strict=True)]
            self._say(f"{weight:g} %: {component}: {'; '.join(versions)}; {ends}")

    def _plot(self, watches: Mapping[str, Watch], at: float, every: float = 0.0) -> None:
        for name, watch in watches.items():
            points = self._points[name]
            if not points or at - points[-1].at >= every:
                points.append(Point(round(at, 1), *watch.figures()))

    def _promote(self) -> Release:
        """Make the candidates' versions the components' own, while the candidates have all the users."""
        self._target.attend()
        if self.release.scale < 100:
            self._change(scale=100.0)
            self._target.apply(self.release)
            self._known()
        self._change(weight=100.0)
        self._target.shift(self.release)
        self._drained(STABLE)
        self._say("promoted: the components' own instances become the new version")
        self._change(phase=PROMOTING)
        return self._finish()

    def _finish(self) -> Release:
        """Go on with a promotion. Each part can be done again."""
        self._target.attend()
        if self.release.phase == PROMOTING:
            self._target.apply(self.release)
            self._change(phase=CLEARING, weight=0.0)
        self._target.shift(self.release)
        self._drained(CANDIDATE)
        self._target.promote(self.release)
        self._change(standing=False, phase=PROMOTED, ended=time.time())
        self._target.apply(self.release)
        return self.release

    def _drained(self, version: str) -> None:
        """Wait until no caller has a request under way to ``version``, for as long as requests may take."""
        deadline = self._now() + DRAIN_SECONDS
        index = (CANDIDATE, STABLE).index(version)
        self._sleep(TICK_SECONDS)
        while self._under_way(index) and self._now() < deadline:
            self._sleep(TICK_SECONDS)

    def _under_way(self, index: int) -> int:
        return sum(totals[index].active for look in self._target.look().values() for totals in look.values())

    def _known(self) -> None:
        """Wait until every caller knows where the candidates are. Raises ``Fault``."""
        deadline = self._now() + DRAIN_SECONDS
        while not self._target.known():
            if self._now() > deadline:
                raise Fault("callers' proxies did not take in the candidates' addresses")
            self._sleep(TICK_SECONDS)

    def _change(self, **changes: object) -> None:
        self.release = replace(self.release, **changes)  # type: ignore[arg-type]


def _told(seen: Figures) -> str:
    if not seen.requests:
        return "no requests"
    good = 100 * (seen.requests - seen.errors) / seen.requests
    return f"{seen.requests} requests, {good:.2f} % good, p95 {seen.p95:.0f} ms"
