"""Takes shipments from the queue in a thread of its own, for ever; one counts as done when it has been handled."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from typing import Any

from prometheus_client import Counter
from sockshop.context import received
from sockshop.queue import QUEUE, Broker, BrokerError
from sockshop.spans import Spans

SHIPPED = Counter("shipments", "Shipments that were handled.")
_PREFETCH, _PAUSE_SECONDS = 16, 1.0


class Consumer:
    """Handles shipments until it is stopped."""

    def __init__(self, broker: Broker, spans: Spans) -> None:
        self._broker = broker
        self._spans = spans
        self._connection: Any = None
        self._stopping = False
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the shipment at hand, and end."""
        self._stopping = True
        connection = self._connection
        if connection is not None:
            with suppress(BrokerError):
                connection.add_callback_threadsafe(connection.close)
        self._thread.join(timeout=5)

    async def check(self) -> None:
        """Raise where there is no connection."""
        if self._connection is None or not self._connection.is_open:
            raise ConnectionError("no connection to the broker")

    def _work(self) -> None:
        while not self._stopping:
            try:
                self._connection = self._broker.connect()
                channel = self._broker.channel(self._connection)
                channel.basic_qos(prefetch_count=_PREFETCH)
                channel.basic_consume(QUEUE, self._handle)
                channel.start_consuming()
            except (BrokerError, OSError):
                self._connection = None
                time.sleep(_PAUSE_SECONDS)

    def _handle(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        headers = {name: str(value) for name, value in (properties.headers or {}).items()}
        with self._spans.span("receive shipping-task", "CONSUMER", received(headers).child(), "rabbitmq"):
            print(f"received shipment {_name(body)} on {method.routing_key}", flush=True)
        SHIPPED.inc()
        channel.basic_ack(method.delivery_tag)


def _name(body: bytes) -> str:
    """Return what to call a shipment; one that nobody can read is not worth stopping for."""
    try:
        return str(json.loads(body).get("name"))
    except (ValueError, AttributeError):
        return repr(body[:80])
