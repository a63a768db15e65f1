"""A cursor over parsed YAML that knows where it stands and collects every fault instead of stopping at the first."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

from ..model.errors import Problem

T = TypeVar("T")


def shown(value: object) -> str:
    """Return ``value`` as an error message shows it: its kind for collections, itself for scalars."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return f"{value:g}" if isinstance(value, float) else repr(value)


class Node:
    """A value at a path of the file. A reader that fails records a problem and returns its ``default``."""

    def __init__(self, value: object, path: tuple[str, ...], problems: list[Problem]) -> None:
        self.value = value
        self.path = path
        self.problems = problems

    @property
    def failed(self) -> bool:
        """Whether any problem has been recorded anywhere in the file."""
        return bool(self.problems)

    def fail(self, allowed: str, found: str | None = None) -> None:
        """Record a problem at this place."""
        self.problems.append(Problem(".".join(self.path) or "(top)", found or shown(self.value), allowed))

    def child(self, key: str, value: object) -> Node:
        """Return the node of ``value`` one step below this one."""
        return Node(value, (*self.path, key), self.problems)

    def replaced(self, value: object) -> Node:
        """Return a node of another value at the same place."""
        return Node(value, self.path, self.problems)

    def mapping(self) -> dict[str, Node]:
        """Return the nodes of a mapping with free keys; nothing counts as an empty one."""
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            self.fail("a mapping")
            return {}
        return {str(key): self.child(str(key), value) for key, value in self.value.items()}

    def fields(self, known: Collection[str], refused: dict[str, str] | None = None) -> dict[str, Node]:
        """Return the nodes of a mapping with fixed keys.

        Unknown keys are problems; so are those in ``refused``, with its text as the way out. Keys that begin with
        ``x-`` belong to other tools, as the Compose Specification has it, and are passed over.
        """
        found = self.mapping()
        for key, node in found.items():
            if key in known or (key.startswith("x-") and key != "x-mesh"):
                continue
            if refused and key in refused:
                node.fail(refused[key], found=f"the key {key!r}, which cannot be honoured here")
                continue
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"{close[0]!r}, or another of " if close else ""
            node.fail(hint + ", ".join(sorted(known)), found=f"the unknown key {key!r}")
        return {key: node for key, node in found.items() if key in known}

    def items(self) -> list[Node]:
        """Return the nodes of a list; nothing counts as an empty one."""
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
        """Return a string, number or boolean as the text that Compose makes of it."""
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
        """Return a whole number between ``low`` and ``high``, both included; text of digits counts."""
        value = self.value
        if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.fail(f"a whole number from {low} to {high}")
        return default

    def number(self, low: float, high: float, default: float = 0.0) -> float:
        """Return a number between ``low`` and ``high``, both included."""
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

    def converted(self, convert: Callable[[str], T], allowed: str, default: T) -> T:
        """Return what ``convert`` makes of the scalar's text; its ``ValueError`` is a problem."""
        if isinstance(self.value, (str, int, float)) and not isinstance(self.value, bool):
            try:
                return convert(str(self.value))
            except ValueError:
                pass
        self.fail(allowed)
        return default
