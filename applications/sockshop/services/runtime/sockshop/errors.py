"""Errors in the form that the original services give them: that of Go kit, or that of Spring Boot."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any

from aiohttp import web


def go_error(status: int, error: str) -> web.Response:
    """Return an error as the services in Go answer it."""
    body = {"error": error, "status_code": status, "status_text": HTTPStatus(status).phrase}
    return web.json_response(body, status=status)


def java_error(request: web.Request, status: int, message: str) -> web.Response:
    """Return an error as the services in Java answer it."""
    body = {
        "timestamp": int(time.time() * 1000),
        "status": status,
        "error": HTTPStatus(status).phrase,
        "message": message,
        "path": request.path,
    }
    return web.json_response(body, status=status)


async def json_object(request: web.Request) -> dict[str, Any]:
    """Return the request's JSON object. Raises ``ValueError`` for anything else."""
    body = await request.json()
    if not isinstance(body, dict):
        raise ValueError("a JSON object is expected")
    return body
