"""Locks between processes of one host: files that are locked while they are open, so that a killed process releases them.

They are open file description locks (fcntl(2)): unlike flock(2), they can be tested without being acquired.
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
    """Another process holds the lock; ``content`` is what it wrote to the file."""

    def __init__(self, content: str) -> None:
        super().__init__(content)
        self.content = content


@contextmanager
def hold(path: Path, wait: bool = False) -> Iterator[IO[str]]:
    """Hold the lock of ``path``, and yield the file, open for reading and writing.

    If another process holds it, ``wait`` for it or raise ``Locked``.
    """
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.fcntl(file, fcntl.F_OFD_SETLKW if wait else fcntl.F_OFD_SETLK, _request())
        except (BlockingIOError, PermissionError):
            file.seek(0)
            raise Locked(file.read()) from None
        yield file


def is_held(path: Path) -> bool:
    """Whether a process holds the lock of ``path``."""
    try:
        with path.open("r", encoding="utf-8") as file:
            lock = fcntl.fcntl(file, fcntl.F_OFD_GETLK, _request())
    except FileNotFoundError:
        return False
    return bool(struct.unpack(_FLOCK, lock)[0] != fcntl.F_UNLCK)


def _request() -> bytes:
    """Return the kernel's ``struct flock`` for the whole file."""
    return struct.pack(_FLOCK, fcntl.F_WRLCK, 0, 0, 0, 0)
