"""A Mongo database, asked from threads so that no request waits for another's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from .spans import Spans

T = TypeVar("T")
StoreError = PyMongoError
_SELECTION_MS, _SOCKET_MS = 3000, 10_000


class Mongo:
    """The database ``name`` on ``host``, which the component ``store`` serves."""

    def __init__(self, host: str, name: str, store: str, spans: Spans) -> None:
        self._client: Any = MongoClient(
            host, connect=False, retryWrites=False, serverSelectionTimeoutMS=_SELECTION_MS, socketTimeoutMS=_SOCKET_MS
        )
        self.database: Any = self._client[name]
        self._store = store
        self._spans = spans

    async def do(self, name: str, work: Callable[[Any], T]) -> T:
        """Return what ``work`` makes of the database; ``name`` is for the trace. Raises ``StoreError``."""
        with self._spans.call(name, self._store):
            return await asyncio.to_thread(work, self.database)

    async def check(self) -> None:
        """Raise ``StoreError`` where the database does not answer."""
        await asyncio.to_thread(self._client.admin.command, "ping")
