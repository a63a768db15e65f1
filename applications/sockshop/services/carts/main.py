"""Carts: the carts of customers and visitors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import cart
from aiohttp import web
from sockshop.errors import java_error, typed_json_object
from sockshop.mongo import Mongo, StoreError
from sockshop.service import Service

Handler = Callable[[web.Request], Awaitable[web.Response]]
MISSING = "Cannot find item in cart"
MISSING_CLASS = "java.lang.IllegalArgumentException"
MOST = 2**31 - 1


def answering(handler: Handler) -> Handler:
    """Return a handler that reports bad requests and database failures."""

    async def answer(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except ValueError as error:
            return java_error(request, 400, str(error))
        except StoreError as error:
            return java_error(request, 500, f"{type(error).__name__}: the database does not answer")

    return answer


def number(body: Mapping[str, Any], name: str, default: float) -> float:
    """Return a number of the request. Raises ``ValueError`` for anything else, and for numbers beyond the original's range."""
    try:
        found = float(body.get(name) or default)
    except (TypeError, OverflowError):
        raise ValueError(f"{name} is not a number") from None
    if not abs(found) <= MOST:
        raise ValueError(f"{name} is out of range")
    return found


class Carts:
    """The handlers."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def get(self, request: web.Request) -> web.Response:
        """Answer a cart."""
        customer = request.match_info["customer"]
        await self._mongo.do("ensure cart", lambda store: cart.ensure(store, customer))
        return web.json_response({"customerId": customer})

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a cart."""
        customer = request.match_info["customer"]
        await self._mongo.do("delete cart", lambda store: cart.delete(store, customer))
        return web.Response(status=202)

    async def merge(self, request: web.Request) -> web.Response:
        """Merge a session's cart into a customer's."""
        customer, session = request.match_info["customer"], request.query.get("sessionId", "")
        if not session:
            raise ValueError("sessionId is required")
        if session != customer:
            await self._mongo.do("merge carts", lambda store: cart.merge(store, customer, session))
        return web.Response(status=202)

    async def items(self, request: web.Request) -> web.Response:
        """Answer the items of a cart."""
        customer = request.match_info["customer"]
        return web.json_response(await self._mongo.do("list items", lambda store: cart.items(store, customer)))

    async def item(self, request: web.Request) -> web.Response:
        """Answer an item."""
        customer, key = request.match_info["customer"], request.match_info["item"]
        found = await self._mongo.do("get item", lambda store: cart.one(store, customer, key))
        return web.json_response(found) if found else java_error(request, 500, MISSING, MISSING_CLASS)

    async def add(self, request: web.Request) -> web.Response:
        """Add an item."""
        customer, body = request.match_info["customer"], await typed_json_object(request)
        key, price = str(body.get("itemId") or ""), number(body, "unitPrice", 0)
        quantity = int(number(body, "quantity", 1))
        added = await self._mongo.do("add item", lambda store: cart.add(store, customer, key, quantity, price))
        return web.json_response(added, status=201)

    async def change(self, request: web.Request) -> web.Response:
        """Set an item's quantity."""
        customer, body = request.match_info["customer"], await typed_json_object(request)
        key, quantity = str(body.get("itemId") or ""), int(number(body, "quantity", 0))
        there = await self._mongo.do("set quantity", lambda store: cart.set_quantity(store, customer, key, quantity))
        return web.Response(status=202) if there else java_error(request, 500, MISSING, MISSING_CLASS)

    async def remove(self, request: web.Request) -> web.Response:
        """Remove an item."""
        customer, key = request.match_info["customer"], request.match_info["item"]
        there = await self._mongo.do("remove item", lambda store: cart.remove(store, customer, key))
        return web.Response(status=202) if there else java_error(request, 500, MISSING, MISSING_CLASS)


def main() -> None:
    """Serve."""
    service = Service("carts", "date")
    mongo = Mongo("data", "carts-db", service.spans)
    service.checks["carts-db"] = mongo.check
    carts, router = Carts(mongo), service.app.router
    router.add_get("/carts/{customer}", answering(carts.get))
    router.add_delete("/carts/{customer}", answering(carts.delete))
    router.add_get("/carts/{customer}/merge", answering(carts.merge))
    router.add_get("/carts/{customer}/items", answering(carts.items))
    router.add_post("/carts/{customer}/items", answering(carts.add))
    router.add_patch("/carts/{customer}/items", answering(carts.change))
    router.add_get("/carts/{customer}/items/{item}", answering(carts.item))
    router.add_delete("/carts/{customer}/items/{item}", answering(carts.remove))
    service.run()


if __name__ == "__main__":
    main()
