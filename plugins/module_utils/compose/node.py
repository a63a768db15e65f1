"""A cursor over parsed YAML that knows its path and collects all faults instead of stopping at the first."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

from ..model.errors import Problem

T = TypeVar("T")


def describe(value: object) -> str:
    """Return ``value`` as error messages show it: the kind of a collection, the value of a scalar."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return f"{value:g}" if isinstance(value, float) else repr(value)


class Node:
    """A value at a path of the file. Readers record a problem and return their ``default`` if the value does not fit."""

    def __init__(self, value: object, path: tuple[str, ...], problems: list[Problem]) -> None:
        self.value = value
        self.path = path
        self.problems = problems

    @property
    def failed(self) -> bool:
        """Whether any problem has been recorded anywhere in the file."""
        return bool(self.problems)

    def fail(self, allowed: str, actual: str | None = None) -> None:
        """Record a problem at this path."""
        self.problems.append(Problem(".".join(self.path) or "(top)", actual or describe(self.value), allowed))

    def child(self, key: str, value: object) -> Node:
        """Return the node of ``value`` one step below this one."""
        return Node(value, (*self.path, key), self.problems)

    def with_value(self, value: object) -> Node:
        """Return a node with another value at the same path."""
        return Node(value, self.path, self.problems)

    def mapping(self) -> dict[str, Node]:
        """Return the nodes of a mapping with arbitrary keys; a null value counts as an empty mapping."""
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            self.fail("a mapping")
            return {}
        return {str(key): self.child(str(key), value) for key, value in self.value.items()}

    def fields(self, known: Collection[str], refused: dict[str, str] | None = None) -> dict[str, Node]:
        """Return the nodes of a mapping with fixed keys.

        Unknown keys are problems; so are those in ``refused``, whose text names the way out. Keys that begin with
        ``x-`` belong to other tools, as the Compose Specification says, and are ignored.
        """
        nodes = self.mapping()
        for key, node in nodes.items():
            if key in known or (key.startswith("x-") and key != "x-mesh"):
                continue
            if refused and key in refused:
                node.fail(refused[key], actual=f"the key {key!r}, which cannot be honoured here")
                continue
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"{close[0]!r}, or another of " if close else ""
            node.fail(hint + ", ".join(sorted(known)), actual=f"the unknown key {key!r}")
        return {key: node for key, node in nodes.items() if key in known}

    def items(self) -> list[Node]:
        """Return the nodes of a list; a null value counts as an empty list."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            self.fail("a list")
            return []
        return [self.child(str(index), value) for index, value in enumerate(self.value)]

    def string(self, default: str = "") -> str:
        """Return a string."""
        if isinstance(self.value, str):
            return self.value
        self.fail("a string")
        return default

    def scalar(self) -> str:
        """Return a string, number or boolean as text, converted as Compose does."""
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        if isinstance(self.value, (str, int, float)):
            return str(self.value)
        self.fail("a string, a number, true or false")
        return ""

    def boolean(self, default: bool = False) -> bool:
        """Return a boolean."""
        if isinstance(self.value, bool):
            return self.value
        self.fail("true or false")
        return default

    def integer(self, low: int, high: int, default: int = 0) -> int:
        """Return an integer from ``low`` to ``high`` inclusive; a string of digits is accepted."""
        value = self.value
        if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.fail(f"a whole number from {low} to {high}")
        return default

    def number(self, low: float, high: float, default: float = 0.0) -> float:
        """Return a number from ``low`` to ``high`` inclusive."""
        value = self.value
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                value = None
        if isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        self.fail(f"a number from {low:g} to {high:g}")
        return default

    def choice(self, allowed: Iterable[str], default: str) -> str:
        """Return one of ``allowed``."""
        names = tuple(allowed)
        if self.value in names:
            return str(self.value)
        self.fail(", ".join(names))
        return default

    def convert(self, parse: Callable[[str], T], allowed: str, default: T) -> T:
        """Return the scalar's text parsed by ``parse``; a ``ValueError`` is recorded as a problem."""
        if isinstance(self.value, (str, int, float)) and not isinstance(self.value, bool):
            try:
                return parse(str(self.value))
            except ValueError:
                pass
        self.fail(allowed)
        return default
