"""Observe, plan, execute: one application on one engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..application.kinds import check_kinds
from ..application.model import Application
from ..plan.execute import Outcome, execute
from ..plan.graph import Plan
from . import files
from .containers import Setting
from .desired import Desired, desired, volume_owners
from .driver import Driver
from .engine import Engine
from .observe import observe
from .plan import Current, plan_application


@dataclass(frozen=True)
class Scope:
    """What a reconcile looks after: ``parts`` of an application, and of its components all or those in ``only``."""

    parts: tuple[str, ...]
    only: tuple[str, ...] = ()


def current(engine: Engine, application: Application, setting: Setting) -> Current:
    """Return what is there of ``application``. Raises ``EngineError``."""
    return Current(
        engine=observe(engine, application.name, tuple(volume_owners(application))),
        files=files.read_files(setting.layout.mesh),
        secrets=files.secret_names(setting.layout),
    )


def make(engine: Engine, application: Application, setting: Setting, scope: Scope, source: str) -> tuple[Desired, Plan]:
    """Return what is wanted and the plan to it. Raises ``ModelError`` for a changed kind, ``EngineError``."""
    wanted = desired(application, setting)
    now = current(engine, application, setting)
    check_kinds(application, now.engine.kinds(), source)
    return wanted, plan_application(wanted, now, scope.parts, scope.only)


def carry_out(
    engine: Engine, wanted: Desired, plan: Plan, setting: Setting, seconds: float, say: Callable[[str], None]
) -> Outcome:
    """Run ``plan``; instances have ``seconds`` in all to become healthy."""
    driver = Driver(engine, wanted, setting.layout, say, time.monotonic() + seconds)
    return execute(plan, driver.run)
