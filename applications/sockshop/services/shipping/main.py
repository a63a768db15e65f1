"""Shipping: publishes shipments to the queue, and succeeds only when the broker has confirmed them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from aiohttp import web
from publisher import Publisher
from sockshop.context import current
from sockshop.errors import java_error, typed_json_object
from sockshop.queue import Broker, BrokerError
from sockshop.service import Service


class Shipping:
    """The handlers."""

    def __init__(self, service: Service, publisher: Publisher) -> None:
        self._service = service
        self._publisher = publisher

    async def ship(self, request: web.Request) -> web.Response:
        """Hand a shipment to the queue; it is confirmed before it is answered."""
        try:
            body = await typed_json_object(request)
        except ValueError as error:
            return java_error(request, 400, str(error))
        shipment = {"id": str(body.get("id") or ""), "name": str(body.get("name") or "")}
        try:
            with self._service.spans.call("publish shipping-task", "rabbitmq", "PRODUCER"):
                context = current.get()
                headers = context.headers() if context else {}
                await self._publisher.publish(json.dumps(shipment).encode(), headers)
        except (BrokerError, OSError) as error:
            return java_error(request, 503, f"{type(error).__name__}: the broker has not confirmed the shipment")
        return web.json_response(shipment, status=201)

    async def everything(self, _request: web.Request) -> web.Response:
        """Answer the original's placeholder."""
        return web.Response(text="GET ALL Shipping Resource.")

    async def one(self, request: web.Request) -> web.Response:
        """Answer the original's placeholder."""
        return web.Response(text=f"GET Shipping Resource with id: {request.match_info['id']}")

    async def publishing(self, _app: web.Application) -> AsyncIterator[None]:
        """Hold the connection while the service runs."""
        self._publisher.start()
        yield
        await asyncio.to_thread(self._publisher.stop)


def main() -> None:
    """Serve."""
    service = Service("shipping", "date", own_last=True)
    publisher = Publisher(Broker())
    service.checks["shipping-rabbitmq"] = publisher.check
    shipping, router = Shipping(service, publisher), service.app.router
    router.add_post("/shipping", shipping.ship)
    router.add_get("/shipping", shipping.everything)
    router.add_get("/shipping/{id}", shipping.one)
    service.app.cleanup_ctx.append(shipping.publishing)
    service.run()


if __name__ == "__main__":
    main()
