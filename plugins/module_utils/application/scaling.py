"""Within what bounds a component may be scaled, and when it should be: ``x-mesh.scale``."""

from __future__ import annotations

from dataclasses import dataclass

from .node import Node
from .units import BYTES, DURATION, parse_bytes, parse_duration

MOST_REPLICAS = 14
_USUAL_MOST = 4


@dataclass(frozen=True)
class Scaling:
    """Bounds of replicas and of an instance's memory in bytes, None for four times what the file gives.

    ``slow`` and ``fast`` are the band, in seconds, that 95 % of the requests are to keep to: above it another instance is
    needed, below it one is too many; 0 where nothing is.
    """

    least: int = 1
    most: int = _USUAL_MOST
    memory: int | None = None
    slow: float = 0.5
    fast: float = 0.0


def read_scaling(node: Node) -> Scaling:
    """Return the bounds at ``node``."""
    found = node.fields(("latency", "max", "max_memory", "min"))
    band = found["latency"].fields(("above", "below")) if "latency" in found else {}
    least = found["min"].integer(1, MOST_REPLICAS, 1) if "min" in found else Scaling.least
    most = found["max"].integer(1, MOST_REPLICAS, _USUAL_MOST) if "max" in found else max(Scaling.most, least)
    if least > most:
        found["max"].fail(f"at least min, {least}")
    slow = band["above"].converted(parse_duration, DURATION, Scaling.slow) if "above" in band else Scaling.slow
    fast = band["below"].converted(parse_duration, DURATION, Scaling.fast) if "below" in band else Scaling.fast
    if fast >= slow:
        node.fail("latency.below less than latency.above", found=f"a band from {fast:g} s to {slow:g} s")
    memory = found["max_memory"].converted(parse_bytes, BYTES, None) if "max_memory" in found else None
    return Scaling(least, most, memory, slow, fast)
