"""A crowd of users, each with its cookies, who ask an application through its edge all the while. On this machine only."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

MAX_SECONDS = 600.0


@dataclass(frozen=True)
class Answer:
    """What a user got: when it asked, in seconds since the crowd began, the status, 0 without an answer, and the text.

    ``took`` is how many seconds the answer took.
    """

    at: float
    user: int
    status: int
    text: str
    took: float


@dataclass
class Crowd:
    """``users`` who send ``rate`` requests a second together to ``path`` on ``port`` of this machine, or of a host on it."""

    port: int
    path: str
    users: int = 40
    rate: float = 100.0
    headers: dict[str, str] = field(default_factory=dict)
    address: str = "127.0.0.1"
    answers: list[Answer] = field(default_factory=list)

    @contextmanager
    def asking(self) -> Iterator[Crowd]:
        """Ask for as long as the block runs."""
        stop, began = threading.Event(), time.monotonic()
        threads = [threading.Thread(target=self._user, args=(number, stop, began)) for number in range(self.users)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def failed(self) -> list[Answer]:
        """Return the answers that are none or bad."""
        return [each for each in self.answers if each.status != 200]

    def moves(self) -> list[list[str]]:
        """Return for each user the texts, each time that they changed."""
        found: dict[int, list[str]] = {}
        for each in sorted(self.answers, key=lambda answer: answer.at):
            texts = found.setdefault(each.user, [])
            if each.status == 200 and (not texts or texts[-1] != each.text):
                texts.append(each.text)
        return list(found.values())

    def _user(self, number: int, stop: threading.Event, began: float) -> None:
        pause, cookie = self.users / self.rate, ""
        connection = http.client.HTTPConnection(self.address, self.port, timeout=20)
        following = began + pause * number / self.users
        while not stop.wait(max(0.0, following - time.monotonic())) and time.monotonic() - began < MAX_SECONDS:
            following += pause
            at = time.monotonic() - began
            try:
                cookies = "; ".join(each for each in (self.headers.get("Cookie", ""), cookie) if each)
                connection.request("GET", self.path, headers={**self.headers, **({"Cookie": cookies} if cookies else {})})
                answer = connection.getresponse()
                text = answer.read().decode()
                cookie = (answer.getheader("Set-Cookie") or cookie).partition(";")[0]
                self.answers.append(Answer(at, number, answer.status, text, time.monotonic() - began - at))
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                self.answers.append(Answer(at, number, 0, repr(error), time.monotonic() - began - at))
        connection.close()
