"""Which instances of a component should run, given those that do: a change replaces as few of them as possible."""

from __future__ import annotations

from collections.abc import Collection

from ...model.application import Component, Kind
from .topology import MAX_ORDINAL


def replaced_in_place(component: Component) -> bool:
    """Whether an instance of ``component`` is replaced by one with the same ordinal.

    Stateful instances have their own data and names, and only one instance can bind a published port.
    """
    return component.kind == Kind.STATEFUL or bool(component.outer_ports)


def choose_ordinals(component: Component, replicas: int, running: Collection[int], current: Collection[int]) -> tuple[int, ...]:
    """Return the ordinals of the instances that should run.

    ``running`` are those that exist, ``current`` those of them that are up to date. A single outdated instance gets a successor
    with another ordinal, so that it can serve until that is healthy; several are replaced in place, one by one.
    """
    if replaced_in_place(component):
        return tuple(range(1, replicas + 1))
    free = [ordinal for ordinal in range(1, MAX_ORDINAL + 1) if ordinal not in running]
    if replicas == 1 and running and not current:
        return (free[0],)
    preferred = [*sorted(current), *sorted(set(running) - set(current)), *free]
    return tuple(sorted(preferred[:replicas]))
