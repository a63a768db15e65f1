"""A pool of threads that has none: what is submitted is done at once, in the order in which it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any


class SequentialPool:
    """Stands for ``ThreadPoolExecutor`` where a simulated process is to be one thread."""

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers

    def __enter__(self) -> SequentialPool:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Return what came of ``function``; the death of the process is not put off."""
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def map(self, function: Callable[..., Any], *items: Iterable[Any]) -> Iterator[Any]:
        """Return the results, item after item."""
        return iter([function(*arguments) for arguments in zip(*items, strict=False)])
