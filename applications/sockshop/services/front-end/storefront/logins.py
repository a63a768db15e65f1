"""/login, /register and /logout."""

from __future__ import annotations

import logging

from aiohttp import BasicAuth, web

from storefront.backends import Backend, BackendError
from storefront.replies import Refusal, failed, sent, value
from storefront.sessions import Session, Sessions, login, visitor

LOG = logging.getLogger(__name__)


class LoginApi:
    def __init__(self, user: Backend, carts: Backend, sessions: Sessions) -> None:
        self._user = user
        self._carts = carts
        self._sessions = sessions

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/login", self.login),
            web.post("/register", self.register),
            web.get("/logout", self.logout),
            web.post("/logout", self.logout),
        ]

    async def login(self, request: web.Request) -> web.Response:
        header = request.headers.get("Authorization", "")
        if not header and _is_page(request):
            return web.Response(status=302, headers={"Location": "/login.html"})
        try:
            auth = BasicAuth.decode(header, encoding="utf-8")
        except ValueError as error:
            raise Refusal(401, "Username and password are needed.") from error
        reply = await self._user.call("GET", "/login", auth=auth)
        if reply.status in (502, 503, 504):
            return failed(reply)
        if not reply.ok:  # an unknown username must not look different from a wrong password
            raise Refusal(401, "Username or password is wrong.")
        customer = str((reply.json().get("user") or {}).get("id") or "")
        if not customer:
            raise Refusal(502, "The user service named no customer.")
        return await self._enter(request, web.Response(text="Cookie is set"), customer)

    async def register(self, request: web.Request) -> web.Response:
        content = await sent(request)
        if not content.get("username") or not content.get("password"):
            raise Refusal(400, "Username and password are needed.")
        reply = await self._user.call("POST", "/register", body=content)
        if not reply.ok:
            return failed(reply)
        customer = str(reply.json().get("id") or "")
        if not customer:
            raise Refusal(502, "The user service named no customer.")
        return await self._enter(request, value({"id": customer}), customer)

    async def logout(self, request: web.Request) -> web.Response:
        away = request.method == "GET" and _is_page(request)
        response = web.Response(status=303, headers={"Location": "/"}) if away else web.Response(status=204)
        self._sessions.begin(request, response, visitor())
        return response

    async def _enter(self, request: web.Request, response: web.Response, customer: str) -> web.Response:
        before = self._sessions.of(request)
        self._sessions.begin(request, response, login(customer))
        await self._merge(before, customer)
        return response

    async def _merge(self, before: Session, customer: str) -> None:
        """Move a visitor's cart to the customer; a login is worth more than a cart, so a failure is only logged."""
        if before.customer:
            return
        try:
            reply = await self._carts.call("GET", f"/carts/{customer}/merge", query={"sessionId": before.id})
        except BackendError as error:
            LOG.warning("cart not merged: %s", error)
            return
        if not reply.ok:
            LOG.warning("cart not merged: carts answered %d", reply.status)


def _is_page(request: web.Request) -> bool:
    return "text/html" in request.headers.get("Accept", "")
