"""Times commands in turns, so that other load on the machine affects all of them alike, and prints ratios."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping


def measure(sides: Mapping[str, Callable[[], None]], rounds: int) -> dict[str, list[float]]:
    """Return the seconds that each side took in each round."""
    durations: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(1, rounds + 1):
        for name, run in sides.items():
            started = time.perf_counter()
            run()
            durations[name].append(time.perf_counter() - started)
            print(f"round {number}: {name} {durations[name][-1]:.2f} s", flush=True)
    return durations


def report(durations: Mapping[str, list[float]], base: str) -> None:
    """Print median, minimum and maximum of each side in seconds, and the ratio of the medians to that of ``base``."""
    unit = statistics.median(durations[base])
    for name, seconds in durations.items():
        median = statistics.median(seconds)
        print(f"{name:24} {median:7.2f} s  ({min(seconds):.2f} to {max(seconds):.2f})  ratio {median / unit:.2f}")


def command(*words: str, **environment: str) -> Callable[[], None]:
    """Return a function that runs a command without its output; a failure ends the measurement.

    PYTHONDONTWRITEBYTECODE, which few users set, is left out: Python would compile the collection again in every run.
    """
    environment = {**os.environ, **environment}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def run() -> None:
        result = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        if result.returncode:
            raise SystemExit(f"{' '.join(words)}: status {result.returncode}\n{result.stdout[-2000:]}{result.stderr[-2000:]}")

    return run
