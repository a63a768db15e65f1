"""Progress of a long run: lines in a file that its requester follows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def reporter(progress: str | None) -> Callable[[str], None]:
    """Return a function that appends a line to the file ``progress``, or does nothing without one."""
    if not progress:
        return lambda line: None

    def say(line: str) -> None:
        with Path(progress).open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    return say
