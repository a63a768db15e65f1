"""The analysis of one component in a step of a release: samples of both versions, and the gate's verdict on them."""

from __future__ import annotations

from collections.abc import Mapping
from math import log

from ...model.release import Gate
from ...model.traffic import Totals
from ..state import Decision, Figures
from .evidence import Counts, Evidence, LimitEvidence
from .gate import Thresholds, Verdict, verdict

ERRORS, SLOW = "errors", "slow requests"
ERROR_RATE, LATENCY = "error rate", "latency"
MIN_REQUESTS_FOR_SLOW = 100
# The totals of the candidate and of the stable version, by the name of the caller whose proxy has counted them.
Sample = Mapping[str, tuple[Totals, Totals]]


class ComponentAnalysis:
    """Collects the evidence on one component in one step."""

    def __init__(self, gate: Gate, candidate_only: bool, components: int = 1) -> None:
        """``candidate_only`` tells that the stable version gets no more requests: then only the gate's limits apply.

        The false alarms of ``gate`` are shared by the ``components`` of the step.
        """
        self._gate = gate
        self._thresholds = Thresholds(gate.false_alarm / components, gate.missed, gate.requests)
        self._candidate_only = candidate_only
        self._previous: dict[str, tuple[Totals, Totals]] = {}
        self._slow_bound = 0
        self._measures = {ERRORS: Evidence(gate.margin)}
        self._limits: dict[str, LimitEvidence] = {}
        if gate.max_error_rate:
            self._limits[ERROR_RATE] = LimitEvidence(gate.max_error_rate)
        if gate.max_latency:
            self._limits[LATENCY] = LimitEvidence(1 - gate.quantile)
        self.candidate, self.stable = Totals(), Totals()

    def add(self, sample: Sample) -> None:
        """Add a sample.

        What a caller had counted before its first sample in this step is left out. A caller that is missing from a sample,
        because its proxy did not answer, is compared with the last sample that has it.
        """
        candidate, stable = Totals(), Totals()
        for caller, (candidate_totals, stable_totals) in sample.items():
            previous_candidate, previous_stable = self._previous.get(caller, (candidate_totals, stable_totals))
            candidate += candidate_totals.since(previous_candidate)
            stable += stable_totals.since(previous_stable)
        if self._previous:
            self._add_evidence(candidate, stable)
        if not self._slow_bound:
            self._set_slow_bound(sample)
        self._previous.update(sample)

    def verdict(self) -> Verdict:
        """Return the verdict on the samples so far."""
        exceeded = tuple(reason for name, evidence in self._limits.items() for reason in self._exceeded(name, evidence))
        if exceeded:
            return Verdict(Decision.FAIL, exceeded)
        if self._candidate_only:
            return Verdict(Decision.PASS, ("the candidate has all the users: there is nothing to compare it with",))
        comparison = verdict(self._measures, self._thresholds)
        if comparison.decision == Decision.PASS and SLOW not in self._measures:
            return Verdict(Decision.WAIT, (f"{SLOW}: the stable version has had too few requests to tell what is slow",))
        above = [name for name, evidence in self._limits.items() if evidence.above_limit]
        if comparison.decision == Decision.PASS and above:
            return Verdict(Decision.WAIT, tuple(f"{name}: above its limit, not clearly" for name in above))
        return comparison

    def projected_traffic(self, seconds: float) -> float:
        """Return the candidate's requests by the end of the step, at its rate over ``seconds``, as a share of enough.

        Enough is twice what a candidate without a bad request needs to pass.
        """
        gate = self._gate
        enough = 2 * max(gate.requests, log(1 / gate.missed) / gate.margin)
        return 1.0 if self._candidate_only else self.candidate.requests * gate.wait / max(seconds, 1.0) / enough

    def figures(self) -> tuple[Figures, Figures]:
        """Return the figures of the candidate and of the stable version in the step."""
        return self._figures(self.candidate), self._figures(self.stable)

    def _add_evidence(self, candidate: Totals, stable: Totals) -> None:
        self.candidate += candidate
        self.stable += stable
        if not self._candidate_only:
            self._measures[ERRORS] = self._measures[ERRORS].with_block(_errors(candidate), _errors(stable))
        if SLOW in self._measures:
            slow = [Counts(totals.timed, totals.slower_than(self._slow_bound)) for totals in (candidate, stable)]
            self._measures[SLOW] = self._measures[SLOW].with_block(*slow)
        if ERROR_RATE in self._limits:
            self._limits[ERROR_RATE] = self._limits[ERROR_RATE].with_block(_errors(candidate))
        if LATENCY in self._limits and self._gate.max_latency:
            slower = candidate.slower_than(round(self._gate.max_latency * 1000))
            self._limits[LATENCY] = self._limits[LATENCY].with_block(Counts(candidate.timed, slower))

    def _set_slow_bound(self, sample: Sample) -> None:
        """Derive what is slow from all requests of the stable version, before any request is compared with it."""
        stable = sum((stable for _candidate, stable in sample.values()), Totals())
        if not self._candidate_only and stable.timed >= MIN_REQUESTS_FOR_SLOW:
            self._slow_bound = stable.quantile_bound(self._gate.quantile)
            self._measures[SLOW] = Evidence(self._gate.slow_margin)

    def _exceeded(self, name: str, evidence: LimitEvidence) -> list[str]:
        if evidence.worse < self._thresholds.alarm(len(self._limits)):
            return []
        counts = evidence.candidate
        return [f"{name} is above its limit: {counts.bad} of {counts.requests} requests, allowed {100 * evidence.limit:g} %"]

    def _figures(self, totals: Totals) -> Figures:
        slow = totals.slower_than(self._slow_bound) if self._slow_bound else 0
        quantiles = [round(totals.quantile(share), 1) for share in (0.5, 0.95, 0.99)]
        return Figures(totals.requests, totals.errors, slow, *quantiles)


def _errors(totals: Totals) -> Counts:
    return Counts(totals.requests, min(totals.errors, totals.requests))
