"""Consumes shipments from the queue in a thread; a shipment is acknowledged after it was handled."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from typing import Any

from prometheus_client import Counter
from sockshop.context import received
from sockshop.logs import Condition, log
from sockshop.queue import QUEUE, Broker, BrokerError
from sockshop.spans import Spans

SHIPPED = Counter("shipments", "Shipments that were handled.")
_PREFETCH, _PAUSE_SECONDS, _STOP_SECONDS = 16, 1.0, 5.0


class Consumer:
    """Handles shipments until it is stopped."""

    def __init__(self, broker: Broker, spans: Spans) -> None:
        self._broker = broker
        self._spans = spans
        self._connection: Any = None
        self._channel: Any = None
        self._condition = Condition(broker.host)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the current shipment, and end; the broker delivers unhandled ones to another consumer."""
        self._stopping.set()
        connection, channel = self._connection, self._channel
        if connection is not None and channel is not None:
            with suppress(BrokerError):
                connection.add_callback_threadsafe(channel.stop_consuming)
        self._thread.join(timeout=_STOP_SECONDS)

    async def check(self) -> None:
        """Raise if nothing is being consumed."""
        if self._channel is None or not self._channel.is_open:
            raise ConnectionError("no connection to the broker")

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self._consume()
            except Exception as error:
                self._condition.tell(error)
                self._stopping.wait(_PAUSE_SECONDS)
            finally:
                self._close()

    def _consume(self) -> None:
        """Consume until ``stop``, or until the queue is deleted. Raises ``BrokerError``, ``OSError``."""
        self._connection = self._broker.connect()
        self._channel = self._broker.channel(self._connection)
        self._channel.basic_qos(prefetch_count=_PREFETCH)
        self._channel.basic_consume(QUEUE, self._handle)
        self._condition.tell(None)
        if not self._stopping.is_set():
            self._channel.start_consuming()

    def _close(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            with suppress(BrokerError, OSError):
                connection.close()

    def _handle(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        headers = {name: str(value) for name, value in (properties.headers or {}).items()}
        with self._spans.span("receive shipping-task", "CONSUMER", received(headers).child(), "rabbitmq"):
            log.info("received shipment %s on %s", _name(body), method.routing_key)
        SHIPPED.inc()
        channel.basic_ack(method.delivery_tag)


def _name(body: bytes) -> str:
    """Return a shipment's name; an unreadable shipment does not stop the consumer."""
    try:
        return str(json.loads(body).get("name"))
    except (ValueError, AttributeError):
        return repr(body[:80])
