"""How often the gate errs: decisions on thousands of synthetic releases of each kind.

    python bench/gates.py [RELEASES]

A release is one step at 10 % of 200 requests a second, evaluated every second for five minutes at most. Nothing is timed.
"""

from __future__ import annotations

import random
import statistics
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import log
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "collections"))

from ansible_collections.evenkeel.mesh.plugins.module_utils.release.analysis.evidence import Counts, Evidence
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.analysis.gate import Thresholds, verdict
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import Decision

CANDIDATE_REQUESTS, STABLE_REQUESTS, SECONDS = 20, 180, 300
MARGIN = 0.01
Share = Callable[[int], float]


@dataclass(frozen=True)
class Kind:
    """Shares of bad requests of candidate and stable, by the second."""

    name: str
    candidate: Share
    stable: Share


def constant(share: float) -> Share:
    """Return a constant share."""
    return partial(_constant, share)


def _constant(share: float, second: int) -> float:
    return share


def bad_minute(second: int) -> float:
    """Return a share that is twenty times as high from second 5 to second 60."""
    return 0.1 if 5 <= second < 60 else 0.005


KINDS = (
    Kind("the same, 0.5 % bad", constant(0.005), constant(0.005)),
    Kind("the same, nothing bad", constant(0.0), constant(0.0)),
    Kind("the same, a bad minute for both", bad_minute, bad_minute),
    Kind("better, 0.5 % against 1 %", constant(0.005), constant(0.01)),
    Kind("worse by the margin, 1.5 % against 0.5 %", constant(0.015), constant(0.005)),
    Kind("worse, 5 % against 0.1 %", constant(0.05), constant(0.001)),
    Kind("20 % slow against 5 %", constant(0.2), constant(0.05)),
    Kind("dead", constant(1.0), constant(0.001)),
)


def draw(requests: int, share: float, chance: random.Random) -> Counts:
    """Draw how many of ``requests`` are bad, by the gaps between them (L. Devroye, 1986, X.4)."""
    if share >= 1:
        return Counts(requests, requests)
    bad, position = 0, 0
    while share > 0:
        position += 1 + int(log(1 - chance.random()) / log(1 - share))
        if position > requests:
            break
        bad += 1
    return Counts(requests, bad)


def release(kind: Kind, seed: int) -> tuple[str, int, int]:
    """Return the decision, the seconds until it, and the candidate's bad requests until then."""
    chance = random.Random(seed)
    evidence = Evidence(MARGIN)
    for second in range(SECONDS):
        candidate = draw(CANDIDATE_REQUESTS, kind.candidate(second), chance)
        stable = draw(STABLE_REQUESTS, kind.stable(second), chance)
        evidence = evidence.with_block(candidate, stable)
        result = verdict({"bad": evidence}, Thresholds())
        if result.decision != Decision.WAIT:
            return result.decision, second + 1, evidence.candidate.bad
    return Decision.WAIT, SECONDS, evidence.candidate.bad


def main() -> None:
    """Print a line for each kind of release."""
    amount = int(sys.argv[1]) if sys.argv[1:] else 10_000
    print(f"{'candidate against stable':42} {'passed':>8} {'failed':>8} {'unclear':>8} {'seconds':>8} {'bad':>5}")
    with ProcessPoolExecutor() as pool:
        for kind in KINDS:
            outcomes = list(pool.map(partial(release, kind), range(amount), chunksize=250))
            shares = [
                100 * sum(outcome[0] == decision for outcome in outcomes) / amount
                for decision in (Decision.PASS, Decision.FAIL, Decision.WAIT)
            ]
            seconds = statistics.median(outcome[1] for outcome in outcomes)
            bad = statistics.median(outcome[2] for outcome in outcomes)
            print(f"{kind.name:42} {shares[0]:7.2f}% {shares[1]:7.2f}% {shares[2]:7.2f}% {seconds:8.0f} {bad:5.0f}")


if __name__ == "__main__":
    main()
