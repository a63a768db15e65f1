"""Within what bounds a component may be scaled, and when it should be."""

from __future__ import annotations

from dataclasses import dataclass

MAX_REPLICAS = 14
_DEFAULT_MAX = 4


@dataclass(frozen=True)
class Scaling:
    """Bounds of replicas and of an instance's memory in bytes, None for four times what the file gives.

    ``slow`` and ``fast`` are the band, in seconds, that 95 % of the requests are to keep to: above it another instance is
    needed, below it one is too many; 0 where nothing is.
    """

    least: int = 1
    most: int = _DEFAULT_MAX
    memory: int | None = None
    slow: float = 0.5
    fast: float = 0.0
