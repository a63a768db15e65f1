"""Orders: places and stores orders."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from bson import ObjectId
from bson.errors import InvalidId
from checkout import CalleeError, Checkout, Refused
from order import COLLECTION, HOST, hal, shown
from sockshop.errors import java_error, typed_json_object
from sockshop.logs import log
from sockshop.mongo import Mongo, StoreError
from sockshop.service import Service
from sockshop.settings import text

Handler = Callable[[web.Request], Awaitable[web.Response]]
PAGE_SIZE, LARGEST_PAGE = 20, 1000


def answering(handler: Handler) -> Handler:
    """Return a handler that reports errors as the original does."""

    async def answer(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except Refused as error:
            return java_error(request, 406, str(error), error.java)
        except ValueError as error:
            return java_error(request, 400, str(error))
        except CalleeError as error:
            log.error("%s", error)
            return java_error(request, 500, str(error), "java.lang.IllegalStateException")
        except StoreError as error:
            return java_error(request, 500, f"{type(error).__name__}: the database does not answer")

    return answer


def hal_response(body: Any) -> web.Response:
    """Return an answer as HAL."""
    return web.json_response(body, content_type="application/hal+json")


class Orders:
    """The handlers."""

    def __init__(self, service: Service, mongo: Mongo) -> None:
        self._service = service
        self._mongo = mongo
        self._payment = text("PAYMENT_URL", "http://payment")
        self._shipping = text("SHIPPING_URL", "http://shipping")

    async def place(self, request: web.Request) -> web.Response:
        """Place an order; it is stored before it is answered.

        If it cannot be stored, no payment or shipment is requested.
        """
        asked = await typed_json_object(request)
        await self._mongo.check()
        document = await Checkout(self._service.client, self._payment, self._shipping).place(asked)
        await self._mongo.do("save order", lambda store: store[COLLECTION].insert_one(document))
        return web.json_response(shown(document), status=201)

    async def all(self, request: web.Request) -> web.Response:
        """Answer a page of all orders."""
        number, size = _whole(request, "page", 0), min(LARGEST_PAGE, _whole(request, "size", PAGE_SIZE) or PAGE_SIZE)

        def found(store: Any) -> tuple[int, list[Any]]:
            return store[COLLECTION].count_documents({}), list(store[COLLECTION].find().skip(number * size).limit(size))

        count, documents = await self._mongo.do("list orders", found)
        page = {"size": size, "totalElements": count, "totalPages": -(-count // size), "number": number}
        links = {"self": {"href": f"{HOST}/orders"}, "profile": {"href": f"{HOST}/profile/orders"}}
        links["search"] = {"href": f"{HOST}/orders/search"}
        embedded = {"customerOrders": [hal(each) for each in documents]}
        return hal_response({"_embedded": embedded, "_links": links, "page": page})

    async def search(self, request: web.Request) -> web.Response:
        """Answer the orders of a customer, sorted by date where that is asked for."""
        customer, sort = request.query.get("custId", ""), request.query.get("sort", "")
        documents = await self._mongo.do("search orders", lambda store: list(store[COLLECTION].find({"customerId": customer})))
        if sort.partition(",")[0] == "date":
            documents.sort(key=lambda each: each["date"], reverse=sort.endswith(",desc"))
        here = {"self": {"href": f"{HOST}{request.rel_url}"}}
        return hal_response({"_embedded": {"customerOrders": [hal(each) for each in documents]}, "_links": here})

    async def one(self, request: web.Request) -> web.Response:
        """Answer an order."""
        try:
            key = ObjectId(request.match_info["id"])
        except InvalidId:
            return web.Response(status=404)
        found = await self._mongo.do("get order", lambda store: store[COLLECTION].find_one({"_id": key}))
        return hal_response(hal(found)) if found else web.Response(status=404)

    async def delete(self, request: web.Request) -> web.Response:
        """Delete an order."""
        try:
            key = ObjectId(request.match_info["id"])
        except InvalidId:
            return web.Response(status=404)
        gone = await self._mongo.do("delete order", lambda store: store[COLLECTION].delete_one({"_id": key}))
        return web.Response(status=204 if gone.deleted_count else 404)


def _whole(request: web.Request, name: str, default: int) -> int:
    value = request.query.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else default


def main() -> None:
    """Serve."""
    service = Service("orders", "date")
    mongo = Mongo("data", "orders-db", service.spans)
    service.checks["orders-db"] = mongo.check
    orders, router = Orders(service, mongo), service.app.router
    router.add_post("/orders", answering(orders.place))
    router.add_get("/orders", answering(orders.all))
    router.add_get("/orders/search/customerId", answering(orders.search))
    router.add_get("/orders/{id}", answering(orders.one))
    router.add_delete("/orders/{id}", answering(orders.delete))
    service.run()


if __name__ == "__main__":
    main()
