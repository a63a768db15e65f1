"""Reads the bounds of a component's scaling, ``x-mesh.scale``."""

from __future__ import annotations

from ..model.scaling import MAX_REPLICAS, Scaling
from .node import Node
from .units import BYTES, DURATION, parse_bytes, parse_duration


def read_scaling(node: Node) -> Scaling:
    """Return the bounds at ``node``."""
    fields = node.fields(("latency", "max", "max_memory", "min"))
    band = fields["latency"].fields(("above", "below")) if "latency" in fields else {}
    minimum = fields["min"].integer(1, MAX_REPLICAS, 1) if "min" in fields else Scaling.least
    maximum = fields["max"].integer(1, MAX_REPLICAS, Scaling.most) if "max" in fields else max(Scaling.most, minimum)
    if minimum > maximum:
        fields["max"].fail(f"at least min, {minimum}")
    slow = band["above"].convert(parse_duration, DURATION, Scaling.slow) if "above" in band else Scaling.slow
    fast = band["below"].convert(parse_duration, DURATION, Scaling.fast) if "below" in band else Scaling.fast
    if fast >= slow:
        node.fail("latency.below less than latency.above", actual=f"a band from {fast:g} s to {slow:g} s")
    memory = fields["max_memory"].convert(parse_bytes, BYTES, None) if "max_memory" in fields else None
    return Scaling(minimum, maximum, memory, slow, fast)
