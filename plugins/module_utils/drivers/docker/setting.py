"""The options that modules share, and what the driver makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...mesh.addresses import addresses
from ...model.application import Application
from ...model.serialization import from_wire
from ...plan.execute import Outcome
from ...plan.graph import Plan
from ...release.effective import overlaid
from ...release.state import Ledger
from .containers import Setting
from .layout import ROOT, Layout
from .ledger import read_ledger

SHARED_OPTIONS: dict[str, dict[str, Any]] = {
    "model": {"type": "dict", "required": True},
    "source": {"type": "str", "required": True},
    "folder": {"type": "path", "required": True},
    "images": {"type": "dict", "required": True},
    "directory": {"type": "path", "default": ROOT},
    "progress": {"type": "path"},
}


@dataclass(frozen=True)
class Task:
    """One module's task: the application, its setting on this host, and whom to tell of progress."""

    application: Application
    setting: Setting
    source: str
    say: Callable[[str], None]


def read_task(params: dict[str, Any]) -> Task:
    """Return the task that a module's parameters describe, the application as the releases on record make it."""
    task = given_task(params)
    return with_releases(task, read_ledger(task.setting.layout))


def given_task(params: dict[str, Any]) -> Task:
    """Return the task that a module's parameters describe, the application as its file does."""
    application = from_wire(params["model"])
    layout = Layout(application.name, params["directory"])
    setting = Setting(params["images"], addresses(application), layout, Path(params["folder"]))
    return Task(application, setting, params["source"], _reporter(params["progress"]))


def with_releases(task: Task, ledger: Ledger) -> Task:
    """Return ``task`` with the application as ``ledger`` makes it."""
    application, images = overlaid(task.application, task.setting.images, ledger)
    return replace(task, application=application, setting=replace(task.setting, images=images))


def lines(plan: Plan) -> list[str]:
    """Return the plan's operations as text, one each."""
    return [str(operation) for operation in plan.operations.values()]


def diff(plan: Plan | str) -> dict[str, str]:
    """Return a plan, or its text, as the diff that Ansible shows: nothing before, each operation after."""
    return {"before": "", "after": str(plan), "before_header": "as it is", "after_header": "plan"}


def failure(outcome: Outcome) -> str:
    """Return what failed and what was left undone because of it."""
    told: Iterable[str] = (f"{key}: {error}" for key, error in outcome.failed.items())
    left = [f"Left undone because of that: {', '.join(outcome.skipped)}"] if outcome.skipped else []
    return "\n".join([*told, *left])


def _reporter(progress: str | None) -> Callable[[str], None]:
    if not progress:
        return lambda line: None

    def say(line: str) -> None:
        with Path(progress).open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    return say
