"""A Mongo database, queried from threads so that requests do not wait for each other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from .logs import Condition
from .settings import address
from .spans import Spans

T = TypeVar("T")
StoreError = PyMongoError
_SELECTION_MS, _CONNECT_MS, _SOCKET_MS = 2000, 2000, 5000


class Mongo:
    """The database ``name`` on the host that ``MONGO_HOST`` names, else on the component ``store``."""

    def __init__(self, name: str, store: str, spans: Spans) -> None:
        host, port = address("MONGO_HOST", store, 27017)
        self._client: Any = MongoClient(
            host,
            port,
            connect=False,
            retryWrites=False,
            serverSelectionTimeoutMS=_SELECTION_MS,
            connectTimeoutMS=_CONNECT_MS,
            socketTimeoutMS=_SOCKET_MS,
        )
        self.database: Any = self._client[name]
        self._store = store
        self._spans = spans
        self._condition = Condition(store)

    async def do(self, name: str, work: Callable[[Any], T]) -> T:
        """Return what ``work`` makes of the database; ``name`` is for the trace. Raises ``StoreError``."""
        with self._spans.call(name, self._store):
            return await self._asked(work, self.database)

    async def check(self) -> None:
        """Raise ``StoreError`` if the database does not answer."""
        await self._asked(self._client.admin.command, "ping")

    async def _asked(self, work: Callable[[Any], T], about: Any) -> T:
        try:
            found = await asyncio.to_thread(work, about)
        except StoreError as error:
            self._condition.tell(error)
            raise
        self._condition.tell(None)
        return found
