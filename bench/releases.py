"""Good and bad candidates under load: how many are promoted and taken back, and how many requests a bad one spoils.

Run it from the repository's root: `.venv/bin/python bench/releases.py [RUNS [KIND ...]]`. It deploys the echo application of
the tests, and sends it 200 requests a second. A request is spoiled where its answer is no 200, is wrong, or comes from a
candidate that is slow on purpose; it is mixed where one component answered as the candidate and another as it was before.
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
# A good candidate goes through fewer weights, so that twenty take ten minutes.
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
COLUMNS = {"promoted": 9, "back": 5, "seconds": 8, "spoiled": 8, "of": 7, "share": 8, "most in a run": 14, "mixed": 6}


@dataclass(frozen=True)
class Run:
    """How one release ended, how long it took, and of how many requests how many were spoiled or mixed."""

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
        answer = echo_release.release({"VERSION": version, **kind.environment}, weights, (RIGHT,), kind.components)
        seconds = time.monotonic() - began
        time.sleep(AFTER_SECONDS)
    assert answer.release
    if not kind.environment:
        for each in crowd.failed():
            print(f"  {each.at:.1f} s, user {each.user}: {each.status} after {each.took:.2f} s: {each.text[:200]}", flush=True)
    return Run(answer.release.phase, seconds, len(crowd.answers), spoiled(crowd, kind, version), mixed(crowd, kind, version))


def spoiled(crowd: Crowd, kind: Kind, version: str) -> int:
    """Return how many requests a bad candidate has spoiled."""
    good = [each for each in crowd.answers if each.status == 200]
    slow = sum(each.text.endswith(version) and each.took > 0.2 for each in good) if "SLOW_PERCENT" in kind.environment else 0
    return len(crowd.failed()) + sum("wrong" in each.text for each in good) + slow


def mixed(crowd: Crowd, kind: Kind, version: str) -> int:
    """Return how many requests have seen one component's candidate and another's stable version."""
    if len(kind.components) == 1:
        return 0
    pairs = [each.text.split() for each in crowd.answers if each.status == 200]
    return sum((one == version) != (other == version) for one, other in pairs)


def row(runs: list[Run]) -> str:
    """Return the figures of ``runs`` in columns."""
    phases = [each.phase for each in runs]
    bad, every = sum(each.spoiled for each in runs), sum(each.requests for each in runs)
    figures = (
        f"{phases.count('promoted')}",
        f"{phases.count('failed')}",
        f"{statistics.median(each.seconds for each in runs):.1f}",
        f"{bad}",
        f"{every}",
        f"{100 * bad / every:.3f}%",
        f"{100 * max(each.spoiled / each.requests for each in runs):.3f}%",
        f"{sum(each.mixed for each in runs)}",
    )
    return " ".join(f"{figure:>{width}}" for figure, width in zip(figures, COLUMNS.values(), strict=True))


if __name__ == "__main__":
    main()
