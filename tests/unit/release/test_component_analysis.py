"""The verdict of a step on the statistics of the callers' proxies."""

from __future__ import annotations

from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import LATENCY_BOUNDS, Gate
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.traffic import Totals
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.analysis.component import ComponentAnalysis
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.analysis.gate import Verdict
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import Decision

SAMPLES = 20


def totals(requests: int, errors: int = 0, slow: int = 0) -> Totals:
    """Return totals with ``slow`` requests longer than 50 ms, and the others below 10 ms."""
    within = tuple(requests - slow if 10 <= bound < 1000 else (0 if bound < 10 else requests) for bound in LATENCY_BOUNDS)
    return Totals(requests, errors, 0, requests, within)


def verdict_after(
    candidate: tuple[int, int, int], stable: tuple[int, int, int], gate: Gate | None = None, alone: bool = False
) -> Verdict:
    """Return the verdict after several samples with the given requests, errors and slow requests of both versions in each."""
    analysis = ComponentAnalysis(gate or Gate(), alone)
    for sample in range(SAMPLES):
        candidate_totals, stable_totals = (totals(*(count * sample for count in version)) for version in (candidate, stable))
        analysis.add({"caller": (candidate_totals, stable_totals + totals(1000))})
        verdict = analysis.verdict()
        if verdict.decision == Decision.FAIL:
            break
    return verdict


def test_an_equal_candidate_passes() -> None:
    assert verdict_after((20, 0, 0), (180, 0, 0)).decision == Decision.PASS
    assert verdict_after((40, 0, 1), (180, 0, 4)).decision == Decision.PASS


def test_too_few_requests_wait() -> None:
    verdict = verdict_after((2, 0, 0), (180, 0, 0))
    assert verdict.decision == Decision.WAIT
    assert "of 50 requests" in verdict.reasons[0]


def test_more_errors_or_more_slow_requests_fail() -> None:
    assert "errors are worse" in verdict_after((20, 1, 0), (180, 0, 0)).reasons[0]
    assert "slow requests are worse" in verdict_after((20, 0, 4), (180, 0, 4)).reasons[0]


def test_a_fault_of_both_versions_does_not_fail() -> None:
    assert verdict_after((20, 2, 0), (180, 18, 0)).decision != Decision.FAIL
    assert verdict_after((20, 0, 4), (180, 0, 36)).decision != Decision.FAIL


def test_absolute_limits_apply_whatever_the_stable_version_does() -> None:
    assert "error rate is above" in verdict_after((20, 2, 0), (180, 18, 0), Gate(max_error_rate=0.01)).reasons[0]
    assert "latency is above" in verdict_after((20, 0, 4), (180, 0, 36), Gate(max_latency=0.5)).reasons[0]
    assert verdict_after((40, 0, 0), (180, 0, 0), Gate(max_error_rate=0.05, max_latency=0.5)).decision == Decision.PASS


def test_at_full_weight_only_absolute_limits_apply() -> None:
    assert verdict_after((200, 20, 0), (0, 0, 0), alone=True).decision == Decision.PASS
    assert verdict_after((200, 20, 0), (0, 0, 0), Gate(max_error_rate=0.01), alone=True).decision == Decision.FAIL


def test_without_a_history_the_latency_bound_is_learnt_first() -> None:
    analysis = ComponentAnalysis(Gate(), candidate_only=False)
    for sample in range(2):
        analysis.add({"caller": (totals(200 * sample), totals(40 * sample))})
    assert analysis.verdict().decision == Decision.WAIT


def test_a_caller_that_is_silent_at_first_is_not_judged_by_its_history() -> None:
    """What it had counted before it was first seen in the step, a million good requests, would hide 6 % of errors."""
    analysis, requests = ComponentAnalysis(Gate(), candidate_only=False), 0
    for sample in range(SAMPLES):
        candidate, stable = totals(100 * sample, 6 * sample), totals(100 * sample)
        others = {"silent": (candidate + totals(100_000), stable + totals(1_000_000))} if sample > 1 else {}
        analysis.add({"caller": (candidate, stable + totals(1000)), **others})
        requests += 100 * (bool(sample) + (sample > 2))
        assert analysis.candidate.requests == requests
        if analysis.verdict().decision == Decision.FAIL:
            break
    assert analysis.verdict().decision == Decision.FAIL
    assert sample < 6
