"""Spans, sent to Zipkin in batches in the background: https://zipkin.io/zipkin-api/ (POST /api/v2/spans)."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout
from prometheus_client import Counter

from .context import TraceContext, current

DROPPED = Counter("spans_dropped", "Spans that were not delivered.")
_MOST_WAITING, _BATCH, _PAUSE_SECONDS, _TIMEOUT_SECONDS = 1000, 100, 0.5, 3.0


class Spans:
    """Takes the spans of ``service``, from any thread, and delivers them to ``url``, an empty one being nowhere.

    It never delays a request.
    """

    def __init__(self, service: str, url: str) -> None:
        self._service = service
        self._url = url
        self._waiting: deque[dict[str, Any]] = deque()
        self._ending = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()

    @contextmanager
    def span(self, name: str, kind: str, context: TraceContext, remote: str = "") -> Iterator[dict[str, str]]:
        """Measure what happens within; the tags that are yielded may be added to."""
        tags: dict[str, str] = {}
        started = time.time()
        clock = time.perf_counter()
        token = current.set(context)
        try:
            yield tags
        except BaseException as error:
            tags.setdefault("error", type(error).__name__)
            raise
        finally:
            current.reset(token)
            self._take(name, kind, context, remote, tags, started, time.perf_counter() - clock)

    @contextmanager
    def call(self, name: str, remote: str, kind: str = "CLIENT") -> Iterator[dict[str, str]]:
        """Measure a call to another component or store, as a child of the current span; ``PRODUCER`` is for a queue."""
        context = current.get()
        if context is None:
            yield {}
            return
        with self.span(name, kind, context.child(), remote) as tags:
            yield tags

    def _take(
        self, name: str, kind: str, context: TraceContext, remote: str, tags: dict[str, str], started: float, seconds: float
    ) -> None:
        if not self._url or not context.sampled:
            return
        if len(self._waiting) >= _MOST_WAITING:
            DROPPED.inc()
            return
        span: dict[str, Any] = {
            "traceId": context.trace_id,
            "id": context.span_id,
            "name": name.lower(),
            "kind": kind,
            "timestamp": int(started * 1e6),
            "duration": max(1, int(seconds * 1e6)),
            "localEndpoint": {"serviceName": self._service},
            "tags": tags,
        }
        if context.parent_id:
            span["parentId"] = context.parent_id
        if remote:
            span["remoteEndpoint"] = {"serviceName": remote}
        self._waiting.append(span)
        if len(self._waiting) == _BATCH and self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._wake.set)

    def end(self) -> None:
        """Make ``deliver`` return after the remaining spans."""
        self._ending = True
        self._wake.set()

    async def deliver(self) -> None:
        """Deliver, every half second and whenever a batch is full, until ``end``."""
        self._loop = asyncio.get_running_loop()
        async with ClientSession(timeout=ClientTimeout(total=_TIMEOUT_SECONDS)) as session:
            while not self._ending:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), _PAUSE_SECONDS)
                self._wake.clear()
                await self._flush(session)

    async def _flush(self, session: ClientSession) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _each in range(min(_BATCH, len(self._waiting)))]
            delivered = False
            with suppress(ClientError, OSError, TimeoutError):
                async with session.post(self._url, json=batch) as answer:
                    delivered = answer.status < 300
            if not delivered:
                DROPPED.inc(len(batch))
                return
