"""Whether a step of a release may go on: the candidate against the stable version, over the same time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log

from ..state import Decision
from .evidence import Counts, Evidence


@dataclass(frozen=True)
class Limits:
    """When a gate decides.

    ``false_alarm`` is the highest probability of failing a candidate that is no worse, ``missed`` that of passing one that
    is worse by the margin of a measure or more, both for the whole step. ``requests`` is how many the candidate has to
    have had at least before it may pass.
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
    """A decision, and a line for each measure that speaks for it."""

    decision: Decision
    reasons: tuple[str, ...]


def verdict(measures: Mapping[str, Evidence], limits: Limits) -> Verdict:
    """Return what ``measures``, each the evidence of one kind of bad request by its name, come to.

    One that is clearly worse fails the step; all have to be clear for it to pass.
    """
    alarm = limits.alarm(len(measures))
    failed = tuple(_told(name, each, "are worse") for name, each in measures.items() if each.worse >= alarm)
    if failed:
        return Verdict(Decision.FAIL, failed)
    waiting = tuple(_unclear(name, each, limits) for name, each in measures.items() if _open(each, limits))
    if waiting or not measures:
        return Verdict(Decision.WAIT, waiting or ("nothing is measured",))
    return Verdict(Decision.PASS, tuple(_told(name, each, "are not worse") for name, each in measures.items()))


def _open(evidence: Evidence, limits: Limits) -> bool:
    return evidence.candidate.requests < limits.requests or evidence.not_worse < log(1 / limits.missed)


def _unclear(name: str, evidence: Evidence, limits: Limits) -> str:
    if evidence.candidate.requests < limits.requests:
        return f"{name}: the candidate has had {evidence.candidate.requests} of {limits.requests} requests"
    return _told(name, evidence, "are not clear yet")


def _told(name: str, evidence: Evidence, what: str) -> str:
    return f"{name} {what}: candidate {_share(evidence.candidate)}, stable {_share(evidence.stable)}"


def _share(seen: Counts) -> str:
    return f"{seen.bad} of {seen.requests} ({100 * seen.bad / seen.requests:.2f} %)" if seen.requests else "none"
