"""A plan is data: operations by key, each with its cause and the operations it comes after."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import ClassVar


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation on ``subject`` because of ``cause``, after the operations whose keys are in ``after``.

    Its type says what it does, and ``verb`` is the word for it. An ``idle`` operation only waits, so any number of them may
    run at a time. ``component`` is the component that it changes, empty if none.
    """

    subject: str
    cause: str
    after: frozenset[str] = frozenset()
    component: str = ""
    verb: ClassVar[str]
    idle: ClassVar[bool] = False

    @classmethod
    def key_of(cls, subject: str) -> str:
        """Return the key of the operation of this type on ``subject``."""
        return f"{cls.verb} {subject}"

    @property
    def key(self) -> str:
        """The key of the operation, unique within its plan."""
        return self.key_of(self.subject)

    def __str__(self) -> str:
        return f"{self.key} ({self.cause})"


@dataclass(frozen=True)
class Plan:
    """Operations in an order that respects ``after``. An empty plan changes nothing."""

    operations: Mapping[str, Operation] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.operations)

    def __str__(self) -> str:
        return "".join(f"{line}\n" for line in self.lines())

    def lines(self) -> list[str]:
        """Return the operations as text, one line each."""
        return [str(operation) for operation in self.operations.values()]


def make_plan(operations: Iterable[Operation]) -> Plan:
    """Return the plan of ``operations`` in topological order, otherwise in their own order.

    Keys in ``after`` that are not in the plan are ignored. Raises ``ValueError`` if two operations have the same key or if
    they wait for one another: both are mistakes of the planner, not of the user.
    """
    planned: dict[str, Operation] = {}
    for operation in operations:
        if operation.key in planned:
            raise ValueError(f"{operation.key} is planned twice")
        planned[operation.key] = operation
    try:
        return Plan({key: planned[key] for key in _topological_order(planned)})
    except CycleError as error:
        raise ValueError("operations wait for one another: " + ", ".join(error.args[1])) from error


def sorter(operations: Mapping[str, Operation]) -> TopologicalSorter[str]:
    """Return a sorter that yields the key of an operation once all operations in its ``after`` are marked done."""
    ready = TopologicalSorter(
        {key: [dependency for dependency in operation.after if dependency in operations] for key, operation in operations.items()}
    )
    ready.prepare()
    return ready


def _topological_order(operations: Mapping[str, Operation]) -> Iterator[str]:
    positions = {key: position for position, key in enumerate(operations)}
    keys = list(operations)
    ready = sorter(operations)
    waiting: list[int] = []
    while ready.is_active():
        for key in ready.get_ready():
            heapq.heappush(waiting, positions[key])
        key = keys[heapq.heappop(waiting)]
        yield key
        ready.done(key)
