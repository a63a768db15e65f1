"""The catalogue's MySQL database, asked from threads over a few kept connections."""

from __future__ import annotations

import asyncio
import queue
from typing import Any

import pymysql
from sockshop.settings import secret, text
from sockshop.spans import Spans

StoreError = pymysql.MySQLError
_CONNECTIONS, _TIMEOUT_SECONDS = 4, 5


class Database:
    """The database that the environment names."""

    def __init__(self, spans: Spans) -> None:
        host, _, port = text("MYSQL_HOST", "catalogue-db").partition(":")
        self._options: dict[str, Any] = {
            "host": host,
            "port": int(port or 3306),
            "database": text("MYSQL_DATABASE", "socksdb"),
            "user": text("MYSQL_USER", "catalogue_user"),
            "password": secret("MYSQL_PASSWORD", "default_password"),
            "connect_timeout": _TIMEOUT_SECONDS,
            "read_timeout": _TIMEOUT_SECONDS,
            "cursorclass": pymysql.cursors.DictCursor,
            "autocommit": True,
        }
        self._store = host
        self._spans = spans
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue(_CONNECTIONS)

    async def rows(self, name: str, query: str, values: tuple[Any, ...] = ()) -> list[dict[str, Any]]:
        """Return the rows of ``query``; ``name`` is for the trace. Raises ``StoreError``."""
        with self._spans.call(name, self._store):
            return await asyncio.to_thread(self._rows, query, values)

    async def check(self) -> None:
        """Raise ``StoreError`` where the database does not answer."""
        await asyncio.to_thread(self._rows, "SELECT 1", ())

    def _rows(self, query: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
        """Ask over a kept connection; one that the server has closed meanwhile gives way to a new one."""
        kept = self._kept()
        if kept is not None:
            try:
                return self._asked(kept, query, values)
            except (pymysql.OperationalError, pymysql.InterfaceError):
                kept.close()
        return self._asked(pymysql.connect(**self._options), query, values)

    def _asked(self, connection: Any, query: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
        with connection.cursor() as cursor:
            cursor.execute(query, values)
            found = list(cursor.fetchall())
        try:
            self._idle.put_nowait(connection)
        except queue.Full:
            connection.close()
        return found

    def _kept(self) -> Any:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return None
