"""Faults of one file, each at its place; they are collected, so that a file's author sees all of them at once."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable

from ...model.errors import ModelError, Problem

Place = tuple["str | int", ...]
# Takes what is odd but no fault.
Warn = Callable[[str], None]
SHOWN_CHARACTERS = 80
# Of a file with more of them no more are told.
MAX_FAULTS = 100


def place_text(place: Place) -> str:
    """Return a place as people write it: ``services.web.ports[0]``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".") or "(top)"


def circle(names: Iterable[str]) -> str:
    """Return a circle of names as a message shows it."""
    *first, last = names
    return f"a circle: {' → '.join((*first[:9], *(['…'] if len(first) > 9 else []), last))}"


def shown(value: object) -> str:
    """Return ``value`` as a message shows it: collections by their kind, scalars themselves, cut where they are long."""
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
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}… ({len(text)} characters)"


class Faults:
    """The faults of ``source``."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.places: dict[Place, None] = {}

    def __bool__(self) -> bool:
        return bool(self.problems)

    def add(self, place: Place, found: str, allowed: str) -> None:
        """Record a fault, unless one is known at its place; ``allowed`` says what may stand there, and the way out."""
        if place not in self.places and len(self.problems) < MAX_FAULTS:
            self.problems.append(Problem(place_text(place), found, allowed))
        self.places[place] = None

    def check(self) -> None:
        """Raise ``ModelError`` if there is any fault."""
        if self.problems:
            raise ModelError(self.source, self.problems)


class Fault(ValueError):
    """One value cannot be read; its reader knows what was found and what is allowed, its caller knows the place."""

    def __init__(self, found: str, allowed: str) -> None:
        super().__init__(f"found {found}; allowed: {allowed}")
        self.found = found
        self.allowed = allowed
