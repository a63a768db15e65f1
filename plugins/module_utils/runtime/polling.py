"""Asking again and again until there is an answer."""

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
    """Return the first answer of ``ask`` that is not None, None where there is none within ``seconds``.

    ``pauses`` are the seconds between, the last of several for as long as it takes. It is asked at least once.
    """
    lengths = [pauses] if isinstance(pauses, (int, float)) else list(pauses)
    deadline = now() + seconds
    for pause in chain(lengths, repeat(lengths[-1])):
        answer = ask()
        if answer is not None or now() >= deadline:
            return answer
        sleep(min(pause, max(0.0, deadline - now())))
    return None
