"""One run of an application's load generator, from its start to its report."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..drivers.docker.client import Engine
from ..drivers.docker.load import Generated
from ..drivers.docker.setting import Task
from ..model.load import Population
from ..model.load_report import Stats

POLL_SECONDS = 0.5
SHOWN_EVERY_SECONDS = 4.5
# To start, to let the last requests be answered, and to write a report.
FURTHER_SECONDS = 45.0
LOG_LINES = 15


@dataclass(frozen=True)
class Wish:
    """What is asked for; without a ``report`` none is kept. The run ends where nobody is ``attended`` any more."""

    population: Population
    attended: Callable[[], bool]
    report: Path | None = None


@dataclass(frozen=True)
class Answer:
    """What came of a wish; ``failure`` empty where it went well."""

    stats: Stats
    reported: bool = False
    failure: str = ""


def make_load(engine: Engine, task: Task, wish: Wish) -> Answer:
    """Run the generator and wait for its end. Raises ``Refused``, ``EngineError``."""
    generated = Generated(engine, task, wish.population)
    with generated:
        failure = _followed(generated, wish, task.say)
        stats = generated.stats() or Stats()
        reported = _kept(generated.report, wish.report)
        if not failure and not stats.answered:
            told = stats.errors or generated.logs(LOG_LINES).splitlines()
            failure = "\n".join([f"{generated.target}: nothing was answered as it should be", *(f"  | {line}" for line in told)])
    return Answer(stats, reported, failure)


def _followed(generated: Generated, wish: Wish, say: Callable[[str], None]) -> str:
    """Tell how the run goes until it has ended; return what went wrong with it."""
    deadline = time.monotonic() + wish.population.seconds + FURTHER_SECONDS
    shown, last = Stats(), time.monotonic()
    while generated.runs():
        if not wish.attended():
            return "the load was ended early: the run that asked for it is gone"
        if time.monotonic() > deadline:
            return f"the load generator did not end within {FURTHER_SECONDS:g} s of its time; it was stopped"
        stats = generated.stats()
        if stats and stats != shown and time.monotonic() - last >= SHOWN_EVERY_SECONDS:
            say(str(stats))
            shown, last = stats, time.monotonic()
        time.sleep(POLL_SECONDS)
    return ""


def _kept(report: Path, kept: Path | None) -> bool:
    if not kept or not report.is_file() or report.is_symlink():
        return False
    shutil.copyfile(report, kept)
    return True
