"""Good and bad candidates under load: how many are promoted and taken back, and how many requests a bad one spoils.

Run it from the repository's root: `.venv/bin/python bench/releases.py [RUNS [KIND ...]]`. It deploys the echo application of
the tests, and sends it 200 requests a second. A request is spoiled where its answer is no 200, is wrong, or comes from a
candidate that is slow on purpose.
"""

from __future__ import annotations

import statistics
import sys
import time

import echo_release
from ansible_collections.evenkeel.mesh.plugins.module_utils.application.rollout import USUAL_WEIGHTS, Check
from crowd import Crowd

RUNS = 20
RATE = 200.0
BEFORE_SECONDS, AFTER_SECONDS = 2.0, 1.0
# A good candidate goes through fewer weights, so that twenty take ten minutes.
FEW_WEIGHTS = (5.0, 25.0, 100.0)
SHARED = f"http://127.0.0.1:{echo_release.PORT}/chain"
RIGHT = Check("answers", url=SHARED, contains="^1 (?!wrong)", interval=0.5)
KINDS: dict[str, dict[str, str]] = {
    "good": {},
    "5 % errors": {"FAIL_PERCENT": "5"},
    "+200 ms on 20 %": {"SLOW_PERCENT": "20"},
    "dies after start": {"DIE_AFTER": "4"},
    "never healthy": {"NEVER_HEALTHY": "1"},
    "wrong answers, a check": {"WRONG": "1"},
}


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if sys.argv[1:] else RUNS
    echo_release.deploy()
    try:
        heads = ("promoted", 9), ("back", 5), ("seconds", 8), ("spoiled", 8), ("of", 7), ("share", 8), ("most in a run", 14)
        print(f"{'candidate':<24} " + " ".join(f"{head:>{width}}" for head, width in heads))
        for kind, environment in ((kind, KINDS[kind]) for kind in sys.argv[2:] or KINDS):
            phases, seconds, spoiled, every, most = [], [], 0, 0, 0.0
            for run in range(runs):
                crowd = Crowd(echo_release.PORT, "/chain", users=60, rate=RATE)
                with crowd.asking():
                    time.sleep(BEFORE_SECONDS)
                    began = time.monotonic()
                    version = {"VERSION": f"{'good' if not environment else 'bad'}{run}", **environment}
                    answer = echo_release.release(version, USUAL_WEIGHTS if environment else FEW_WEIGHTS, (RIGHT,))
                    seconds.append(time.monotonic() - began)
                    time.sleep(AFTER_SECONDS)
                assert answer.release
                phases.append(answer.release.phase)
                bad = len(crowd.failed()) + sum("wrong" in each.text for each in crowd.answers if each.status == 200)
                if "SLOW_PERCENT" in environment:
                    bad += sum(each.text.endswith(version["VERSION"]) and each.took > 0.2 for each in crowd.answers)
                spoiled, every = spoiled + bad, every + len(crowd.answers)
                most = max(most, bad / len(crowd.answers))
            print(
                f"{kind:<24} {phases.count('promoted'):>9} {phases.count('failed'):>5} {statistics.median(seconds):>8.1f} "
                f"{spoiled:>8} {every:>7} {100 * spoiled / every:>7.3f}% {100 * most:>13.3f}%",
                flush=True,
            )
    finally:
        echo_release.tear_down()


if __name__ == "__main__":
    main()
