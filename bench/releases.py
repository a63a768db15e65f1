"""Good and bad candidates under load: how many are promoted or rolled back, and how many requests a bad one spoils.

Run it from the repository's root: `.venv/bin/python bench/releases.py [RUNS [KIND ...]]`. It deploys the echo application of
the tests, and sends it 200 requests a second. A request is spoiled if its answer is not 200, is wrong, or comes from a
candidate that is slow on purpose; it is mixed if one component answered with the candidate and another with the stable version.
"""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass, field

import echo_release
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import DEFAULT_WEIGHTS, Check
from crowd import Crowd

RUNS = 20
RATE = 200.0
BEFORE_SECONDS, AFTER_SECONDS = 2.0, 1.0
# Good candidates go through fewer weights, so that twenty releases take ten minutes.
FEW_WEIGHTS = (5.0, 25.0, 100.0)
SHARED = f"http://127.0.0.1:{echo_release.PORT}/chain"
RIGHT = Check("answers", url=SHARED, contains="^(1|good[0-9]+) (?!wrong)", interval=0.5)


@dataclass(frozen=True)
class Kind:
    """A kind of candidate: its environment, and the components that are released together."""

    environment: dict[str, str] = field(default_factory=dict)
    components: tuple[str, ...] = ("api",)


KINDS = {
    "good": Kind(),
    "good, two components": Kind(components=("web", "api")),
    "5 % errors": Kind({"FAIL_PERCENT": "5"}),
    "+200 ms on 20 %": Kind({"SLOW_PERCENT": "20"}),
    "dies after start": Kind({"DIE_AFTER": "4"}),
    "never healthy": Kind({"NEVER_HEALTHY": "1"}),
    "wrong answers, a check": Kind({"WRONG": "1"}),
}
COLUMNS = {"promoted": 9, "rolled back": 11, "seconds": 8, "spoiled": 8, "of": 7, "share": 8, "most in a run": 14, "mixed": 6}


@dataclass(frozen=True)
class Run:
    """How one release ended, its duration, and its requests: all, spoiled and mixed."""

    phase: str
    seconds: float
    requests: int
    spoiled: int
    mixed: int


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if sys.argv[1:] else RUNS
    echo_release.deploy()
    try:
        print(f"{'candidate':<24} " + " ".join(f"{head:>{width}}" for head, width in COLUMNS.items()))
        for name in sys.argv[2:] or KINDS:
            print(f"{name:<24} " + row([release(KINDS[name], number) for number in range(runs)]), flush=True)
    finally:
        echo_release.tear_down()


def release(kind: Kind, number: int) -> Run:
    """Release a candidate under load."""
    version = f"{'bad' if kind.environment else 'good'}{number}"
    crowd = Crowd(echo_release.PORT, "/chain", users=60, rate=RATE)
    with crowd.asking():
        time.sleep(BEFORE_SECONDS)
        began = time.monotonic()
        weights = DEFAULT_WEIGHTS if kind.environment else FEW_WEIGHTS
        result = echo_release.release({"VERSION": version, **kind.environment}, weights, (RIGHT,), kind.components)
        seconds = time.monotonic() - began
        time.sleep(AFTER_SECONDS)
    assert result.release
    if not kind.environment:
        for answer in crowd.failed():
            place = f"  {answer.sent:.1f} s, user {answer.user}"
            print(f"{place}: {answer.status} after {answer.seconds:.2f} s: {answer.text[:200]}", flush=True)
    return Run(result.release.phase, seconds, len(crowd.answers), spoiled(crowd, kind, version), mixed(crowd, kind, version))


def spoiled(crowd: Crowd, kind: Kind, version: str) -> int:
    """Return how many requests a bad candidate spoiled."""
    good = [answer for answer in crowd.answers if answer.status == 200]
    wrong = sum("wrong" in answer.text for answer in good)
    slow = sum(answer.text.endswith(version) and answer.seconds > 0.2 for answer in good)
    return len(crowd.failed()) + wrong + (slow if "SLOW_PERCENT" in kind.environment else 0)


def mixed(crowd: Crowd, kind: Kind, version: str) -> int:
    """Return how many requests saw one component's candidate and another's stable version."""
    if len(kind.components) == 1:
        return 0
    pairs = [answer.text.split() for answer in crowd.answers if answer.status == 200]
    return sum((web == version) != (api == version) for web, api in pairs)


def row(runs: list[Run]) -> str:
    """Return the figures of ``runs`` in columns."""
    phases = [run.phase for run in runs]
    spoiled_requests, requests = sum(run.spoiled for run in runs), sum(run.requests for run in runs)
    figures = (
        f"{phases.count('promoted')}",
        f"{phases.count('failed')}",
        f"{statistics.median(run.seconds for run in runs):.1f}",
        f"{spoiled_requests}",
        f"{requests}",
        f"{100 * spoiled_requests / requests:.3f}%",
        f"{100 * max(run.spoiled / run.requests for run in runs):.3f}%",
        f"{sum(run.mixed for run in runs)}",
    )
    return " ".join(f"{figure:>{width}}" for figure, width in zip(figures, COLUMNS.values(), strict=True))


if __name__ == "__main__":
    main()
