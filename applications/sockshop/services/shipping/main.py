"""Shipping: hands shipments to the queue, and says yes only when the broker has them."""

from __future__ import annotations

import json

from aiohttp import web
from publisher import Publisher
from sockshop.context import current
from sockshop.errors import java_error, json_object
from sockshop.queue import Broker, BrokerError
from sockshop.service import Service


def main() -> None:
    """Serve."""
    service = Service("shipping", "date", own_last=True)
    publisher = Publisher(Broker())
    service.checks["shipping-rabbitmq"] = publisher.check

    async def ship(request: web.Request) -> web.Response:
        try:
            body = await json_object(request)
        except ValueError as error:
            return java_error(request, 400, str(error))
        shipment = {"id": str(body.get("id") or ""), "name": str(body.get("name") or "")}
        try:
            with service.spans.call("publish shipping-task", "rabbitmq"):
                context = current.get()
                headers = context.headers() if context else {}
                await publisher.publish(json.dumps(shipment).encode(), headers)
        except (BrokerError, OSError) as error:
            return java_error(request, 503, f"{type(error).__name__}: the broker has not confirmed the shipment")
        return web.json_response(shipment, status=201)

    async def everything(_: web.Request) -> web.Response:
        return web.Response(text="GET ALL Shipping Resource.")

    async def one(request: web.Request) -> web.Response:
        return web.Response(text=f"GET Shipping Resource with id: {request.match_info['id']}")

    router = service.app.router
    router.add_post("/shipping", ship)
    router.add_get("/shipping", everything)
    router.add_get("/shipping/{id}", one)
    service.run()


if __name__ == "__main__":
    main()
