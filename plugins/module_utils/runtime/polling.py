"""Polling until there is a result."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from itertools import chain, repeat
from typing import TypeVar

T = TypeVar("T")


def poll(
    ask: Callable[[], T | None],
    seconds: float,
    pauses: float | Iterable[float],
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> T | None:
    """Return the first result of ``ask`` that is not None, None if there is none within ``seconds``.

    ``pauses`` are the seconds between calls; the last of several is repeated. ``ask`` is called at least once.
    """
    lengths = [pauses] if isinstance(pauses, (int, float)) else list(pauses)
    deadline = now() + seconds
    for pause in chain(lengths, repeat(lengths[-1])):
        result = ask()
        if result is not None or now() >= deadline:
            return result
        sleep(min(pause, max(0.0, deadline - now())))
    return None
