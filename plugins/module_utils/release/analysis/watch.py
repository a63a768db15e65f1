"""A step of a release as it is watched: what both versions do, look after look, and what the gate makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from math import log

from ...model.release import Gate
from ...model.traffic import Totals
from ..state import Decision, Figures
from .evidence import Counts, Evidence, Excess
from .gate import Limits, Verdict, verdict

ERRORS, SLOW = "errors", "slow requests"
ENOUGH_TO_KNOW_SLOW = 100
Look = Mapping[str, tuple[Totals, Totals]]


class Watch:
    """Collects the evidence of one step.

    A look has the totals of the candidate and of the stable version as each caller's proxy, by its name, counts them.
    """

    def __init__(self, gate: Gate, alone: bool, watches: int = 1) -> None:
        """``alone`` is the candidate where the stable version gets no requests any more: then only limits can be held.

        Of ``watches`` that have to pass together each takes its share of the false alarms.
        """
        self._gate = gate
        self._levels = Limits(gate.false_alarm / watches, gate.missed, gate.requests)
        self._alone = alone
        self._before: dict[str, tuple[Totals, Totals]] = {}
        self._slow_bound = 0
        self._measures = {ERRORS: Evidence(gate.margin)}
        self._limits: dict[str, Excess] = {}
        if gate.max_error_rate:
            self._limits["error rate"] = Excess(gate.max_error_rate)
        if gate.max_latency:
            self._limits["latency"] = Excess(1 - gate.quantile)
        self.candidate, self.stable = Totals(), Totals()

    def see(self, look: Look) -> None:
        """Take in a look.

        What a caller had counted before it was first seen in this step is left out. A caller that is missing in a look,
        since its proxy did not answer, is compared with the last look that has it.
        """
        candidate, stable = Totals(), Totals()
        for caller, (one, other) in look.items():
            was_one, was_other = self._before.get(caller, (one, other))
            candidate += one.since(was_one)
            stable += other.since(was_other)
        if self._before:
            self._weigh(candidate, stable)
        if not self._slow_bound:
            self._learn(look)
        self._before.update(look)

    def verdict(self) -> Verdict:
        """Return what has been seen comes to."""
        over = tuple(reason for name, each in self._limits.items() for reason in self._over(name, each))
        if over:
            return Verdict(Decision.FAIL, over)
        if self._alone:
            return Verdict(Decision.PASS, ("the candidate has all the users: there is nothing to compare it with",))
        found = verdict(self._measures, self._levels)
        if found.decision == Decision.PASS and SLOW not in self._measures:
            return Verdict(Decision.WAIT, (f"{SLOW}: the stable version has had too few requests to tell what is slow",))
        above = [name for name, each in self._limits.items() if each.candidate.bad > each.limit * each.candidate.requests]
        if found.decision == Decision.PASS and above:
            return Verdict(Decision.WAIT, tuple(f"{name}: above its limit, not clearly" for name in above))
        return found

    def course(self, seconds: float) -> float:
        """Return the requests that the candidate will have had at the end, at its rate of ``seconds``, as a share of enough.

        Enough is what a candidate needs to pass that makes no mistake, twice.
        """
        gate = self._gate
        enough = 2 * max(gate.requests, log(1 / gate.missed) / gate.margin)
        return 1.0 if self._alone else self.candidate.requests * gate.wait / max(seconds, 1.0) / enough

    def figures(self) -> tuple[Figures, Figures]:
        """Return what the candidate and the stable version have done in the step."""
        return self._figures(self.candidate), self._figures(self.stable)

    def _weigh(self, candidate: Totals, stable: Totals) -> None:
        self.candidate += candidate
        self.stable += stable
        if not self._alone:
            self._measures[ERRORS] = self._measures[ERRORS].seen(_errors(candidate), _errors(stable))
        if SLOW in self._measures:
            slow = [Counts(each.timed, each.slower_than(self._slow_bound)) for each in (candidate, stable)]
            self._measures[SLOW] = self._measures[SLOW].seen(*slow)
        if "error rate" in self._limits:
            self._limits["error rate"] = self._limits["error rate"].seen(_errors(candidate))
        if "latency" in self._limits and self._gate.max_latency:
            slow_ones = candidate.slower_than(round(self._gate.max_latency * 1000))
            self._limits["latency"] = self._limits["latency"].seen(Counts(candidate.timed, slow_ones))

    def _learn(self, look: Look) -> None:
        """Settle what is slow, before any request that is judged by it, by all that the stable version has ever done."""
        stable = sum((other for _candidate, other in look.values()), Totals())
        if not self._alone and stable.timed >= ENOUGH_TO_KNOW_SLOW:
            self._slow_bound = stable.quantile_bound(self._gate.quantile)
            self._measures[SLOW] = Evidence(self._gate.slow_margin)

    def _over(self, name: str, excess: Excess) -> list[str]:
        if excess.worse < self._levels.alarm(len(self._limits)):
            return []
        seen = excess.candidate
        return [f"{name} is above its limit: {seen.bad} of {seen.requests} requests, allowed {100 * excess.limit:g} %"]

    def _figures(self, totals: Totals) -> Figures:
        slow = totals.slower_than(self._slow_bound) if self._slow_bound else 0
        quantiles = [round(totals.quantile(share), 1) for share in (0.5, 0.95, 0.99)]
        return Figures(totals.requests, totals.errors, slow, *quantiles)


def _errors(totals: Totals) -> Counts:
    return Counts(totals.requests, min(totals.errors, totals.requests))
