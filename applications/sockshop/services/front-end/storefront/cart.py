"""/cart: the visitor's cart, kept by the carts service."""

from __future__ import annotations

import re
from typing import Any

from aiohttp import web

from storefront.backends import Backend
from storefront.replies import Refusal, failed, passed, sent
from storefront.sessions import Sessions

ID = re.compile(r"[\w-]{1,64}", re.ASCII)
MOST = 999


class CartApi:
    def __init__(self, carts: Backend, catalogue: Backend, sessions: Sessions) -> None:
        self._carts = carts
        self._catalogue = catalogue
        self._sessions = sessions

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/cart", self.read),
            web.post("/cart", self.add),
            web.post("/cart/update", self.update),
            web.delete("/cart", self.clear),
            web.delete(r"/cart/{id:[\w-]+}", self.remove),
        ]

    async def read(self, request: web.Request) -> web.Response:
        return passed(await self._carts.call("GET", self._path(request, "/items")))

    async def add(self, request: web.Request) -> web.Response:
        item = await self._item(await sent(request))
        reply = await self._carts.call("POST", self._path(request, "/items"), body=item)
        return web.Response(status=201) if reply.ok else failed(reply)

    async def update(self, request: web.Request) -> web.Response:
        content = await sent(request)
        quantity = content.get("quantity")
        if isinstance(quantity, str) and quantity.isdecimal():
            quantity = int(quantity)
        if not isinstance(quantity, int) or isinstance(quantity, bool) or not 1 <= quantity <= MOST:
            raise Refusal(400, f"The quantity must be a whole number from 1 to {MOST}.")
        item = {**await self._item(content), "quantity": quantity}
        reply = await self._carts.call("PATCH", self._path(request, "/items"), body=item)
        return web.Response(status=202) if reply.ok else failed(reply)

    async def clear(self, request: web.Request) -> web.Response:
        reply = await self._carts.call("DELETE", self._path(request))
        return web.Response(status=202) if reply.ok else failed(reply)

    async def remove(self, request: web.Request) -> web.Response:
        reply = await self._carts.call("DELETE", self._path(request, f"/items/{request.match_info['id']}"))
        return web.Response(status=202) if reply.ok else failed(reply)

    def _path(self, request: web.Request, rest: str = "") -> str:
        return f"/carts/{self._sessions.of(request).cart}{rest}"

    async def _item(self, content: dict[str, Any]) -> dict[str, Any]:
        """Return the cart's item for the sock that a browser named, at the catalogue's price."""
        sock_id = content.get("id")
        if not isinstance(sock_id, str) or not sock_id:
            raise Refusal(400, "Which sock? The request has no id.")
        if not ID.fullmatch(sock_id):
            raise Refusal(404, "There is no such sock.")
        reply = await self._catalogue.call("GET", f"/catalogue/{sock_id}")
        if reply.not_found:
            raise Refusal(404, "There is no such sock.")
        sock = reply.json() if reply.ok else {}
        if "price" not in sock:
            raise Refusal(502, "The catalogue cannot tell this sock's price.")
        return {"itemId": sock["id"], "unitPrice": sock["price"]}
