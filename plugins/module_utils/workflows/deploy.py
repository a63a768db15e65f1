"""Observe, plan, execute: one application on one engine."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ..drivers.docker import files
from ..drivers.docker.client import Engine
from ..drivers.docker.desired import Desired, desired
from ..drivers.docker.executor import Driver
from ..drivers.docker.infrastructure import infrastructure
from ..drivers.docker.observe import Observed, observe
from ..drivers.docker.plan import Current, plan_application
from ..drivers.docker.setting import Task, failure
from ..model.kinds import check_kinds
from ..plan.execute import execute
from ..plan.graph import Plan


@dataclass(frozen=True)
class Scope:
    """What a reconcile looks after: ``parts`` of an application, and of its components all or those in ``only``."""

    parts: tuple[str, ...]
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """The plan that was made, and what of it failed, empty where all went well."""

    plan: Plan
    failure: str = ""


def look(engine: Engine, task: Task, dry: bool = False) -> tuple[Desired, Current]:
    """Return what is wanted and what is there; a ``dry`` look may come before there is an engine.

    Raises ``ModelError`` for a changed kind, ``EngineError``.
    """
    application, layout = task.application, task.setting.layout
    there = not dry or engine.answers()
    current = Current(
        engine=observe(engine, application.name, tuple(infrastructure(application).volumes)) if there else Observed(),
        files=files.read_files(layout.mesh),
        secrets=files.secret_names(layout),
    )
    check_kinds(application, current.engine.kinds(), task.source)
    return desired(application, task.setting), current


def run(engine: Engine, task: Task, scope: Scope, seconds: float, dry: bool) -> Result:
    """Plan, and unless ``dry`` carry it out; instances have ``seconds`` in all to become healthy.

    Raises ``Busy`` where another run is at work, ``ModelError``, ``EngineError``.
    """
    if dry:
        return Result(plan_application(*look(engine, task, dry), scope.parts, scope.only))
    with files.held(task.setting.layout):
        return reconcile(engine, task, scope, seconds)


def reconcile(engine: Engine, task: Task, scope: Scope, seconds: float) -> Result:
    """Plan and carry out, for who holds the application. Raises ``ModelError``, ``EngineError``."""
    wanted, current = look(engine, task)
    planned = plan_application(wanted, current, scope.parts, scope.only)
    driver = Driver(engine, wanted, task.setting.layout, task.say, time.monotonic() + seconds)
    return Result(planned, failure(execute(planned, driver.run)))
