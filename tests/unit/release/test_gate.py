"""The verdict of a gate on the evidence."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.analysis.evidence import Counts, Evidence
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.analysis.gate import Thresholds, verdict
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import Decision


def evidence_after(blocks: int, candidate: Counts, stable: Counts) -> Evidence:
    evidence = Evidence(0.01)
    for _block in range(blocks):
        evidence = evidence.with_block(candidate, stable)
    return evidence


GOOD = evidence_after(40, Counts(20, 0), Counts(180, 0))
BAD = evidence_after(10, Counts(20, 2), Counts(180, 0))
LITTLE = evidence_after(1, Counts(12, 0), Counts(100, 0))


def test_a_candidate_like_the_stable_version_passes() -> None:
    result = verdict({"errors": GOOD}, Thresholds())
    assert result.decision == Decision.PASS
    assert result.reasons == ("errors are not worse: candidate 0 of 800 (0.00 %), stable 0 of 7200 (0.00 %)",)


def test_one_bad_measure_fails_the_step() -> None:
    result = verdict({"errors": GOOD, "slow requests": BAD}, Thresholds())
    assert result.decision == Decision.FAIL
    assert result.reasons == ("slow requests are worse: candidate 20 of 200 (10.00 %), stable 0 of 1800 (0.00 %)",)


def test_twelve_requests_are_too_few_to_pass() -> None:
    result = verdict({"errors": LITTLE}, Thresholds())
    assert result == type(result)(Decision.WAIT, ("errors: the candidate has had 12 of 50 requests",))


def test_enough_requests_without_a_clear_result_wait() -> None:
    result = verdict({"errors": evidence_after(5, Counts(20, 0), Counts(100, 0))}, Thresholds())
    assert result.decision == Decision.WAIT
    assert "are not clear yet" in result.reasons[0]


def test_a_step_without_measurements_does_not_pass() -> None:
    assert verdict({}, Thresholds()).decision == Decision.WAIT


@pytest.mark.parametrize("fault", [{"false_alarm": 0.0}, {"missed": 1.0}, {"requests": 0}])
def test_invalid_limits_are_refused(fault: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(fault))):
        Thresholds(**fault)  # type: ignore[arg-type]
