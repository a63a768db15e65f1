"""Within what bounds a component may be scaled, and when it should be: ``x-mesh.scale``."""

from __future__ import annotations

from ..model.scaling import MAX_REPLICAS, Scaling
from .node import Node
from .units import BYTES, DURATION, parse_bytes, parse_duration


def read_scaling(node: Node) -> Scaling:
    """Return the bounds at ``node``."""
    found = node.fields(("latency", "max", "max_memory", "min"))
    band = found["latency"].fields(("above", "below")) if "latency" in found else {}
    least = found["min"].integer(1, MAX_REPLICAS, 1) if "min" in found else Scaling.least
    most = found["max"].integer(1, MAX_REPLICAS, Scaling.most) if "max" in found else max(Scaling.most, least)
    if least > most:
        found["max"].fail(f"at least min, {least}")
    slow = band["above"].converted(parse_duration, DURATION, Scaling.slow) if "above" in band else Scaling.slow
    fast = band["below"].converted(parse_duration, DURATION, Scaling.fast) if "below" in band else Scaling.fast
    if fast >= slow:
        node.fail("latency.below less than latency.above", found=f"a band from {fast:g} s to {slow:g} s")
    memory = found["max_memory"].converted(parse_bytes, BYTES, None) if "max_memory" in found else None
    return Scaling(least, most, memory, slow, fast)
