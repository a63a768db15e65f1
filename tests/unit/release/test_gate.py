"""What a gate says of the evidence."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.analysis.evidence import Counts, Evidence
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.analysis.gate import Limits, verdict
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import Decision


def after(blocks: int, candidate: Counts, stable: Counts) -> Evidence:
    seen = Evidence(0.01)
    for _block in range(blocks):
        seen = seen.seen(candidate, stable)
    return seen


GOOD = after(40, Counts(20, 0), Counts(180, 0))
BAD = after(10, Counts(20, 2), Counts(180, 0))
LITTLE = after(1, Counts(12, 0), Counts(100, 0))


def test_a_candidate_like_the_stable_version_passes() -> None:
    found = verdict({"errors": GOOD}, Limits())
    assert found.decision == Decision.PASS
    assert found.reasons == ("errors are not worse: candidate 0 of 800 (0.00 %), stable 0 of 7200 (0.00 %)",)


def test_one_bad_measure_fails_the_step() -> None:
    found = verdict({"errors": GOOD, "slow requests": BAD}, Limits())
    assert found.decision == Decision.FAIL
    assert found.reasons == ("slow requests are worse: candidate 20 of 200 (10.00 %), stable 0 of 1800 (0.00 %)",)


def test_twelve_requests_are_too_few_to_pass() -> None:
    found = verdict({"errors": LITTLE}, Limits())
    assert found == type(found)(Decision.WAIT, ("errors: the candidate has had 12 of 50 requests",))


def test_enough_requests_without_a_clear_result_wait() -> None:
    found = verdict({"errors": after(5, Counts(20, 0), Counts(100, 0))}, Limits())
    assert found.decision == Decision.WAIT
    assert "are not clear yet" in found.reasons[0]


def test_a_step_without_measurements_does_not_pass() -> None:
    assert verdict({}, Limits()).decision == Decision.WAIT


@pytest.mark.parametrize("fault", [{"false_alarm": 0.0}, {"missed": 1.0}, {"requests": 0}])
def test_invalid_limits_are_refused(fault: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(fault))):
        Limits(**fault)  # type: ignore[arg-type]
