"""Takes an application off an engine. What it has stored stays unless it is asked for by name."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass

from ..drivers.docker import files, names
from ..drivers.docker.client import Engine
from ..drivers.docker.desired import Desired
from ..drivers.docker.executor import Driver
from ..drivers.docker.infrastructure import Infrastructure
from ..drivers.docker.load import remove_leftovers
from ..drivers.docker.observe import observe
from ..drivers.docker.plan import INFRASTRUCTURE, PARTS, Current, plan_application
from ..drivers.docker.setting import Task, failure
from ..model.application import Application
from ..plan.execute import execute
from ..plan.graph import Operation, make_plan
from .deploy import Result


@dataclass(frozen=True)
class Extent:
    """What goes besides containers and the mesh's files: the network unless it is to be kept, ``data`` only if asked for."""

    data: bool = False
    keep_infrastructure: bool = False


def tear_down(engine: Engine, task: Task, extent: Extent, dry: bool) -> Result:
    """Remove an application as far as ``extent`` says.

    Raises ``Busy``, ``EngineError``.
    """
    layout = task.setting.layout
    name = task.application.name
    nothing = Desired(Application(name, ()), Infrastructure(), {}, {})
    current = Current(observe(engine, name, ()), files.read_files(layout.mesh))
    parts = tuple(part for part in PARTS if part != INFRASTRUCTURE or not extent.keep_infrastructure)
    operations = [*plan_application(nothing, current, parts).operations.values()]
    if extent.data:
        after = frozenset(operation.key for operation in operations)
        operations += _deletions(engine, name, after)
        if layout.home.exists():
            operations.append(Operation("delete data", str(layout.home), "asked for", after))
    planned = make_plan(operations)
    if dry or not planned:
        return Result(planned)
    with files.held(layout):
        remove_leftovers(engine, layout)
        outcome = execute(planned, Driver(engine, nothing, layout, task.say, time.monotonic()).run)
        for folder in (layout.mesh, layout.home / "run"):
            shutil.rmtree(folder, ignore_errors=True)
    return Result(planned, failure(outcome))


def _deletions(engine: Engine, application: str, after: frozenset[str]) -> Iterator[Operation]:
    mine = {"label": [f"{names.APPLICATION}={application}"]}
    for volume in engine.get("/volumes", filters=mine)["Volumes"] or ():
        yield Operation("remove volume", volume["Name"], "asked for", after)
