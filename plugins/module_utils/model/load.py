"""Load on an application: how many users for how long."""

from __future__ import annotations

from dataclasses import dataclass

MAX_SECONDS = 3600


@dataclass(frozen=True)
class Population:
    """``users`` at a time for ``seconds`` in all; ``spawn_rate`` of them come a second until all are there."""

    users: int = 20
    seconds: int = 60
    spawn_rate: float = 5.0


def bounded(seconds: float) -> int:
    """Return whole seconds within the bounds."""
    return max(1, min(MAX_SECONDS, round(seconds)))
