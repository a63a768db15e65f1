"""The requests that a service is answering, so that it can finish them before it ends."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from aiohttp import web

from .middleware import Handler

_LOOK_SECONDS = 0.05


class UnderWay:
    """Counts requests. Once the service is to end, a connection is closed with the next answer on it."""

    def __init__(self) -> None:
        self._count = 0
        self._ending = False

    def counted(self) -> Any:
        """Return the middleware that counts."""

        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._count += 1
            try:
                answer = await handler(request)
            finally:
                self._count -= 1
            if self._ending and not answer.prepared:
                answer.force_close()
            return answer

        return middleware

    async def drained(self, seconds: float) -> None:
        """Return when no request is under way, ``seconds`` from now at the latest."""
        self._ending = True
        until = time.monotonic() + seconds
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if not self._count or time.monotonic() > until:
                return
