"""What every request gets around its handler: span, metrics, version header, and injected faults."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from prometheus_client import Histogram

from .context import received
from .errors import Failure
from .logs import log
from .settings import Settings
from .spans import Spans

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
QUIET = ("/health", "/metrics", "/prometheus")
SECONDS = Histogram(
    "http_request_duration_seconds", "Time until the answer, in seconds.", ("service", "method", "path", "status_code")
)


def observed(service: str, settings: Settings, spans: Spans, failure: Failure) -> Any:
    """Return the middleware that measures requests, puts them into their trace, and shows the version.

    What no handler answered is answered with ``failure``.
    """
    version = f"{service}/{settings.version}"

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in QUIET:
            answer = await _answered(request, handler, failure)
            answer.headers["X-Service-Version"] = version
            return answer
        started = time.perf_counter()
        resource = request.match_info.route.resource
        path = resource.canonical if resource else "none"
        status = 500
        try:
            with spans.span(f"{request.method} {path}", "SERVER", received(request.headers).child()) as tags:
                answer = await _answered(request, handler, failure)
                status = answer.status
                tags["http.status_code"] = str(status)
                tags["http.path"] = request.path
                tags["version"] = settings.version
                if status >= 500:
                    tags["error"] = str(status)
            if not answer.prepared:
                answer.headers["X-Service-Version"] = version
            return answer
        finally:
            SECONDS.labels(service, request.method, path, status).observe(time.perf_counter() - started)

    return middleware


async def _answered(request: web.Request, handler: Handler, failure: Failure) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        headers = {name: value for name, value in error.headers.items() if name not in ("Content-Type", "Content-Length")}
        answer = failure(request, error.status, error.text or "") if error.status >= 400 else web.Response(status=error.status)
        answer.headers.update(headers)
        return answer
    except Exception:
        log.exception("%s %s", request.method, request.path)
        return failure(request, 500, "internal error")


def faulty(settings: Settings, failure: Failure) -> Any:
    """Return the middleware that fails or slows a share of requests, as the settings ask."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path not in QUIET:
            if random.random() * 100 < settings.slow_percent:
                await asyncio.sleep(settings.slow_seconds)
            if random.random() * 100 < settings.fail_percent:
                return failure(request, 500, "failed on purpose")
        return await handler(request)

    return middleware
