"""The HTTP client of a service: each call is a span and carries the trace on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from aiohttp import ClientSession, DummyCookieJar, TraceConfig
from multidict import CIMultiDict

from .context import current
from .spans import Spans


def traced_client(spans: Spans) -> ClientSession:
    """Return a client whose calls are child spans of the current one. It keeps no cookies: they belong to users."""
    config: Any = TraceConfig()

    async def start(_session: Any, call: SimpleNamespace, request: Any) -> None:
        call.measured = spans.call(request.method, request.url.host or "")
        call.tags = call.measured.__enter__()
        call.tags["http.path"] = request.url.path
        context = current.get()
        headers: CIMultiDict[str] = request.headers
        headers.update(context.headers() if context else {})

    async def finish(_session: Any, call: SimpleNamespace, request: Any) -> None:
        status = request.response.status
        call.tags["http.status_code"] = str(status)
        if status >= 500:
            call.tags["error"] = str(status)
        call.measured.__exit__(None, None, None)

    async def fail(_session: Any, call: SimpleNamespace, request: Any) -> None:
        call.tags["error"] = type(request.exception).__name__
        call.measured.__exit__(None, None, None)

    config.on_request_start.append(start)
    config.on_request_end.append(finish)
    config.on_request_exception.append(fail)
    return ClientSession(trace_configs=[config], cookie_jar=DummyCookieJar())
