"""What every answer passes through: security headers, errors in one form, session cookies."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from storefront.backends import BackendError
from storefront.pages import Pages
from storefront.replies import Refusal, failure
from storefront.sessions import Sessions

LOG = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Middleware = Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]

HEADERS = {
    "Content-Security-Policy": "; ".join(
        ("default-src 'self'", "object-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'")
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


@web.middleware
async def headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Add the security headers; API answers must not be cached."""
    response = await handler(request)
    for name, text in HEADERS.items():
        response.headers.setdefault(name, text)
    if response.content_type == "application/json":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def errors(pages: Pages) -> Middleware:
    """Return the middleware that turns every failure into an answer without a stack trace."""

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refusal as refusal:
            return failure(refusal.status, refusal.message)
        except BackendError as error:
            LOG.warning("%s", error)
            return failure(error.status, f"The {error.backend} service is not available.")
        except web.HTTPException as error:
            if error.status == 404 and "text/html" in request.headers.get("Accept", ""):
                return pages.missing(request)
            return failure(error.status, error.reason)
        except Exception:
            LOG.exception("%s %s", request.method, request.path)
            return failure(500, "Something went wrong in the shop.")

    return answer


def cookies(sessions: Sessions) -> Middleware:
    """Return the middleware that gives a new visitor a session, if a handler asked for one."""

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if isinstance(response, web.Response):
            sessions.keep(request, response)
        return response

    return answer
