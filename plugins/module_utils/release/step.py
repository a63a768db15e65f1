"""A step of a release as it runs: both versions are watched at one weight until the gate has decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from ..model.instance import Version
from .analysis.gate import Verdict
from .analysis.watch import Watch
from .checking import Checking
from .state import Decision, Figures, Point, Release, Seen, Step
from .target import Aborted, Demand, Target

TICK_SECONDS = 0.5
TELL_SECONDS = 5.0
PLOT_SECONDS = 2.0


@dataclass
class Stage:
    """One step of ``release`` on ``target``; ``say`` reports its progress, ``load`` registers what has to end after it."""

    release: Release
    target: Target
    say: Callable[[str], None]
    now: Callable[[], float]
    sleep: Callable[[float], None]
    load: ExitStack
    _points: dict[str, list[Point]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._checking = Checking(self.release.rollout.checks, self.target.check)

    def watched(self) -> Step:
        """Return the step once it is decided; one that waits means that promotion is asked for whatever the gate says.

        Raises ``Aborted``, ``Interrupted``.
        """
        began, names, weight = self.now(), self.release.components, self.release.weight
        watches = {each: Watch(self.release.rollout.gate, weight >= 100, len(names)) for each in names}
        self._points = {each: [] for each in names}
        verdict = self._watched(weight, watches, began)
        self._plot(watches, self.now() - began)
        seen = tuple(Seen(name, *watch.figures(), tuple(self._points[name])) for name, watch in watches.items())
        return Step(weight, verdict.decision, verdict.reasons, self.now() - began, seen)

    def _watched(self, weight: float, watches: Mapping[str, Watch], began: float) -> Verdict:
        gate, told, loaded = self.release.rollout.gate, began, False
        self._checking.renew(began)
        while True:
            self.target.check_heartbeat()
            demand = self.target.demand()
            if demand == Demand.ABORT:
                raise Aborted("an abort was requested")
            if demand == Demand.PROMOTE:
                return Verdict(Decision.WAIT, ("promotion was requested",))
            for name, look in self.target.look().items():
                watches[name].see(look)
            passed = self.now() - began
            self._plot(watches, passed, PLOT_SECONDS)
            running = self._checking.running()
            verdict = self._verdict(weight, watches)
            ready = verdict.decision == Decision.PASS and passed >= gate.hold and demand != Demand.PAUSE
            if verdict.decision == Decision.FAIL or (ready and not running):
                return verdict
            if not ready:
                self._checking.renew(self.now())
            if verdict.decision == Decision.WAIT and passed >= gate.wait and demand != Demand.PAUSE:
                out = "more requests are needed: -e generate_load=true makes them"
                return Verdict(Decision.FAIL, (f"not clear after {passed:.0f} s", *verdict.reasons, out))
            if not loaded and passed >= gate.hold and min(each.course(passed) for each in watches.values()) < 1:
                loaded = True
                self._make_up()
            if self.now() - told >= TELL_SECONDS:
                told = self.now()
                left = f"waiting for check {', '.join(running)}" if ready else f"{max(0.0, gate.wait - passed):.0f} s left"
                self._tell(weight, watches, "paused" if demand == Demand.PAUSE else left)
            self.sleep(TICK_SECONDS)

    def _make_up(self) -> None:
        """Make up for too little traffic, or say how it can be."""
        if self.release.rollout.load:
            self.say(f"too few requests: the load generator makes more, with {self.release.rollout.load} users")
            self.load.enter_context(self.target.load())
        else:
            self.say("too few requests to decide in time: -e generate_load=true makes more")

    def _verdict(self, weight: float, watches: Mapping[str, Watch]) -> Verdict:
        dead = self.target.dead()
        if dead:
            return Verdict(Decision.FAIL, (dead,))
        wrong = self._checking.wrong(self.now())
        if wrong:
            return Verdict(Decision.FAIL, wrong)
        if not weight and not self.release.rollout.mirror:
            return Verdict(Decision.PASS, ("the candidates are healthy and the checks hold",))
        found = {name: watch.verdict() for name, watch in watches.items()}
        decision = next(
            (each for each in (Decision.FAIL, Decision.WAIT) if each in {one.decision for one in found.values()}), Decision.PASS
        )
        told = {name: one.reasons for name, one in found.items() if one.decision == decision}
        return Verdict(decision, tuple(f"{name}: {reason}" for name, reasons in told.items() for reason in reasons))

    def _tell(self, weight: float, watches: Mapping[str, Watch], left: str) -> None:
        for component, watch in watches.items():
            versions = [
                f"{name} {_told(seen)}" for name, seen in zip((Version.CANDIDATE, Version.STABLE), watch.figures(), strict=True)
            ]
            self.say(f"{weight:g} %: {component}: {'; '.join(versions)}; {left}")

    def _plot(self, watches: Mapping[str, Watch], at: float, every: float = 0.0) -> None:
        for name, watch in watches.items():
            points = self._points[name]
            if not points or at - points[-1].at >= every:
                points.append(Point(round(at, 1), *watch.figures()))


def _told(seen: Figures) -> str:
    if not seen.requests:
        return "no requests"
    good = 100 * (seen.requests - seen.errors) / seen.requests
    return f"{seen.requests} requests, {good:.2f} % good, p95 {seen.p95:.0f} ms"
