"""A plan is data: operations by key, each with its cause and the operations that it comes after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Operation:
    """One thing to do: ``verb`` to ``subject`` because of ``cause``, after the operations whose keys are in ``after``.

    An ``idle`` one only waits for something, so any number of them may go on at a time.
    """

    verb: str
    subject: str
    cause: str
    after: frozenset[str] = frozenset()
    idle: bool = False

    @property
    def key(self) -> str:
        """The name of the operation, which is the only one of its plan."""
        return f"{self.verb} {self.subject}"

    def __str__(self) -> str:
        return f"{self.key} ({self.cause})"


@dataclass(frozen=True)
class Plan:
    """Operations in an order that respects ``after``. An empty plan means that nothing is to be changed."""

    operations: Mapping[str, Operation] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.operations)

    def __str__(self) -> str:
        return "".join(f"{operation}\n" for operation in self.operations.values())


def make_plan(operations: Iterable[Operation]) -> Plan:
    """Return the plan of ``operations`` in topological order, otherwise as they were given.

    What an operation comes after but is not in the plan counts as done already. Raises ``ValueError`` where two
    operations share a key or where they wait for one another: both are mistakes of the planner, not of the user.
    """
    given: dict[str, Operation] = {}
    for operation in operations:
        if operation.key in given:
            raise ValueError(f"{operation.key} is planned twice")
        given[operation.key] = operation
    ordered: dict[str, Operation] = {}
    waiting = dict(given)
    while waiting:
        following = next((each for each in waiting.values() if _can_follow(each, ordered, given)), None)
        if following is None:
            raise ValueError("operations wait for one another: " + ", ".join(waiting))
        ordered[following.key] = waiting.pop(following.key)
    return Plan(ordered)


def _can_follow(operation: Operation, ordered: Mapping[str, Operation], given: Mapping[str, Operation]) -> bool:
    return all(key in ordered or key not in given for key in operation.after)
