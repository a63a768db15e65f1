"""The arithmetic of the gates: exact by enumeration, and compared with published values."""

from __future__ import annotations

from itertools import product
from math import comb, exp, log

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.analysis.evidence import Counts, Evidence, log_e_value

MARGIN = 0.05
SHARES = (0.0, 0.01, 0.05, 0.2, 0.5, 0.9)


def probability(bad: int, requests: int, share: float) -> float:
    return comb(requests, bad) * share**bad * (1 - share) ** (requests - bad)


def mean_e_value(before: Evidence, candidates: int, stables: int, shares: tuple[float, float], field: str) -> float:
    """Return the mean of a block's e-value over all outcomes, each with its probability."""
    total = 0.0
    for bad_candidates, bad_stables in product(range(candidates + 1), range(stables + 1)):
        after = before.with_block(Counts(candidates, bad_candidates), Counts(stables, bad_stables))
        gained = exp(getattr(after, field) - getattr(before, field))
        total += gained * probability(bad_candidates, candidates, shares[0]) * probability(bad_stables, stables, shares[1])
    return total


PASTS = [
    Evidence(MARGIN),
    Evidence(MARGIN, candidate=Counts(40, 10), stable=Counts(400, 4)),
    Evidence(MARGIN, candidate=Counts(900, 2), stable=Counts(9000, 100)),
    Evidence(MARGIN, candidate=Counts(10, 10), stable=Counts(10, 10)),
]
BLOCKS = [(1, 9), (5, 5), (8, 2), (3, 0), (0, 3)]


@pytest.mark.parametrize("before", PASTS)
@pytest.mark.parametrize(("candidates", "stables"), BLOCKS)
def test_the_mean_is_at_most_1_while_the_candidate_is_no_worse(before: Evidence, candidates: int, stables: int) -> None:
    for shares in product(SHARES, SHARES):
        if shares[0] <= shares[1]:
            assert mean_e_value(before, candidates, stables, shares, "worse") <= 1 + 1e-6, shares


@pytest.mark.parametrize("before", PASTS)
@pytest.mark.parametrize(("candidates", "stables"), BLOCKS)
def test_the_mean_is_at_most_1_while_the_candidate_is_worse_by_the_margin(
    before: Evidence, candidates: int, stables: int
) -> None:
    for stable in SHARES:
        for share in (stable + MARGIN, stable + 2 * MARGIN, 1.0):
            if share <= 1:
                mean = mean_e_value(before, candidates, stables, (share, stable), "not_worse")
                assert mean <= 1 + 1e-6, (share, stable)


def test_equal_shares_are_compared_with_the_weighted_mean() -> None:
    """Turner, Ly, Grünwald, section 2: the closest hypothesis of equal shares is the mean, weighted by block size."""
    before = Evidence(MARGIN, candidate=Counts(300, 60), stable=Counts(900, 9))
    after = before.with_block(Counts(4, 1), Counts(12, 0))
    stable = (9 + 1) / (900 + 100)
    candidate = (60 + 100 * (stable + MARGIN)) / (300 + 100)
    mean = (4 * candidate + 12 * stable) / 16
    expected = log(candidate / mean) + 3 * log((1 - candidate) / (1 - mean)) + 12 * log((1 - stable) / (1 - mean))
    assert after.worse == pytest.approx(expected, rel=1e-6)


# One pair of groups, and how many of each block's requests were bad: of one each, and of one candidate to two stable.
EVEN = ([0, 0, 1, 0, 1, 0, 0, 0, 0, 0], 1), ([1, 1, 1, 1, 1, 1, 0, 1, 1, 1], 1)
UNEVEN = ([0, 1, 0, 0, 0, 1, 0, 0], 1), ([2, 1, 2, 0, 1, 2, 1, 2], 2)
EVEN_PRIORS, UNEVEN_PRIORS = ((0.18, 0.18), (0.18, 0.18)), ((1, 19), (1, 9))


@pytest.mark.parametrize(
    ("groups", "priors", "difference", "published"),
    [
        (EVEN, EVEN_PRIORS, 0.0, 11.1502948848),
        (EVEN, EVEN_PRIORS, -0.594, 0.1406223334),
        (EVEN, EVEN_PRIORS, -0.198, 1.270297685),
        (EVEN, EVEN_PRIORS, 0.198, 238.2502231),
        (EVEN, EVEN_PRIORS, 0.396, 16845.10120),
        (UNEVEN, UNEVEN_PRIORS, 0.0, 2.4177364061),
        (UNEVEN, UNEVEN_PRIORS, -0.594, 0.01467963546),
        (UNEVEN, UNEVEN_PRIORS, 0.198, 15.20603945),
        (UNEVEN, UNEVEN_PRIORS, 0.594, 37620.76500),
    ],
)
def test_e_values_are_those_of_the_authors_library(
    groups: tuple[tuple[list[int], int], tuple[list[int], int]],
    priors: tuple[tuple[float, float], tuple[float, float]],
    difference: float,
    published: float,
) -> None:
    """The authors' R package safestats 0.8.7: `calculateSequential2x2E`, and `calculateEValuesForLinearDeltaGrid`.

    It learns the alternative by beta priors; the values are those with `tol = 1e-13` for its `uniroot`, which finds the
    nearest hypothesis to four digits otherwise.
    """
    total, totals = 0.0, [Counts(), Counts()]
    for bad in zip(groups[0][0], groups[1][0], strict=True):
        candidate, stable = (
            (counts.bad + prior[0]) / (counts.requests + sum(prior)) for counts, prior in zip(totals, priors, strict=True)
        )
        block = [Counts(size, bad_count) for bad_count, (_outcomes, size) in zip(bad, groups, strict=True)]
        total += log_e_value(block[0], block[1], (candidate, stable), difference)
        totals = [counts + increment for counts, increment in zip(totals, block, strict=True)]
    assert exp(total) == pytest.approx(published, rel=1e-6)


def test_failures_are_evidence_and_successes_against_it() -> None:
    start = Evidence(MARGIN)
    assert start.with_block(Counts(10, 10), Counts(90, 0)).worse > start.with_block(Counts(10, 2), Counts(90, 0)).worse > 0
    assert start.with_block(Counts(10, 0), Counts(90, 0)).worse < 0
    assert start.with_block(Counts(200, 0), Counts(200, 0)).not_worse > 0


def test_a_slow_hour_that_hits_both_is_no_evidence_that_the_candidate_is_worse() -> None:
    evidence = Evidence(MARGIN)
    for _block in range(50):
        evidence = evidence.with_block(Counts(10, 3), Counts(90, 27))
    assert evidence.worse < log(2)


def test_empty_counts_change_nothing() -> None:
    assert Evidence(MARGIN).with_block(Counts(), Counts()) == Evidence(MARGIN)


@pytest.mark.parametrize("margin", [0, 1, -0.1, float("nan")])
def test_a_margin_that_is_no_share_is_refused(margin: float) -> None:
    with pytest.raises(ValueError, match="margin: found"):
        Evidence(margin)
