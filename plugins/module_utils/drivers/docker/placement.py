"""Which instances of a component are to run, given those that do: what changes takes as few of them along as it can."""

from __future__ import annotations

from collections.abc import Collection

from ...model.application import Component, Kind
from .topology import MAX_ORDINAL


def fixed(component: Component) -> bool:
    """Whether the instances of ``component`` are replaced in their places.

    Those of a stateful one have data and names of their own, and a published port can be held by one instance only.
    """
    return component.kind == Kind.STATEFUL or bool(component.outer_ports)


def ordinals(component: Component, replicas: int, running: Collection[int], current: Collection[int]) -> tuple[int, ...]:
    """Return the ordinals of the instances that are to run.

    ``running`` are those that are there, ``current`` those of them that are as they should be. A single instance that is not gets
    a successor in another place, so that it can serve until that is healthy; several are replaced in their places, one by one.
    """
    if fixed(component):
        return tuple(range(1, replicas + 1))
    free = [ordinal for ordinal in range(1, MAX_ORDINAL + 1) if ordinal not in running]
    if replicas == 1 and running and not current:
        return (free[0],)
    preferred = [*sorted(current), *sorted(set(running) - set(current)), *free]
    return tuple(sorted(preferred[:replicas]))
