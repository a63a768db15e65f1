"""A plan is data: operations by key, each with its cause and the operations that it comes after."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import ClassVar


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One thing to do to ``subject`` because of ``cause``, after the operations whose keys are in ``after``.

    What it does is its type, whose ``verb`` says it to people. An ``idle`` one only waits for something, so any number of them
    may go on at a time. ``component`` is the one that is changed by it, empty where none is.
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
        """The name of the operation, which is the only one of its plan."""
        return self.key_of(self.subject)

    def __str__(self) -> str:
        return f"{self.key} ({self.cause})"


@dataclass(frozen=True)
class Plan:
    """Operations in an order that respects ``after``. An empty plan means that nothing is to be changed."""

    operations: Mapping[str, Operation] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.operations)

    def __str__(self) -> str:
        return "".join(f"{line}\n" for line in self.lines())

    def lines(self) -> list[str]:
        """Return the operations as text, one each."""
        return [str(operation) for operation in self.operations.values()]


def make_plan(operations: Iterable[Operation]) -> Plan:
    """Return the plan of ``operations`` in topological order, otherwise as they were given.

    What an operation comes after but is not in the plan counts as done already. Raises ``ValueError`` where two
    operations share a key or where they wait for one another: both are mistakes of the planner, not of the user.
    """
    planned: dict[str, Operation] = {}
    for operation in operations:
        if operation.key in planned:
            raise ValueError(f"{operation.key} is planned twice")
        planned[operation.key] = operation
    try:
        return Plan({key: planned[key] for key in _ordered(planned)})
    except CycleError as error:
        raise ValueError("operations wait for one another: " + ", ".join(error.args[1])) from error


def sorter(operations: Mapping[str, Operation]) -> TopologicalSorter[str]:
    """Return what gives the keys of ``operations`` as soon as all that they come after are done."""
    ready = TopologicalSorter(
        {key: [need for need in operation.after if need in operations] for key, operation in operations.items()}
    )
    ready.prepare()
    return ready


def _ordered(operations: Mapping[str, Operation]) -> Iterator[str]:
    places = {key: place for place, key in enumerate(operations)}
    keys = list(operations)
    ready = sorter(operations)
    waiting: list[int] = []
    while ready.is_active():
        for key in ready.get_ready():
            heapq.heappush(waiting, places[key])
        key = keys[heapq.heappop(waiting)]
        yield key
        ready.done(key)
