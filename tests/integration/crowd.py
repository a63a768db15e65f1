"""A crowd of users with cookies, who send requests to an application through its edge. On this machine only."""

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
    """The answer to a user's request: its status, 0 without an answer, and its text.

    ``sent`` is when the request was sent, in seconds since the crowd began; ``seconds`` the time until the answer.
    """

    sent: float
    user: int
    status: int
    text: str
    seconds: float


@dataclass
class Crowd:
    """``users`` who together send ``rate`` requests a second to ``path`` on ``port`` of this machine, or of a host on it."""

    port: int
    path: str
    users: int = 40
    rate: float = 100.0
    headers: dict[str, str] = field(default_factory=dict)
    address: str = "127.0.0.1"
    answers: list[Answer] = field(default_factory=list)

    @contextmanager
    def asking(self) -> Iterator[Crowd]:
        """Send requests while the block runs."""
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
        """Return the requests without an answer or with a bad one."""
        return [answer for answer in self.answers if answer.status != 200]

    def moves(self) -> list[list[str]]:
        """Return for each user the sequence of different texts."""
        texts_by_user: dict[int, list[str]] = {}
        for answer in sorted(self.answers, key=lambda answer: answer.sent):
            texts = texts_by_user.setdefault(answer.user, [])
            if answer.status == 200 and (not texts or texts[-1] != answer.text):
                texts.append(answer.text)
        return list(texts_by_user.values())

    def _user(self, number: int, stop: threading.Event, began: float) -> None:
        pause, cookie = self.users / self.rate, ""
        connection = http.client.HTTPConnection(self.address, self.port, timeout=20)
        following = began + pause * number / self.users
        while not stop.wait(max(0.0, following - time.monotonic())) and time.monotonic() - began < MAX_SECONDS:
            following += pause
            sent = time.monotonic() - began
            try:
                cookies = "; ".join(filter(None, (self.headers.get("Cookie", ""), cookie)))
                connection.request("GET", self.path, headers={**self.headers, **({"Cookie": cookies} if cookies else {})})
                answer = connection.getresponse()
                text = answer.read().decode()
                cookie = (answer.getheader("Set-Cookie") or cookie).partition(";")[0]
                self.answers.append(Answer(sent, number, answer.status, text, time.monotonic() - began - sent))
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                self.answers.append(Answer(sent, number, 0, repr(error), time.monotonic() - began - sent))
        connection.close()
