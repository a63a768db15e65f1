"""The in-flight requests of a service, which it finishes before it ends."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from aiohttp import web

from .middleware import Handler

_LOOK_SECONDS = 0.05


class UnderWay:
    """Counts requests. During shutdown a connection is closed after its next answer."""

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
        """Return when no request is in flight, after ``seconds`` at most."""
        self._ending = True
        until = time.monotonic() + seconds
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if not self._count or time.monotonic() > until:
                return
