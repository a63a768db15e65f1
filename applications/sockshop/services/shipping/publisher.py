"""Publishes from one thread, which holds the connection. A message is published once the broker has confirmed it."""

from __future__ import annotations

import asyncio
import queue
import threading
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pika
from sockshop.logs import Condition
from sockshop.queue import QUEUE, TYPE, Broker, BrokerError

# Shorter than the 5 s that orders waits, so that orders gets the reason.
ANSWER_SECONDS = 4.0
_IDLE_SECONDS = 1.0
_PERSISTENT = 2
_TRIES = 2


@dataclass(frozen=True)
class _Task:
    body: bytes
    headers: dict[str, str]
    done: Future[None] = field(default_factory=Future)


class Publisher:
    """Takes messages from any thread, and reconnects without a limit."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._tasks: queue.Queue[_Task | None] = queue.Queue()
        self._connection: Any = None
        self._channel: Any = None
        self._condition = Condition(broker.host)
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Publish what is waiting, and close the connection."""
        self._tasks.put(None)
        self._thread.join(timeout=1)

    async def publish(self, body: bytes, headers: dict[str, str]) -> None:
        """Return once the broker has the message for good. Raises ``BrokerError``, ``OSError``.

        A message that waited too long is not published any more; the fate of one in flight is unknown.
        """
        task = _Task(body, headers)
        self._tasks.put(task)
        await asyncio.wait_for(asyncio.wrap_future(task.done), ANSWER_SECONDS)

    async def check(self) -> None:
        """Raise if there is no connection."""
        if self._condition.trouble or self._connection is None or not self._connection.is_open:
            raise ConnectionError(self._condition.trouble or "no connection to the broker")

    def _work(self) -> None:
        while True:
            try:
                task = self._tasks.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                self._keep_alive()
                continue
            if task is None:
                self._close()
                return
            if task.done.set_running_or_notify_cancel():
                self._settle(task)

    def _settle(self, task: _Task) -> None:
        try:
            self._publish(task)
        except Exception as error:
            self._condition.tell(error)
            task.done.set_exception(error)
            self._refuse_waiting(error)
        else:
            self._condition.tell(None)
            task.done.set_result(None)

    def _refuse_waiting(self, error: Exception) -> None:
        """Fail all waiting messages: without a broker each would wait for its own attempt."""
        for _task in range(self._tasks.qsize()):
            with suppress(queue.Empty):
                task = self._tasks.get_nowait()
                if task is None:
                    self._tasks.put(task)
                elif task.done.set_running_or_notify_cancel():
                    task.done.set_exception(error)

    def _publish(self, task: _Task) -> None:
        """Publish, over a new connection where the old one has just turned out to be closed."""
        properties = pika.BasicProperties(
            content_type="application/json",
            delivery_mode=_PERSISTENT,
            headers={"__TypeId__": TYPE, **task.headers},
        )
        for attempt in range(1, _TRIES + 1):
            fresh = self._connection is None
            try:
                self._open().basic_publish("", QUEUE, task.body, properties, mandatory=True)
                return
            except (BrokerError, OSError):
                self._close()
                if fresh or attempt == _TRIES:
                    raise

    def _open(self) -> Any:
        """Return the channel, on a new connection where there is none."""
        if self._channel is None or not self._channel.is_open:
            self._close()
            self._connection = self._broker.connect()
            self._channel = self._broker.channel(self._connection)
            self._channel.confirm_delivery()
        return self._channel

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(BrokerError, OSError):
                self._connection.close()
        self._connection = self._channel = None

    def _keep_alive(self) -> None:
        """Connect ahead of the first message, and answer the broker's heartbeats."""
        try:
            self._open()
            self._connection.process_data_events()
        except Exception as error:
            self._condition.tell(error)
            self._close()
        else:
            self._condition.tell(None)
