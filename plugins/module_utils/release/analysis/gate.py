"""Decides whether a step of a release passes: the candidate against the stable version, in the same period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log

from ..state import Decision
from .evidence import Counts, Evidence


@dataclass(frozen=True)
class Thresholds:
    """When a gate decides.

    ``false_alarm`` is the highest probability of failing a candidate that is no worse, ``missed`` that of passing one that
    is worse by the margin of a measure or more, both for the whole step. ``requests`` is the minimum number of requests of
    a candidate that passes.
    """

    false_alarm: float = 0.01
    missed: float = 0.05
    requests: int = 50

    def __post_init__(self) -> None:
        for name in ("false_alarm", "missed"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name}: found {getattr(self, name):g}; allowed: a probability above 0 and below 1")
        if self.requests < 1:
            raise ValueError(f"requests: found {self.requests}; allowed: at least 1")

    def alarm(self, measures: int) -> float:
        """Return the logarithm of the e-value at which one of ``measures`` fails a step: they share the false alarms."""
        return log(measures / self.false_alarm) if measures else 0.0


@dataclass(frozen=True)
class Verdict:
    """A decision, and a line for each measure that is a reason for it."""

    decision: Decision
    reasons: tuple[str, ...]


def verdict(measures: Mapping[str, Evidence], thresholds: Thresholds) -> Verdict:
    """Return the verdict on ``measures``: the evidence of each kind of bad request, by its name.

    One that is clearly worse fails the step; it passes once all are clearly not worse.
    """
    alarm = thresholds.alarm(len(measures))
    failed = tuple(_reason(name, evidence, "are worse") for name, evidence in measures.items() if evidence.worse >= alarm)
    if failed:
        return Verdict(Decision.FAIL, failed)
    unclear = tuple(
        _unclear(name, evidence, thresholds) for name, evidence in measures.items() if _is_unclear(evidence, thresholds)
    )
    if unclear or not measures:
        return Verdict(Decision.WAIT, unclear or ("nothing is measured",))
    return Verdict(Decision.PASS, tuple(_reason(name, evidence, "are not worse") for name, evidence in measures.items()))


def _is_unclear(evidence: Evidence, thresholds: Thresholds) -> bool:
    return evidence.candidate.requests < thresholds.requests or evidence.not_worse < log(1 / thresholds.missed)


def _unclear(name: str, evidence: Evidence, thresholds: Thresholds) -> str:
    if evidence.candidate.requests < thresholds.requests:
        return f"{name}: the candidate has had {evidence.candidate.requests} of {thresholds.requests} requests"
    return _reason(name, evidence, "are not clear yet")


def _reason(name: str, evidence: Evidence, conclusion: str) -> str:
    return f"{name} {conclusion}: candidate {_share(evidence.candidate)}, stable {_share(evidence.stable)}"


def _share(counts: Counts) -> str:
    return f"{counts.bad} of {counts.requests} ({100 * counts.bad / counts.requests:.2f} %)" if counts.requests else "none"
