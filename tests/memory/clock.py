"""Simulated time for simulated processes. Exactly one runs at any moment, so every run is the same."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from itertools import count

# No test takes longer: whatever waits forever fails.
END = 40_000.0


class Process:
    """A simulated process: ``failure`` is the exception it ended with, None if it succeeded or still runs."""

    def __init__(self) -> None:
        self.ended = False
        self.failure: BaseException | None = None


class Clock:
    """The time in seconds. It advances, at once, only while all processes sleep; ``on_advance`` is called before."""

    def __init__(self, passing: Callable[[float], None] = lambda seconds: None) -> None:
        self.time = 0.0
        self._passing = passing
        self._turns: list[tuple[float, int, threading.Event]] = []
        self._numbers = count()

    def now(self) -> float:
        """Return the time."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let other processes run until ``seconds`` have passed."""
        wake = self.time + max(0.0, seconds)
        if not self._turns:
            self._pass(wake)
            return
        turn = threading.Event()
        heapq.heappush(self._turns, (wake, next(self._numbers), turn))
        self._next()
        turn.wait()

    def start(self, run: Callable[[], object]) -> Process:
        """Start another process; the caller continues as soon as that one sleeps or has ended."""
        process, turn = Process(), threading.Event()

        def body() -> None:
            turn.wait()
            try:
                run()
            except BaseException as error:
                process.failure = error
            process.ended = True
            if self._turns:
                self._next()

        heapq.heappush(self._turns, (self.time, next(self._numbers), turn))
        threading.Thread(target=body, daemon=True).start()
        self.sleep(0.0)
        return process

    def join(self, process: Process) -> None:
        """Wait for the end of ``process``."""
        while not process.ended:
            self.sleep(0.5)

    def _next(self) -> None:
        wake, _unused, turn = heapq.heappop(self._turns)
        self._pass(wake)
        turn.set()

    def _pass(self, wake: float) -> None:
        if wake > self.time:
            if wake > END:
                raise AssertionError("the test does not end")
            self._passing(wake - self.time)
            self.time = wake
