"""A thread pool without threads: submitted functions run at once, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any


class SequentialPool:
    """Replaces ``ThreadPoolExecutor`` where a simulated process must be one thread."""

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers

    def __enter__(self) -> SequentialPool:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Return the result of ``function``; a kill of the process is raised at once."""
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def map(self, function: Callable[..., Any], *items: Iterable[Any]) -> Iterator[Any]:
        """Return the results, item after item."""
        return iter([function(*arguments) for arguments in zip(*items, strict=False)])
