"""How sure one can be that a candidate is worse than the stable version, or is not: a test that may be read at any time.

The measure is an e-value for two streams of yes-or-no outcomes, here bad and good requests: a number whose mean is at most
1 while a hypothesis holds, however often it is looked at and whenever one stops. A value of 1/p is seen with a probability
of p at the most (Ville's inequality). So a gate may watch continuously, stop early, or go on for more data, and its rate of
errors is still the one that was asked for; a test for a fixed number of requests promises nothing of the kind.

Source: R. Turner, A. Ly, P. Grünwald, "Generic E-variables for exact sequential k-sample tests that allow for optional
stopping", Journal of Statistical Planning and Inference 230 (2024); the form for a difference of proportions is in
R. Turner, P. Grünwald, "Exact anytime-valid confidence intervals for contingency tables and beyond", Statistics and
Probability Letters 198 (2023). Each block of data is compared with the hypothesis under the alternative that the blocks
before it suggest.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log

_PRIOR_REQUESTS = 100.0
_PRIOR_BAD_SHARE = 0.01
_MIN, _STEPS = 1e-9, 60


@dataclass(frozen=True)
class Counts:
    """So many requests, and how many of them were bad."""

    requests: int = 0
    bad: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.requests + other.requests, self.bad + other.bad)


@dataclass(frozen=True)
class Evidence:
    """What has been seen of both versions, and what it says, as natural logarithms of e-values.

    ``worse`` is the evidence against "the candidate's share of bad requests is not above that of the stable version",
    ``not_worse`` the evidence against "it is above it by ``margin`` or more", a share between 0 and 1.
    """

    margin: float
    worse: float = 0.0
    not_worse: float = 0.0
    candidate: Counts = field(default_factory=Counts)
    stable: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        if not 0 < self.margin < 1:
            raise ValueError(f"margin: found {self.margin:g}; allowed: a share above 0 and below 1")

    def seen(self, candidate: Counts, stable: Counts) -> Evidence:
        """Return the evidence with a block more: what came in of both versions over the same time."""
        usual = _expected(self.stable, _PRIOR_BAD_SHARE)
        suspected = _expected(self.candidate, min(usual + self.margin, 1 - _MIN))
        hoped = _expected(self.candidate, usual)
        return Evidence(
            margin=self.margin,
            worse=self.worse + log_e_value(candidate, stable, (max(suspected, usual), usual), 0.0),
            not_worse=self.not_worse
            + log_e_value(candidate, stable, (min(hoped, usual + self.margin), usual), self.margin),
            candidate=self.candidate + candidate,
            stable=self.stable + stable,
        )


@dataclass(frozen=True)
class Excess:
    """The logarithm ``worse`` of the e-value against "the share of bad requests is at most ``limit``", and what was seen."""

    limit: float
    worse: float = 0.0
    candidate: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        if not 0 < self.limit < 1:
            raise ValueError(f"limit: found {self.limit:g}; allowed: a share above 0 and below 1")

    def seen(self, candidate: Counts) -> Excess:
        """Return the evidence with a block more."""
        suspected = max(_expected(self.candidate, self.limit), self.limit)
        bad, good = candidate.bad, candidate.requests - candidate.bad
        gained = bad * log(suspected / self.limit) + good * log((1 - suspected) / (1 - self.limit))
        return Excess(self.limit, self.worse + gained, self.candidate + candidate)


def _expected(seen: Counts, prior: float) -> float:
    """Return the share of bad requests that ``seen`` suggests, drawn to ``prior`` as by a hundred requests like it."""
    share = (seen.bad + _PRIOR_REQUESTS * prior) / (seen.requests + _PRIOR_REQUESTS)
    return min(max(share, _MIN), 1 - _MIN)


def log_e_value(candidate: Counts, stable: Counts, alternative: tuple[float, float], difference: float) -> float:
    """Return the logarithm of one block's e-value.

    ``alternative`` has both shares as they are suspected to be; the hypothesis is that candidate and stable differ by
    ``difference`` or lie on its other side. Its member that explains the alternative best is what the data are held
    against.
    """
    nearest = _nearest(candidate.requests, stable.requests, alternative, difference)
    return sum(
        seen.bad * log(suspected / null) + (seen.requests - seen.bad) * log((1 - suspected) / (1 - null))
        for seen, suspected, null in zip((candidate, stable), alternative, nearest, strict=True)
    )


def _nearest(
    candidates: int, stables: int, alternative: tuple[float, float], difference: float
) -> tuple[float, float]:
    """Return the shares that differ by ``difference`` and have the least Kullback-Leibler divergence from ``alternative``.

    The divergence is convex along that line, so halving finds where its slope is 0.
    """
    low, high = max(0.0, -difference) + _MIN / 2, min(1.0, 1.0 - difference) - _MIN / 2
    for _step in range(_STEPS):
        share = (low + high) / 2
        slope = candidates * _slope(share + difference, alternative[0]) + stables * _slope(share, alternative[1])
        low, high = (low, share) if slope > 0 else (share, high)
    share = (low + high) / 2
    return share + difference, share


def _slope(share: float, suspected: float) -> float:
    return (share - suspected) / (share * (1 - share))
