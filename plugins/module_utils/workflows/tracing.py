"""The database of the tracing component: which it is, and whether its schema has been loaded.

Zipkin looks once whether its tables are there, so they have to be before it starts. The mark that they are names the
volume by its birth: a new volume has no tables, whatever its name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..drivers.docker import files, names
from ..drivers.docker.client import Engine, EngineError
from ..drivers.docker.layout import Layout
from ..drivers.docker.plan import PARTS
from ..drivers.docker.setting import Task
from ..model.application import Application, Component
from ..plan.graph import Operation, make_plan
from .deploy import Result, Scope, run

SCHEMA_PATH = "/zipkin/mysql.sql"
_TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+)")


class SchemaError(Exception):
    """The schema could not be loaded."""


def tracing_store(application: Application) -> Component | None:
    """Return the component that keeps the spans on MySQL; None where there is none."""
    if not application.tracing:
        return None
    called = [application.component(each.name) for each in application.component(application.tracing).dependencies]
    return next((each for each in called if any(port.protocol == "mysql" for port in each.ports)), None)


def schema_mark(engine: Engine, application: str, store: Component) -> str:
    """Return what tells this database from one that has been made anew. Raises ``EngineError``."""
    volumes = [names.volume_name(application, mount.source) for mount in store.mounts if mount.kind == "volume"]
    return "\n".join(f"{volume} {engine.get(f'/volumes/{volume}')['CreatedAt']}" for volume in volumes)


def schema_is_loaded(engine: Engine, layout: Layout, store: Component) -> bool:
    """Whether the mark is there and of this database."""
    try:
        return (layout.home / "tracing").read_text() == schema_mark(engine, layout.application, store)
    except (OSError, EngineError):
        return False


def mark_schema(engine: Engine, layout: Layout, store: Component) -> None:
    """Leave the mark."""
    files.write(layout.home / "tracing", schema_mark(engine, layout.application, store).encode())


def prepare_store(engine: Engine, task: Task, store: Component, seconds: float, dry: bool) -> Result:
    """Bring the store up, healthy within ``seconds``, and make the tables that its database lacks.

    Raises ``SchemaError``, ``Busy``, ``EngineError``.
    """
    result = run(engine, task, Scope(PARTS, (store.name,)), seconds, dry)
    if result.failure or not load_schema(engine, task, store, dry):
        return result
    loaded = Operation("load schema", store.name, "its tables are missing")
    return Result(make_plan([*result.plan.operations.values(), loaded]))


def load_schema(engine: Engine, task: Task, store: Component, dry: bool) -> bool:
    """Make the tables that the database lacks, and return whether any did. Raises ``SchemaError``, ``EngineError``.

    The schema is Zipkin's own, out of its image. It is loaded aside and its tables are moved in by one statement, so
    that tables which are there are whole, whenever a run may have ended.
    """
    layout = task.setting.layout
    if schema_is_loaded(engine, layout, store):
        return False
    if dry:
        return True
    schema = engine.read_file(task.setting.images[task.application.tracing], SCHEMA_PATH)
    container = names.container_name(task.application.name, names.instance_name(store.name, 1), names.WORKLOAD)
    database = dict(store.environment).get("MYSQL_DATABASE", "zipkin")
    loader = _Loader(engine, container, database)
    missing = [table for table in _TABLE.findall(schema) if table not in loader.tables()]
    if missing:
        loader.load(schema, missing)
    files.write(layout.home / "tracing", schema_mark(engine, layout.application, store).encode())
    return bool(missing)


@dataclass(frozen=True)
class _Loader:
    """Speaks to the store by its own client and socket, which need no password."""

    engine: Engine
    container: str
    database: str

    def tables(self) -> set[str]:
        """Return the tables that are there."""
        query = f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{self.database}'"
        return set(self._execute(query).split())

    def load(self, schema: str, tables: list[str]) -> None:
        """Make ``tables`` of ``schema``."""
        aside = f"{self.database}_new"
        moves = ", ".join(f"{aside}.{table} TO {self.database}.{table}" for table in tables)
        self._execute(f"DROP DATABASE IF EXISTS {aside}; CREATE DATABASE {aside}; USE {aside};\n{schema}")
        self._execute(f"RENAME TABLE {moves}; DROP DATABASE {aside}")

    def _execute(self, statements: str) -> str:
        command = ("mariadb", "--batch", "--skip-column-names", "--execute", statements)
        result = self.engine.run(self.container, command)
        if result.status:
            raise SchemaError(f"{self.container}: {result.output.strip()}")
        return result.output
