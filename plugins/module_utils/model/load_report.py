"""What a load generator tells of its run: one JSON object, in a file that it replaces every few seconds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Stats:
    """Totals since the run began; percentiles are of the times to answer, in milliseconds; ``errors`` the most frequent."""

    users: int = 0
    requests: int = 0
    failures: int = 0
    requests_per_second: float = 0.0
    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    errors: tuple[str, ...] = ()

    @property
    def answered(self) -> bool:
        """Whether anything was answered as it should be."""
        return self.requests > self.failures

    def __str__(self) -> str:
        return (
            f"{self.users} users, {self.requests} requests, {self.failures} failures, "
            f"{self.requests_per_second:g} requests/s, p95 {self.p95:g} ms"
        )


def parse_stats(text: str) -> Stats:
    """Return what ``text`` tells; what it leaves out counts as none. Raises ``ValueError`` where it is no JSON object."""
    found = json.loads(text)
    if not isinstance(found, Mapping):
        raise ValueError("no JSON object")
    numbers: dict[str, Any] = {
        name: type(default)(found[name])
        for name, default in vars(Stats()).items()
        if name != "errors" and isinstance(found.get(name), (int, float))
    }
    return Stats(**numbers, errors=tuple(map(str, found.get("errors") or ())))
