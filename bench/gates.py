"""How often a gate errs: synthetic releases, thousands of each kind, and what became of them.

    python bench/gates.py [RELEASES]

A release is one step at 10 % of 200 requests a second, looked at every second for five minutes at most. Nothing is timed.
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

from ansible_collections.evenkeel.mesh.plugins.module_utils.release.analysis.evidence import Counts, Evidence
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.analysis.gate import Thresholds, verdict
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import Decision

CANDIDATES, STABLES, SECONDS = 20, 180, 300
MARGIN = 0.01
Share = Callable[[int], float]


@dataclass(frozen=True)
class Kind:
    """Shares of bad requests of candidate and stable, by the second."""

    name: str
    candidate: Share
    stable: Share


def always(share: float) -> Share:
    """Return a share that stays."""
    return partial(_always, share)


def _always(share: float, second: int) -> float:
    return share


def slow_hour(second: int) -> float:
    """Return a share that is twenty times as high for a while."""
    return 0.1 if 5 <= second < 60 else 0.005


KINDS = (
    Kind("the same, 0.5 % bad", always(0.005), always(0.005)),
    Kind("the same, nothing bad", always(0.0), always(0.0)),
    Kind("the same, a bad minute for both", slow_hour, slow_hour),
    Kind("better, 0.5 % against 1 %", always(0.005), always(0.01)),
    Kind("worse by the margin, 1.5 % against 0.5 %", always(0.015), always(0.005)),
    Kind("worse, 5 % against 0.1 %", always(0.05), always(0.001)),
    Kind("20 % slow against 5 %", always(0.2), always(0.05)),
    Kind("dead", always(1.0), always(0.001)),
)


def drawn(requests: int, share: float, chance: random.Random) -> Counts:
    """Return how many of ``requests`` are bad, by the gaps between them (L. Devroye, 1986, X.4)."""
    if share >= 1:
        return Counts(requests, requests)
    bad, at = 0, 0
    while share > 0:
        at += 1 + int(log(1 - chance.random()) / log(1 - share))
        if at > requests:
            break
        bad += 1
    return Counts(requests, bad)


def release(kind: Kind, seed: int) -> tuple[str, int, int]:
    """Return the decision, the seconds that it took, and the candidate's bad requests until then."""
    chance = random.Random(seed)
    seen = Evidence(MARGIN)
    for second in range(SECONDS):
        seen = seen.with_block(drawn(CANDIDATES, kind.candidate(second), chance), drawn(STABLES, kind.stable(second), chance))
        found = verdict({"bad": seen}, Thresholds())
        if found.decision != Decision.WAIT:
            return found.decision, second + 1, seen.candidate.bad
    return Decision.WAIT, SECONDS, seen.candidate.bad


def main() -> None:
    """Print a line for each kind of release."""
    amount = int(sys.argv[1]) if sys.argv[1:] else 10_000
    print(f"{'candidate against stable':42} {'passed':>8} {'failed':>8} {'unclear':>8} {'seconds':>8} {'bad':>5}")
    with ProcessPoolExecutor() as pool:
        for kind in KINDS:
            ends = list(pool.map(partial(release, kind), range(amount), chunksize=250))
            shares = [
                100 * sum(end[0] == decision for end in ends) / amount
                for decision in (Decision.PASS, Decision.FAIL, Decision.WAIT)
            ]
            seconds, bad = statistics.median(end[1] for end in ends), statistics.median(end[2] for end in ends)
            print(f"{kind.name:42} {shares[0]:7.2f}% {shares[1]:7.2f}% {shares[2]:7.2f}% {seconds:8.0f} {bad:5.0f}")


if __name__ == "__main__":
    main()
