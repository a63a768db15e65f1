"""Locks between processes of one host: files that are locked while they are open, so that who dies lets go.

They are open file description locks (fcntl(2)): unlike flock(2) one can be looked at without being taken.
"""

from __future__ import annotations

import fcntl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_FLOCK = "hhqqi4x"


class Locked(Exception):
    """Another process holds the lock; ``content`` is what it has written into the file."""

    def __init__(self, content: str) -> None:
        super().__init__(content)
        self.content = content


@contextmanager
def held(path: Path, wait: bool = False) -> Iterator[IO[str]]:
    """Hold ``path`` for one process at a time, and yield the file, open to be read and written.

    Raises ``Locked`` where another holds it, unless it is to ``wait``.
    """
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.fcntl(file, fcntl.F_OFD_SETLKW if wait else fcntl.F_OFD_SETLK, _request())
        except (BlockingIOError, PermissionError):
            file.seek(0)
            raise Locked(file.read()) from None
        yield file


def is_held(path: Path) -> bool:
    """Whether a process holds ``path``."""
    try:
        with path.open("r", encoding="utf-8") as file:
            answer = fcntl.fcntl(file, fcntl.F_OFD_GETLK, _request())
    except FileNotFoundError:
        return False
    return bool(struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK)


def _request() -> bytes:
    """Return the kernel's ``struct flock`` for the whole file."""
    return struct.pack(_FLOCK, fcntl.F_WRLCK, 0, 0, 0, 0)
