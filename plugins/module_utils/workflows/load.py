"""One run of an application's load generator, from its start to its report."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..drivers.base import LoadRun
from ..model.load import LoadReport, Population, entrance, generator
from ..release.effective import effective
from .context import Context

POLL_SECONDS = 0.5
SHOWN_EVERY_SECONDS = 4.5
# To start, to let the last requests be answered, and to write a report.
FURTHER_SECONDS = 45.0
LOG_LINES = 15


@dataclass(frozen=True)
class LoadResult:
    """What came of a run: what ``generator`` sent to ``target``; ``failure`` empty where it went well."""

    generator: str
    target: str
    totals: LoadReport = field(default_factory=LoadReport)
    saved: bool = False
    failure: str = ""


def generate_load(context: Context, population: Population, report: Path | None, dry: bool) -> LoadResult:
    """Run the generator and wait for its end; without a ``report`` none is kept. Raises ``Refused``, ``DriverError``."""
    state = context.driver.state.read()
    application = effective(context.deployed_specification(state), state)
    component, (_gateway, target) = generator(application), entrance(application)
    result = LoadResult(component.name, target)
    if dry:
        context.driver.load.check(application)
        return result
    with context.driver.load.start(application, population) as run:
        failure = _follow(run, population, context)
        totals = run.report() or LoadReport()
        saved = bool(report and run.save(report))
        if not failure and not totals.answered:
            told = totals.errors or run.logs(LOG_LINES)
            failure = "\n".join([f"{target}: nothing was answered as it should be", *(f"  | {line}" for line in told)])
    return LoadResult(component.name, target, totals, saved, failure)


def _follow(run: LoadRun, population: Population, context: Context) -> str:
    """Tell how the run goes until it has ended; return what went wrong with it."""
    deadline = context.now() + population.seconds + FURTHER_SECONDS
    shown, last = LoadReport(), context.now()
    while run.running():
        if not context.alive():
            return "the load was ended early: the run that requested it is gone"
        if context.now() > deadline:
            return f"the load generator did not end within {FURTHER_SECONDS:g} s of its time; it was stopped"
        report = run.report()
        if report and report != shown and context.now() - last >= SHOWN_EVERY_SECONDS:
            context.say(str(report))
            shown, last = report, context.now()
        context.sleep(POLL_SECONDS)
    return ""
