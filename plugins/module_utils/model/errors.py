"""Errors of the application model: each names the file, the path, what was found and what is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One fault of an application file; ``path`` is dotted, as in ``services.orders.x-mesh.ports.8848``."""

    path: str
    actual: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.path}: found {self.actual}; allowed: {self.allowed}"


@dataclass(frozen=True)
class Rejection(Problem):
    """A fault that only Envoy detects; ``allowed`` is its message, ``path`` a component if no single key is the cause."""

    def __str__(self) -> str:
        return f"{self.path}: found {self.actual}; Envoy says: {self.allowed}"


class Refused(ValueError):
    """The request cannot be carried out in the current state; the message names the cause and the way out."""


class ModelError(ValueError):
    """An application file cannot be used; ``problems`` lists every fault found in it, in file order."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{source}: {problem}" for problem in self.problems))
