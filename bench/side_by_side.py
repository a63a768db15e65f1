"""Times commands in turns, so that whatever else the machine does hits all of them alike, and prints ratios."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping


def measure(sides: Mapping[str, Callable[[], None]], rounds: int) -> dict[str, list[float]]:
    """Return the seconds that each side took in each round."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(1, rounds + 1):
        for name, run in sides.items():
            started = time.perf_counter()
            run()
            taken[name].append(time.perf_counter() - started)
            print(f"round {number}: {name} {taken[name][-1]:.2f} s", flush=True)
    return taken


def report(taken: Mapping[str, list[float]], base: str) -> None:
    """Print median, least and most of each side, in seconds and as a ratio to ``base``."""
    unit = statistics.median(taken[base])
    for name, seconds in taken.items():
        median = statistics.median(seconds)
        print(f"{name:24} {median:7.2f} s  ({min(seconds):.2f} to {max(seconds):.2f})  ratio {median / unit:.2f}")


def command(*words: str, **environment: str) -> Callable[[], None]:
    """Return what runs a command without its output; one that fails ends the measurement."""
    def run() -> None:
        done = subprocess.run(words, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(words)}: status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")

    return run
