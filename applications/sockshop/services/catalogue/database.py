"""The catalogue's MySQL database, queried from threads over a small pool of connections."""

from __future__ import annotations

import asyncio
import queue
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pymysql
from sockshop.logs import Condition
from sockshop.settings import address, secret, text
from sockshop.spans import Spans

StoreError = pymysql.MySQLError
_CONNECTIONS, _TIMEOUT_SECONDS = 8, 3


class Database:
    """The database that the environment names."""

    def __init__(self, spans: Spans) -> None:
        host, port = address("MYSQL_HOST", "catalogue-db", 3306)
        self._options: dict[str, Any] = {
            "host": host,
            "port": port,
            "database": text("MYSQL_DATABASE", "socksdb"),
            "user": text("MYSQL_USER", "catalogue_user"),
            "password": secret("MYSQL_PASSWORD", "default_password"),
            "connect_timeout": _TIMEOUT_SECONDS,
            "read_timeout": _TIMEOUT_SECONDS,
            "write_timeout": _TIMEOUT_SECONDS,
            "cursorclass": pymysql.cursors.DictCursor,
            "autocommit": True,
        }
        self._store = host
        self._spans = spans
        self._condition = Condition(host)
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue(_CONNECTIONS)
        self._threads = ThreadPoolExecutor(_CONNECTIONS, "mysql")

    async def rows(self, name: str, query: str, values: tuple[Any, ...] = ()) -> list[dict[str, Any]]:
        """Return the rows of ``query``; ``name`` is for the trace. Raises ``StoreError``."""
        with self._spans.call(name, self._store):
            return await self._in_thread(query, values)

    async def check(self) -> None:
        """Raise ``StoreError`` if the database does not answer."""
        await self._in_thread("SELECT 1", ())

    async def _in_thread(self, query: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._threads, self._rows, query, values)
        except StoreError as error:
            self._condition.tell(error)
            raise
        self._condition.tell(None)
        return found

    def _rows(self, query: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
        """Query over a pooled connection; one that the server has closed is replaced."""
        kept = self._kept()
        if kept is not None:
            try:
                return self._asked(kept, query, values)
            except (pymysql.OperationalError, pymysql.InterfaceError):
                self._forget_idle()
        return self._asked(pymysql.connect(**self._options), query, values)

    def _asked(self, connection: Any, query: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
        try:
            with connection.cursor() as cursor:
                cursor.execute(query, values)
                found = list(cursor.fetchall())
            self._idle.put_nowait(connection)
        except BaseException:
            _close(connection)
            raise
        return found

    def _forget_idle(self) -> None:
        """Close the pooled connections: if the server closed one, it closed the others too."""
        while (kept := self._kept()) is not None:
            _close(kept)

    def _kept(self) -> Any:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return None


def _close(connection: Any) -> None:
    with suppress(pymysql.MySQLError):
        connection.close()
