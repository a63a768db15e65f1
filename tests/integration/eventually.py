"""Waiting for a condition."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(sample: Callable[[], T], seconds: float = 30) -> T:
    """Return the first true result of ``sample``, or its last result after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (result := sample()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return result
