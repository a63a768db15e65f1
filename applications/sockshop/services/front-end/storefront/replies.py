"""Answers of handlers, and parsing of browser requests."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from aiohttp import web

from storefront.backends import Reply


class Refusal(Exception):
    """Ends a request with a status and a message for people."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def failure(status: int, message: str) -> web.Response:
    return web.json_response({"status_code": status, "status_text": HTTPStatus(status).phrase, "message": message}, status=status)


def value(content: Any, status: int = 200) -> web.Response:
    return web.json_response(content, status=status)


def passed(reply: Reply, status: int | None = None) -> web.Response:
    """Return a backend's JSON with its status, or with `status` in place of a success."""
    if not reply.ok:
        return failed(reply)
    if not reply.body:
        return web.Response(status=status or reply.status)
    return web.Response(body=reply.body, status=status or reply.status, content_type="application/json", charset="utf-8")


def failed(reply: Reply) -> web.Response:
    """Return a backend's error with its status and its own message, in the shop's one form."""
    status = 404 if reply.not_found else reply.status if 400 <= reply.status < 600 else 502
    try:
        error = json.loads(reply.body)
    except ValueError:
        error = None
    known = error if isinstance(error, dict) else {}
    message = known.get("message") or known.get("error") or f"{reply.backend} answered {reply.status}"
    try:
        return failure(status, str(message))
    except ValueError:  # a status without a name
        return failure(502, str(message))


async def sent(request: web.Request) -> dict[str, Any]:
    """Return the JSON object in a request. Raises Refusal(400)."""
    try:
        content = await request.json()
    except ValueError as error:
        raise Refusal(400, "The request holds no JSON.") from error
    if not isinstance(content, dict):
        raise Refusal(400, "The request's JSON is not an object.")
    return content
