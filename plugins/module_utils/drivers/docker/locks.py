"""Locks between processes on the target host: files that are held while they are open, so that who dies lets go."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

_TRY_SECONDS = 0.2


class Busy(Exception):
    """Another process holds what is wanted."""


@contextmanager
def held(path: Path, refusal: str, by: str = "") -> Iterator[None]:
    """Hold ``path`` for one process at a time, known to others as ``by``.

    Raises ``Busy`` with ``refusal``, in which ``{by}`` is whoever holds it.
    """
    with path.open("a+") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise Busy(refusal.format(by=lock.read().strip() or "another run")) from None
        lock.truncate(0)
        lock.write(f"{by}\n")
        lock.flush()
        yield


def is_held(path: Path) -> bool:
    """Whether a process holds ``path``. Looking takes it for a moment: who wants it has to be patient."""
    try:
        with path.open("r") as lock:
            flock(lock, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


@contextmanager
def patiently(
    hold: Callable[[], AbstractContextManager[None]], seconds: float, waiting: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Hold what ``hold`` does, once who has it lets go; ``waiting`` is called where that takes a while.

    Raises ``Busy`` after ``seconds``.
    """
    began, tries = time.monotonic(), 0
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(hold())
                break
            except Busy:
                if time.monotonic() - began > seconds:
                    raise
            tries += 1
            if tries == 2:
                waiting()
            time.sleep(_TRY_SECONDS)
        yield
