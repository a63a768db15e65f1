"""The database of the tracing component: which it is, and whether its schema has been loaded.

Zipkin looks once whether its tables are there, so they have to be before it starts. The mark that they are names the
volume by its birth: a new volume has no tables, whatever its name.
"""

from __future__ import annotations

from ..application.model import Application, Component
from . import files, names
from .engine import Engine, EngineError
from .layout import Layout
from .setting import Task

SCHEMA_PATH = "/zipkin/mysql.sql"


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


def load_schema(engine: Engine, task: Task, store: Component, dry: bool) -> bool:
    """Make the tables that the database lacks, and return whether any did. Raises ``SchemaError``, ``EngineError``.

    The schema is Zipkin's own, out of its image; each of its statements leaves alone what is there.
    """
    layout = task.setting.layout
    if schema_is_loaded(engine, layout, store):
        return False
    if not dry:
        schema = engine.read_file(task.setting.images[task.application.tracing], SCHEMA_PATH)
        container = names.container_name(task.application.name, names.instance_name(store.name, 1), names.WORKLOAD)
        _execute(engine, container, dict(store.environment).get("MYSQL_DATABASE", "zipkin"), schema)
        files.write(layout.home / "tracing", schema_mark(engine, layout.application, store).encode())
    return True


def _execute(engine: Engine, container: str, database: str, statements: str) -> None:
    """Run SQL in the store's container, by its own client and socket, which need no password."""
    result = engine.run(container, ("mariadb", "--database", database, "--execute", statements))
    if result.status:
        raise SchemaError(f"{container}: {result.output.strip()}")
