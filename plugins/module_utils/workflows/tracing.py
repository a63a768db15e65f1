"""The database of the tracing component, and its schema.

Zipkin checks only once whether its tables exist, so they must exist before it starts. The state store has the identity of the
volumes with the schema: a new volume has no tables, whatever its name.
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
    """Create the tables of the tracing store ``subject``."""

    verb: ClassVar[str] = "load schema"


def tracing_store(application: Application) -> Component | None:
    """Return the MySQL component that stores the spans, None if there is none."""
    if not application.tracing:
        return None
    dependencies = application.component(application.tracing).dependencies
    called = [application.component(dependency.name) for dependency in dependencies]
    return next((component for component in called if any(port.protocol == "mysql" for port in component.ports)), None)


def schema_is_loaded(context: Context, state: ApplicationState, store: Component) -> bool:
    """Whether the schema has been loaded into this database."""
    return bool(state.tracing_schema) and state.tracing_schema == _storage_identity(context, store)


def prepare_store(context: Context, timeout: float, dry: bool) -> Result:
    """Deploy the store, healthy within ``timeout`` seconds, and create the tables that its database lacks.

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
            transaction.state = replace(transaction.state, tracing_schema=_storage_identity(context, store))
    return Result(_with_schema(result.plan, store)) if loaded else result


def _with_schema(plan: Plan, store: Component) -> Plan:
    return make_plan([*plan.operations.values(), LoadSchema(subject=store.name, cause="its tables are missing")])


def _storage_identity(context: Context, store: Component) -> str:
    return context.driver.workloads.storage_identity([mount.source for mount in store.mounts if mount.kind == "volume"])


def _load_schema(context: Context, store: Component) -> bool:
    """Create the tables that the database lacks, and return whether there were any. Raises ``SchemaError``, ``DriverError``.

    The schema comes from Zipkin's image. It is loaded into another database and its tables are moved by one statement, so
    that existing tables are complete even after a run that was killed.
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
    """Uses the store's own client and socket, which need no password."""

    workloads: Workloads
    store: Instance
    database: str

    def tables(self) -> set[str]:
        """Return the existing tables."""
        query = f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{self.database}'"
        return set(self._execute(query).split())

    def load(self, schema: str, tables: list[str]) -> None:
        """Create ``tables`` by ``schema``."""
        staging = f"{self.database}_new"
        moves = ", ".join(f"{staging}.{table} TO {self.database}.{table}" for table in tables)
        self._execute(f"DROP DATABASE IF EXISTS {staging}; CREATE DATABASE {staging}; USE {staging};\n{schema}")
        self._execute(f"RENAME TABLE {moves}; DROP DATABASE {staging}")

    def _execute(self, statements: str) -> str:
        command = ("mariadb", "--batch", "--skip-column-names", "--execute", statements)
        status, output = self.workloads.run(self.store, command)
        if status:
            raise SchemaError(f"{self.store}: {output.strip()}")
        return output
