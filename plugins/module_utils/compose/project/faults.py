"""Faults of one file and their places, collected so that the file's author sees all of them at once."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable

from ...model.errors import ModelError, Problem

Place = tuple["str | int", ...]
# Receives warnings.
Warn = Callable[[str], None]
MAX_DESCRIPTION = 80
# Further faults of a file are not reported.
MAX_FAULTS = 100


def format_place(place: Place) -> str:
    """Return a place in the notation of messages: ``services.web.ports[0]``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".") or "(top)"


def format_cycle(names: Iterable[str]) -> str:
    """Return a cycle of names as messages show it."""
    *first, last = names
    return f"a cycle: {' → '.join((*first[:9], *(['…'] if len(first) > 9 else []), last))}"


def describe(value: object) -> str:
    """Return ``value`` as messages show it: the type of a collection, or the scalar, truncated if long."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.date):
        return f"the date {value.isoformat()}"
    text = f"{value:g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= MAX_DESCRIPTION else f"{text[:MAX_DESCRIPTION]}… ({len(text)} characters)"


class Faults:
    """The faults of ``source``."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.places: dict[Place, None] = {}

    def __bool__(self) -> bool:
        return bool(self.problems)

    def add(self, place: Place, found: str, allowed: str) -> None:
        """Record a fault, unless its place already has one; ``allowed`` describes valid values, and a remedy."""
        if place not in self.places and len(self.problems) < MAX_FAULTS:
            self.problems.append(Problem(format_place(place), found, allowed))
        self.places[place] = None

    def check(self) -> None:
        """Raise ``ModelError`` if there are any faults."""
        if self.problems:
            raise ModelError(self.source, self.problems)


class Fault(ValueError):
    """An invalid value; the caller of its reader adds the place."""

    def __init__(self, found: str, allowed: str) -> None:
        super().__init__(f"found {found}; allowed: {allowed}")
        self.found = found
        self.allowed = allowed
