"""Publishes from one thread of its own, which holds the connection. A message counts once the broker has confirmed it."""

from __future__ import annotations

import asyncio
import queue
import threading
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field

import pika
from sockshop.queue import QUEUE, TYPE, Broker, BrokerError

_IDLE_SECONDS = 1.0
_PERSISTENT = 2
_TRIES = 2


@dataclass(frozen=True)
class _Task:
    body: bytes
    headers: dict[str, str]
    done: Future[None] = field(default_factory=Future)


class Publisher:
    """Takes messages from any thread."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._tasks: queue.Queue[_Task] = queue.Queue()
        self._connection: pika.BlockingConnection | None = None
        self._channel: pika.adapters.blocking_connection.BlockingChannel | None = None
        threading.Thread(target=self._work, daemon=True).start()

    async def publish(self, body: bytes, headers: dict[str, str]) -> None:
        """Return once the broker has the message for good. Raises ``BrokerError``, ``OSError``."""
        task = _Task(body, headers)
        self._tasks.put(task)
        await asyncio.wrap_future(task.done)

    async def check(self) -> None:
        """Raise where there is no connection."""
        if self._connection is None or not self._connection.is_open:
            raise ConnectionError("no connection to the broker")

    def _work(self) -> None:
        while True:
            try:
                task = self._tasks.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                self._keep_alive()
                continue
            try:
                self._publish(task)
                task.done.set_result(None)
            except Exception as error:
                task.done.set_exception(error)

    def _publish(self, task: _Task) -> None:
        """Publish, over a new connection where the old one has just turned out to be closed."""
        for attempt in range(1, _TRIES + 1):
            try:
                self._open()
                properties = pika.BasicProperties(
                    content_type="application/json",
                    delivery_mode=_PERSISTENT,
                    headers={"__TypeId__": TYPE, **task.headers},
                )
                if self._channel is not None:
                    self._channel.basic_publish("", QUEUE, task.body, properties, mandatory=True)
                return
            except (BrokerError, OSError):
                self._close()
                if attempt == _TRIES:
                    raise

    def _open(self) -> None:
        if self._channel is None or not self._channel.is_open:
            self._close()
            self._connection = self._broker.connect()
            self._channel = self._broker.channel(self._connection)
            self._channel.confirm_delivery()

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(BrokerError, OSError):
                self._connection.close()
        self._connection = self._channel = None

    def _keep_alive(self) -> None:
        """Connect ahead of the first message, and answer the broker's heartbeats."""
        try:
            self._open()
            if self._connection is not None:
                self._connection.process_data_events()
        except (BrokerError, OSError):
            self._close()
