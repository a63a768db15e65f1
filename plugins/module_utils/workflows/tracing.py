"""The database of the tracing component: which it is, and whether its schema has been loaded.

Zipkin looks once whether its tables are there, so they have to be before it starts. What is stored of that names the volumes by
their birth: a new volume has no tables, whatever its name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import ClassVar

from ..drivers.base import ALL_PARTS, Purpose, Scope, Workloads
from ..drivers.errors import DriverError
from ..model.application import Application, Component
from ..model.instance import Instance, Version
from ..plan.graph import Operation, Plan, make_plan
from ..release.effective import effective
from ..release.state import ApplicationState
from .context import LEASE_TIMEOUT_SECONDS, Context, Result
from .deploy import deploy, reconcile

SCHEMA_PATH = "/zipkin/mysql.sql"
_TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+)")


class SchemaError(DriverError):
    """The schema could not be loaded."""


@dataclass(frozen=True, kw_only=True)
class LoadSchema(Operation):
    """Make the tables of the tracing store ``subject``."""

    verb: ClassVar[str] = "load schema"


def tracing_store(application: Application) -> Component | None:
    """Return the component that keeps the spans on MySQL; None where there is none."""
    if not application.tracing:
        return None
    called = [application.component(each.name) for each in application.component(application.tracing).dependencies]
    return next((each for each in called if any(port.protocol == "mysql" for port in each.ports)), None)


def schema_is_loaded(context: Context, state: ApplicationState, store: Component) -> bool:
    """Whether the schema is known to be in this database."""
    return bool(state.tracing_schema) and state.tracing_schema == _storage(context, store)


def prepare_store(context: Context, timeout: float, dry: bool) -> Result:
    """Bring the store up, healthy within ``timeout`` seconds, and make the tables that its database lacks.

    Raises ``SchemaError``, ``Busy``, ``DriverError``.
    """
    store = tracing_store(context.specification.application)
    if store is None:
        return Result(Plan())
    scope = Scope(ALL_PARTS, (store.name,))
    state = context.driver.state
    if dry:
        result = deploy(context, scope, timeout, dry)
        return result if schema_is_loaded(context, state.read(), store) else Result(_with_schema(result.plan, store))
    with state.lease(context.holder(Purpose.DEPLOYMENT), LEASE_TIMEOUT_SECONDS, context.report_wait) as lease:
        result = reconcile(context, lease, context.specification, scope, timeout)
        if result.failure or schema_is_loaded(context, state.read(), store):
            return result
        loaded = _load_schema(context, store)
        with state.transaction(lease) as transaction:
            transaction.state = replace(transaction.state, tracing_schema=_storage(context, store))
    return Result(_with_schema(result.plan, store)) if loaded else result


def _with_schema(plan: Plan, store: Component) -> Plan:
    return make_plan([*plan.operations.values(), LoadSchema(subject=store.name, cause="its tables are missing")])


def _storage(context: Context, store: Component) -> str:
    return context.driver.workloads.storage_identity([mount.source for mount in store.mounts if mount.kind == "volume"])


def _load_schema(context: Context, store: Component) -> bool:
    """Make the tables that the database lacks, and return whether any did. Raises ``SchemaError``, ``DriverError``.

    The schema is Zipkin's own, out of its image. It is loaded aside and its tables are moved in by one statement, so
    that tables which are there are whole, whenever a run may have ended.
    """
    application = effective(context.specification, context.driver.state.read())
    schema = context.driver.images.read_file(application.references[application.tracing], SCHEMA_PATH)
    database = dict(store.environment).get("MYSQL_DATABASE", "zipkin")
    loader = _Loader(context.driver.workloads, Instance(store.name, Version.STABLE, 1), database)
    missing = [table for table in _TABLE.findall(schema) if table not in loader.tables()]
    if missing:
        loader.load(schema, missing)
    return bool(missing)


@dataclass(frozen=True)
class _Loader:
    """Speaks to the store by its own client and socket, which need no password."""

    workloads: Workloads
    store: Instance
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
        status, output = self.workloads.run(self.store, command)
        if status:
            raise SchemaError(f"{self.store}: {output.strip()}")
        return output
