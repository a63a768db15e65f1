"""The queue of shipments, as both its ends declare it."""

from __future__ import annotations

from typing import Any

import pika
import pika.exceptions

from .settings import address, flag, secret, text

QUEUE, EXCHANGE = "shipping-task", "shipping-task-exchange"
TYPE = "works.weave.socks.shipping.entities.Shipment"
BrokerError = pika.exceptions.AMQPError
_TIMEOUT_SECONDS, _HEARTBEAT_SECONDS = 3, 10


class Broker:
    """The RabbitMQ that the environment names; the queue is durable unless ``QUEUE_DURABLE`` is false."""

    def __init__(self) -> None:
        self.host, port = address("RABBITMQ_HOST", "rabbitmq", 5672)
        login = pika.PlainCredentials(text("RABBITMQ_USER", "guest"), secret("RABBITMQ_PASSWORD", "guest"))
        self._parameters = pika.ConnectionParameters(
            host=self.host,
            port=port,
            credentials=login,
            heartbeat=_HEARTBEAT_SECONDS,
            socket_timeout=_TIMEOUT_SECONDS,
            stack_timeout=_TIMEOUT_SECONDS,
            blocked_connection_timeout=_TIMEOUT_SECONDS,
        )
        self._durable = flag("QUEUE_DURABLE", True)

    def connect(self) -> Any:
        """Return a connection. Raises ``BrokerError``, ``OSError``."""
        return pika.BlockingConnection(self._parameters)

    def channel(self, connection: Any) -> Any:
        """Return a channel on which the queue is there. Raises ``BrokerError``."""
        channel = connection.channel()
        channel.exchange_declare(EXCHANGE, "topic", durable=True)
        channel.queue_declare(QUEUE, durable=self._durable)
        channel.queue_bind(QUEUE, EXCHANGE, QUEUE)
        return channel
