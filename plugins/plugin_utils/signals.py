"""Termination signals, deferred while the process holds a lock that others wait for."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

TERMINATION = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def defer_termination() -> Iterator[None]:
    """Deliver SIGINT and SIGTERM after the block; for the main thread only.

    A worker of Ansible shows a line through a queue that it shares with the playbook. One that ends between taking and
    releasing the queue's lock leaves the playbook waiting for that lock forever.
    """
    pending: list[int] = []

    def keep(number: int, frame: Any) -> None:
        pending.append(number)

    handlers = {number: signal.signal(number, keep) for number in TERMINATION}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for received in pending:
            os.kill(os.getpid(), received)
