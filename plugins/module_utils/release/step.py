"""Runs a step of a release: compares both versions at one weight until the gate has decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from ..model.instance import Version
from .analysis.component import ComponentAnalysis
from .analysis.gate import Verdict
from .check_runs import CheckRuns
from .state import ComponentResult, Decision, Figures, Point, Release, Step
from .target import Aborted, Demand, Target

TICK_SECONDS = 0.5
REPORT_SECONDS = 5.0
POINT_SECONDS = 2.0


@dataclass
class StepRun:
    """Runs one step of ``release`` on ``target``; ``say`` reports its progress, ``load`` ends the load generator later."""

    release: Release
    target: Target
    say: Callable[[str], None]
    now: Callable[[], float]
    sleep: Callable[[float], None]
    load: ExitStack
    _points: dict[str, list[Point]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._checks = CheckRuns(self.release.rollout.checks, self.target.start_check)

    def run(self) -> Step:
        """Return the step once the gate has decided; it waits if a promotion is demanded before that.

        Raises ``Aborted``, ``Interrupted``.
        """
        began, names, weight = self.now(), self.release.components, self.release.weight
        analyses = {name: ComponentAnalysis(self.release.rollout.gate, weight >= 100, len(names)) for name in names}
        self._points = {name: [] for name in names}
        verdict = self._wait_for_verdict(weight, analyses, began)
        self._add_points(analyses, self.now() - began)
        results = tuple(
            ComponentResult(name, *analysis.figures(), tuple(self._points[name])) for name, analysis in analyses.items()
        )
        return Step(weight, verdict.decision, verdict.reasons, self.now() - began, results)

    def _wait_for_verdict(self, weight: float, analyses: Mapping[str, ComponentAnalysis], began: float) -> Verdict:
        gate, reported, load_decided = self.release.rollout.gate, began, False
        self._checks.start_due(began)
        while True:
            self.target.check_heartbeat()
            demand = self.target.demand()
            if demand == Demand.ABORT:
                raise Aborted("an abort was requested")
            if demand == Demand.PROMOTE:
                return Verdict(Decision.WAIT, ("promotion was requested",))
            for name, sample in self.target.sample().items():
                analyses[name].add(sample)
            elapsed = self.now() - began
            self._add_points(analyses, elapsed, POINT_SECONDS)
            running = self._checks.running()
            verdict = self._verdict(weight, analyses)
            ready = verdict.decision == Decision.PASS and elapsed >= gate.hold and demand != Demand.PAUSE
            if verdict.decision == Decision.FAIL or (ready and not running):
                return verdict
            if not ready:
                self._checks.start_due(self.now())
            if verdict.decision == Decision.WAIT and elapsed >= gate.wait and demand != Demand.PAUSE:
                hint = "more requests are needed: -e generate_load=true adds them"
                return Verdict(Decision.FAIL, (f"not clear after {elapsed:.0f} s", *verdict.reasons, hint))
            if not load_decided and elapsed >= gate.hold and self._too_few_requests(analyses, elapsed):
                load_decided = True
                self._add_load()
            if self.now() - reported >= REPORT_SECONDS:
                reported = self.now()
                left = f"waiting for check {', '.join(running)}" if ready else f"{max(0.0, gate.wait - elapsed):.0f} s left"
                self._report(weight, analyses, "paused" if demand == Demand.PAUSE else left)
            self.sleep(TICK_SECONDS)

    def _too_few_requests(self, analyses: Mapping[str, ComponentAnalysis], elapsed: float) -> bool:
        return any(analysis.projected_traffic(elapsed) < 1 for analysis in analyses.values())

    def _add_load(self) -> None:
        """Start the load generator if the release has one, else say how to get more traffic."""
        if self.release.rollout.load:
            self.say(f"too few requests: starting the load generator with {self.release.rollout.load} users")
            self.load.enter_context(self.target.generate_load())
        else:
            self.say("too few requests to decide in time: -e generate_load=true adds more")

    def _verdict(self, weight: float, analyses: Mapping[str, ComponentAnalysis]) -> Verdict:
        failure = self.target.candidate_failure()
        if failure:
            return Verdict(Decision.FAIL, (failure,))
        failed_checks = self._checks.failures(self.now())
        if failed_checks:
            return Verdict(Decision.FAIL, failed_checks)
        if not weight and not self.release.rollout.mirror:
            return Verdict(Decision.PASS, ("the candidates are healthy and the checks pass",))
        verdicts = {name: analysis.verdict() for name, analysis in analyses.items()}
        decisions = {verdict.decision for verdict in verdicts.values()}
        decision = next((decision for decision in (Decision.FAIL, Decision.WAIT) if decision in decisions), Decision.PASS)
        reasons = (
            f"{name}: {reason}"
            for name, verdict in verdicts.items()
            if verdict.decision == decision
            for reason in verdict.reasons
        )
        return Verdict(decision, tuple(reasons))

    def _report(self, weight: float, analyses: Mapping[str, ComponentAnalysis], left: str) -> None:
        for component, analysis in analyses.items():
            candidate, stable = analysis.figures()
            versions = f"{Version.CANDIDATE} {_figures_text(candidate)}; {Version.STABLE} {_figures_text(stable)}"
            self.say(f"{weight:g} %: {component}: {versions}; {left}")

    def _add_points(self, analyses: Mapping[str, ComponentAnalysis], at: float, interval: float = 0.0) -> None:
        for name, analysis in analyses.items():
            points = self._points[name]
            if not points or at - points[-1].at >= interval:
                points.append(Point(round(at, 1), *analysis.figures()))


def _figures_text(figures: Figures) -> str:
    if not figures.requests:
        return "no requests"
    good = 100 * (figures.requests - figures.errors) / figures.requests
    return f"{figures.requests} requests, {good:.2f} % good, p95 {figures.p95:.0f} ms"
