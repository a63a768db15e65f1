"""Queue-master: takes shipments from the queue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web
from consumer import Consumer
from sockshop.queue import Broker
from sockshop.service import Service


def main() -> None:
    """Serve."""
    service = Service("queue-master", "date")
    consumer = Consumer(Broker(), service.spans)
    service.checks["queue-master-rabbitmq"] = consumer.check

    async def consume(_app: web.Application) -> AsyncIterator[None]:
        consumer.start()
        yield
        await asyncio.to_thread(consumer.stop)

    service.app.cleanup_ctx.append(consume)
    service.app.router.add_get("/prometheus", service.metrics)
    service.run()


if __name__ == "__main__":
    main()
