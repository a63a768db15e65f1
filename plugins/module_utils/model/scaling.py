"""The bounds of a component's scaling, and the latency at which it should be scaled."""

from __future__ import annotations

from dataclasses import dataclass

MAX_REPLICAS = 14
_DEFAULT_MAX = 4


@dataclass(frozen=True)
class Scaling:
    """Bounds of the replicas, and of an instance's memory in bytes, None for four times the value in the file.

    ``slow`` and ``fast`` are the target band of the 95th percentile of latency, in seconds: above ``slow`` another instance
    is needed, below ``fast`` one is too many; a ``fast`` of 0 never scales in.
    """

    least: int = 1
    most: int = _DEFAULT_MAX
    memory: int | None = None
    slow: float = 0.5
    fast: float = 0.0
