"""Runs a program with its output followed and its time limited; it is ended with its children if the run is interrupted."""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import IO

TICK_SECONDS = 0.5
GRACE_SECONDS = 5.0


class ChildTimeout(Exception):
    """A program has not ended within its time."""


def follow(
    command: Sequence[str],
    on_lines: Callable[[list[str]], None],
    seconds: float,
    environment: Mapping[str, str] | None = None,
    stdin: IO[bytes] | None = None,
) -> int:
    """Run a program in its own process group and return its exit status; minus the signal if one has ended it.

    ``on_lines`` is called with new lines of both outputs, and with an empty list at least every ``TICK_SECONDS``.
    Any exception, of ``on_lines`` too, ends the group. Raises ``ChildTimeout`` after ``seconds``, and ``OSError``.
    """
    deadline = time.monotonic() + seconds
    with subprocess.Popen(
        command,
        stdin=stdin or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        start_new_session=True,
    ) as child:
        try:
            for lines in _output(child):
                on_lines(lines)
                if time.monotonic() > deadline:
                    raise ChildTimeout
            return child.wait()
        except BaseException:
            _end(child)
            raise


def _output(child: subprocess.Popen[bytes]) -> Iterator[list[str]]:
    """Yield complete lines as they arrive, an empty list after a tick without output, until the program has ended."""
    rest = b""
    if child.stdout is None:
        raise AssertionError("the output is a pipe")
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            if not selector.select(TICK_SECONDS):
                # Children of the program may keep the output open after its end.
                if child.poll() is not None:
                    break
                yield []
                continue
            chunk = os.read(child.stdout.fileno(), 1 << 16)
            if not chunk:
                break
            *complete, rest = re.split(rb"[\r\n]+", rest + chunk)
            yield [line.decode(errors="replace") for line in complete]
    while child.poll() is None:
        time.sleep(TICK_SECONDS / 50)
        yield []
    yield [rest.decode(errors="replace")] if rest else []


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the program's group: SIGTERM, then SIGKILL after ``GRACE_SECONDS``, which also ends children that keep forking."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            child.wait(GRACE_SECONDS)
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
