"""/orders: placing an order, and a customer's own orders."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from storefront import masking
from storefront.backends import Backend
from storefront.customers import ID, Customers
from storefront.replies import Refusal, failed, sent, value


class OrderApi:
    def __init__(self, orders: Backend, carts: Backend, customers: Customers) -> None:
        self._orders = orders
        self._carts = carts
        self._customers = customers

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/orders", self.mine),
            web.post("/orders", self.place),
            web.get("/orders/" + ID, self.one),
        ]

    async def mine(self, request: web.Request) -> web.Response:
        """Answer 201, which clients of this API have always been given for this list."""
        query = {"sort": "date", "custId": self._customers.me(request)}
        reply = await self._orders.call("GET", "/orders/search/customerId", query=query)
        if not reply.ok:
            return failed(reply)
        found = (reply.json().get("_embedded") or {}).get("customerOrders") or []
        return value([masking.order(order) for order in found], 201)

    async def one(self, request: web.Request) -> web.Response:
        me = self._customers.me(request)
        reply = await self._orders.call("GET", f"/orders/{request.match_info['id']}")
        if not reply.ok and not reply.not_found:
            return failed(reply)
        order = reply.json() if reply.ok else {}
        if order.get("customerId") != me:
            raise Refusal(404, "There is no such order.")
        return value(masking.order(order))

    async def place(self, request: web.Request) -> web.Response:
        me = self._customers.me(request)
        chosen = await sent(request) if request.can_read_body else {}
        reply = await self._customers.backend.call("GET", f"/customers/{me}")
        if not reply.ok:
            return failed(reply)
        order = {
            "customer": _link(reply.json()),
            "address": _link(await self._chosen(me, "addresses", chosen.get("address"))),
            "card": _link(await self._chosen(me, "cards", chosen.get("card"))),
            "items": f"{self._carts.url}/carts/{me}/items",
        }
        placed = await self._orders.call("POST", "/orders", body=order)
        return value(masking.order(placed.json()), placed.status) if placed.ok else failed(placed)

    async def _chosen(self, me: str, kind: str, wanted: Any) -> dict[str, Any]:
        """Return the address or card that was named, or else the customer's first."""
        if wanted:
            return await self._customers.one(me, kind, str(wanted))
        entries = await self._customers.owned(me, kind)
        if not entries:
            raise Refusal(406, "An order needs a delivery address and a payment card.")
        return entries[0]


def _link(entity: dict[str, Any]) -> str:
    """Return the address under which the orders service finds a customer, an address or a card."""
    try:
        return str(entity["_links"]["self"]["href"])
    except (KeyError, TypeError) as error:
        raise Refusal(502, "The user service gave no link to a customer's data.") from error
