"""A program that is run and listened to: for a bounded time, and ended with all that it has started if that is cut short."""

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
    """A program had not ended in the time that it was given."""


def follow(
    command: Sequence[str],
    heard: Callable[[list[str]], None],
    seconds: float,
    environment: Mapping[str, str] | None = None,
    stdin: IO[bytes] | None = None,
) -> int:
    """Run a program of a process group of its own to its end, and return its exit status; minus a signal if one ended it.

    ``heard`` is called with new lines of both outputs, and with an empty list at least every ``TICK_SECONDS``.
    When it raises, or anything else does, the group is ended. Raises ``ChildTimeout`` after ``seconds``, and ``OSError``.
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
                heard(lines)
                if time.monotonic() > deadline:
                    raise ChildTimeout
            return child.wait()
        except BaseException:
            _end(child)
            raise


def _output(child: subprocess.Popen[bytes]) -> Iterator[list[str]]:
    """Yield whole lines as they come, none when nothing has for a tick, until the program has ended."""
    rest = b""
    if child.stdout is None:
        raise AssertionError("the output is a pipe")
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            if not selector.select(TICK_SECONDS):
                # What the program has started may keep the output open for longer than itself.
                if child.poll() is not None:
                    break
                yield []
                continue
            chunk = os.read(child.stdout.fileno(), 1 << 16)
            if not chunk:
                break
            *whole, rest = re.split(rb"[\r\n]+", rest + chunk)
            yield [line.decode(errors="replace") for line in whole]
    while child.poll() is None:
        time.sleep(TICK_SECONDS / 50)
        yield []
    yield [rest.decode(errors="replace")] if rest else []


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the program's group: kindly, and after ``GRACE_SECONDS`` by force; one that forks on in it does not outlive that."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            child.wait(GRACE_SECONDS)
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
