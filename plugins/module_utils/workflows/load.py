"""One run of an application's load generator, from its start to its report."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..drivers.base import LoadRun
from ..model.load import LoadReport, Population, entry_point, load_generator
from ..release.effective import effective
from .context import Context

POLL_SECONDS = 0.5
REPORT_SECONDS = 4.5
# For the start, the last responses and the report.
EXTRA_SECONDS = 45.0
LOG_LINES = 15


@dataclass(frozen=True)
class LoadResult:
    """The result of a run of ``generator`` against ``target``; ``failure`` is empty if it succeeded."""

    generator: str
    target: str
    totals: LoadReport = field(default_factory=LoadReport)
    saved: bool = False
    failure: str = ""


def generate_load(context: Context, population: Population, report: Path | None, dry: bool) -> LoadResult:
    """Run the generator to its end, and save its report as ``report`` if given. Raises ``Refused``, ``DriverError``."""
    state = context.driver.state.read()
    application = effective(context.deployed_specification(state), state)
    component, (_gateway, target) = load_generator(application), entry_point(application)
    result = LoadResult(component.name, target)
    if dry:
        context.driver.load.check(application)
        return result
    with context.driver.load.start(application, population) as run:
        failure = _follow(run, population, context)
        totals = run.report() or LoadReport()
        saved = bool(report and run.save(report))
        if not failure and not totals.any_succeeded:
            lines = totals.errors or run.logs(LOG_LINES)
            failure = "\n".join([f"{target}: no request succeeded", *(f"  | {line}" for line in lines)])
    return LoadResult(component.name, target, totals, saved, failure)


def _follow(run: LoadRun, population: Population, context: Context) -> str:
    """Report the progress of a run until it has ended; return its failure, empty if it succeeded."""
    deadline = context.now() + population.seconds + EXTRA_SECONDS
    reported, last_report = LoadReport(), context.now()
    while run.running():
        if not context.alive():
            return "the load was ended early: the run that requested it is gone"
        if context.now() > deadline:
            return f"the load generator did not end within {EXTRA_SECONDS:g} s of its time; it was stopped"
        report = run.report()
        if report and report != reported and context.now() - last_report >= REPORT_SECONDS:
            context.say(str(report))
            reported, last_report = report, context.now()
        context.sleep(POLL_SECONDS)
    return ""
