"""How strong the evidence is that a candidate is worse than the stable version, or not: a sequential test, valid at any time.

The measure is an e-value for two streams of yes-or-no outcomes, here bad and good requests: a number whose mean is at most
1 while a hypothesis holds, however often it is read and whenever the test stops. The probability of a value of 1/p is at
most p (Ville's inequality). So a gate may read it continuously, stop early or wait for more data, and keeps its configured
error rates; a test for a fixed number of requests does not.

Source: R. Turner, A. Ly, P. Grünwald, "Generic E-variables for exact sequential k-sample tests that allow for optional
stopping", Journal of Statistical Planning and Inference 230 (2024); the form for a difference of proportions is in
R. Turner, P. Grünwald, "Exact anytime-valid confidence intervals for contingency tables and beyond", Statistics and
Probability Letters 198 (2023). Each block of data tests the hypothesis against the alternative that the blocks before it
suggest.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log

_PRIOR_REQUESTS = 100.0
_PRIOR_BAD_SHARE = 0.01
_MIN, _STEPS = 1e-9, 60


@dataclass(frozen=True)
class Counts:
    """A number of requests, and how many of them were bad."""

    requests: int = 0
    bad: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.requests + other.requests, self.bad + other.bad)


@dataclass(frozen=True)
class Evidence:
    """The requests of both versions, and the evidence in them as natural logarithms of e-values.

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

    def with_block(self, candidate: Counts, stable: Counts) -> Evidence:
        """Return the evidence with one more block: the requests of both versions in the same period."""
        baseline = _expected(self.stable, _PRIOR_BAD_SHARE)
        if_worse = _expected(self.candidate, min(baseline + self.margin, 1 - _MIN))
        if_equal = _expected(self.candidate, baseline)
        return Evidence(
            margin=self.margin,
            worse=self.worse + log_e_value(candidate, stable, (max(if_worse, baseline), baseline), 0.0),
            not_worse=self.not_worse
            + log_e_value(candidate, stable, (min(if_equal, baseline + self.margin), baseline), self.margin),
            candidate=self.candidate + candidate,
            stable=self.stable + stable,
        )


@dataclass(frozen=True)
class LimitEvidence:
    """The candidate's requests, and ``worse``, the logarithm of the e-value against "at most a share of ``limit`` is bad"."""

    limit: float
    worse: float = 0.0
    candidate: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        if not 0 < self.limit < 1:
            raise ValueError(f"limit: found {self.limit:g}; allowed: a share above 0 and below 1")

    @property
    def above_limit(self) -> bool:
        """Whether the share of bad requests is above the limit, clearly or not."""
        return self.candidate.bad > self.limit * self.candidate.requests

    def with_block(self, candidate: Counts) -> LimitEvidence:
        """Return the evidence with one more block."""
        suspected = max(_expected(self.candidate, self.limit), self.limit)
        bad, good = candidate.bad, candidate.requests - candidate.bad
        gain = bad * log(suspected / self.limit) + good * log((1 - suspected) / (1 - self.limit))
        return LimitEvidence(self.limit, self.worse + gain, self.candidate + candidate)


def _expected(counts: Counts, prior: float) -> float:
    """Return the share of bad requests that ``counts`` suggest, with a hundred requests of the share ``prior`` added."""
    share = (counts.bad + _PRIOR_REQUESTS * prior) / (counts.requests + _PRIOR_REQUESTS)
    return min(max(share, _MIN), 1 - _MIN)


def log_e_value(candidate: Counts, stable: Counts, alternative: tuple[float, float], difference: float) -> float:
    """Return the logarithm of one block's e-value.

    ``alternative`` has the suspected shares of candidate and stable; the hypothesis is that they differ by ``difference``
    or lie on its other side. The data are tested against the member of the hypothesis that is nearest to the alternative.
    """
    nearest = _nearest(candidate.requests, stable.requests, alternative, difference)
    return sum(
        counts.bad * log(suspected / null) + (counts.requests - counts.bad) * log((1 - suspected) / (1 - null))
        for counts, suspected, null in zip((candidate, stable), alternative, nearest, strict=True)
    )


def _nearest(
    candidates: int, stables: int, alternative: tuple[float, float], difference: float
) -> tuple[float, float]:
    """Return the shares that differ by ``difference`` and have the least Kullback-Leibler divergence from ``alternative``.

    The divergence is convex along that line, so bisection finds where its slope is 0.
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
