"""A service: an aiohttp application with the shared parts, from start to graceful shutdown."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

from aiohttp import ClientSession, web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from .client import traced_client
from .errors import go_failure, java_error
from .logs import set_up
from .middleware import faulty, observed
from .settings import read_settings
from .spans import Spans
from .under_way import UnderWay

Check = Callable[[], Awaitable[None]]
SHUTDOWN_SECONDS = 8.0
CHECK_SECONDS = 2.0
FLUSH_SECONDS = 1.0
CLOSE_SECONDS = 0.5
BACKLOG = 1024
# Threads wait for stores. With the default's few threads, requests would queue behind those that wait for a dead store.
THREADS = 32


class Service:
    """One of the shop's services, called ``name``.

    ``checks`` say by name which stores work, by raising where one does not. ``time_key`` is what the original calls the
    time in its health report: ``time`` where it is in Go, ``date`` where it is in Java, and errors have the same form.
    ``own_last`` puts the service after its stores there.
    """

    def __init__(self, name: str, time_key: str = "time", own_last: bool = False) -> None:
        self.name = name
        self.settings = read_settings()
        set_up(name)
        self.spans = Spans(name, self.settings.spans_url)
        self.checks: dict[str, Check] = {}
        self._time_key = time_key
        self._own_last = own_last
        self._client: ClientSession | None = None
        self._under_way = UnderWay()
        failure = java_error if time_key == "date" else go_failure
        self.app = web.Application(
            middlewares=[
                self._under_way.counted(),
                observed(name, self.settings, self.spans, failure),
                faulty(self.settings, failure),
            ]
        )
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
        """Serve until SIGTERM or SIGINT; in-flight requests are finished first."""
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        """Serve, and shut down in order: no new connections, in-flight requests, connections, tools.

        aiohttp 3.8's own shutdown aborts requests whose body has not been read yet.
        """
        loop, asked_to_end = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, asked_to_end.set)
        runner = web.AppRunner(self.app, access_log=None)
        await runner.setup()
        if runner.server is None:
            raise RuntimeError("the application has no server")
        listening = await loop.create_server(runner.server, "0.0.0.0", self.settings.port, backlog=BACKLOG)
        await asked_to_end.wait()
        listening.close()
        await self._under_way.drained(SHUTDOWN_SECONDS)
        await runner.server.shutdown(CLOSE_SECONDS)
        await runner.cleanup()

    async def _tools(self, _app: web.Application) -> AsyncIterator[None]:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "store"))
        self._client = traced_client(self.spans)
        delivery = asyncio.create_task(self.spans.deliver()) if self.settings.spans_url else None
        yield
        await self._client.close()
        if delivery:
            self.spans.end()
            with suppress(TimeoutError):
                await asyncio.wait_for(delivery, FLUSH_SECONDS)

    async def _health(self, _request: web.Request) -> web.Response:
        statuses = await asyncio.gather(*(_status(check) for check in self.checks.values()))
        entries = [(self.name, "OK"), *zip(self.checks, statuses, strict=True)]
        if self._own_last:
            entries.append(entries.pop(0))
        now = _now(self._time_key)
        return web.json_response(
            {"health": [{"service": name, "status": status, self._time_key: now} for name, status in entries]}
        )

    async def metrics(self, _request: web.Request) -> web.Response:
        """Answer the figures for Prometheus."""
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _now(time_key: str) -> str:
    """Return the time as Java writes it for ``date``, otherwise as Go does."""
    now = datetime.now(UTC)
    if time_key == "date":
        return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"{now:%Y-%m-%d %H:%M:%S.%f} +0000 UTC"


async def _status(check: Check) -> str:
    try:
        await asyncio.wait_for(check(), CHECK_SECONDS)
    except Exception:
        return "err"
    return "OK"
