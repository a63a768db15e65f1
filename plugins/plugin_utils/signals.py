"""Deferral of termination signals while the process holds a lock that others wait for."""

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

    An Ansible worker displays a line through a queue that it shares with the playbook. If it ends between acquiring and
    releasing the queue's lock, the playbook waits for that lock forever.
    """
    pending: list[int] = []

    def record(number: int, frame: Any) -> None:
        pending.append(number)

    handlers = {number: signal.signal(number, record) for number in TERMINATION}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for received in pending:
            os.kill(os.getpid(), received)
