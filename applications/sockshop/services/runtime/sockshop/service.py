"""A service: an aiohttp application with what all of them share, from its start to its graceful end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime

from aiohttp import ClientSession, web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from .client import traced_client
from .middleware import faulty, observed
from .settings import read_settings
from .spans import Spans

Check = Callable[[], Awaitable[None]]
SHUTDOWN_SECONDS = 8.0
CHECK_SECONDS = 2.0


class Service:
    """One of the shop's services, called ``name``.

    ``checks`` say by name which stores work, by raising where one does not; ``time_key`` is what the original calls
    the time in its health report. ``own_last`` puts the service after its stores there.
    """

    def __init__(self, name: str, time_key: str = "time", own_last: bool = False) -> None:
        self.name = name
        self.settings = read_settings()
        self.spans = Spans(name, self.settings.spans_url)
        self.checks: dict[str, Check] = {}
        self._time_key = time_key
        self._own_last = own_last
        self._client: ClientSession | None = None
        self.app = web.Application(middlewares=[observed(name, self.settings, self.spans), faulty(self.settings)])
        self.app.router.add_get("/health", self._health)
        self.app.router.add_get("/metrics", self.metrics)
        self.app.cleanup_ctx.append(self._tools)

    @property
    def client(self) -> ClientSession:
        """The client for calls to other services; there is one from the start on."""
        if self._client is None:
            raise RuntimeError("the service has not started")
        return self._client

    def run(self) -> None:
        """Serve until SIGTERM; requests that are under way are finished first."""
        web.run_app(
            self.app,
            host="0.0.0.0",
            port=self.settings.port,
            access_log=None,
            print=None,
            shutdown_timeout=SHUTDOWN_SECONDS,
        )

    async def _tools(self, _: web.Application) -> AsyncIterator[None]:
        self._client = traced_client(self.spans)
        delivery = asyncio.create_task(self.spans.deliver()) if self.settings.spans_url else None
        yield
        await self._client.close()
        if delivery:
            delivery.cancel()
            with suppress(asyncio.CancelledError):
                await delivery

    async def _health(self, _: web.Request) -> web.Response:
        entries = [(self.name, "OK")]
        entries += [(name, await _status(check)) for name, check in self.checks.items()]
        if self._own_last:
            entries.append(entries.pop(0))
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return web.json_response(
            {"health": [{"service": name, "status": status, self._time_key: now} for name, status in entries]}
        )

    async def metrics(self, _: web.Request) -> web.Response:
        """Answer the figures for Prometheus."""
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _status(check: Check) -> str:
    try:
        await asyncio.wait_for(check(), CHECK_SECONDS)
    except Exception:
        return "err"
    return "OK"
