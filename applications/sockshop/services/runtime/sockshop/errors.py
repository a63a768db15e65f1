"""Errors in the form that the original services give them: that of Go kit, or that of Spring Boot."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from aiohttp import web

Failure = Callable[[web.Request, int, str], web.Response]


def go_error(status: int, error: str) -> web.Response:
    """Return an error as the services in Go answer it: JSON with a text content type."""
    body = {"error": error, "status_code": status, "status_text": HTTPStatus(status).phrase}
    return web.Response(text=json.dumps(body), status=status, content_type="text/plain", charset="utf-8")


def java_error(request: web.Request, status: int, message: str, exception: str = "") -> web.Response:
    """Return an error as the services in Java answer it; ``exception`` is the class that the original names."""
    body = {
        "timestamp": int(time.time() * 1000),
        "status": status,
        "error": HTTPStatus(status).phrase,
        **({"exception": exception} if exception else {}),
        "message": message,
        "path": request.path,
    }
    return web.json_response(body, status=status)


def go_failure(_request: web.Request, status: int, message: str) -> web.Response:
    """Return a Go service's answer to a request without a handler."""
    return go_error(status, message)


async def json_object(request: web.Request) -> dict[str, Any]:
    """Return the request's JSON object. Raises ``ValueError`` for anything else, and for numbers that JSON does not have."""
    try:
        body = json.loads(await request.text(), parse_constant=_no_number)
    except (LookupError, RecursionError):
        raise ValueError("the body cannot be read") from None
    if not isinstance(body, dict):
        raise ValueError("a JSON object is expected")
    return body


async def typed_json_object(request: web.Request) -> dict[str, Any]:
    """Return the same, but only of a body that says it is JSON, as Spring wants it. Raises ``HTTPUnsupportedMediaType``."""
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text=f"Content type '{request.headers.get('Content-Type', '')}' not supported")
    return await json_object(request)


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
