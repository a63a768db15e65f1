"""How much load is made, and for how long: bounded, whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..model.errors import ModelError, Problem
from ..model.load import MAX_SECONDS, Population
from ..model.release import MAX_USERS
from .node import Node

MIN_RATE, MAX_RATE = 0.1, 100.0
SOURCE = "-e"


def population(given: Mapping[str, Any]) -> Population:
    """Return the population that ``given`` asks for, the usual one where it says nothing. Raises ``ModelError``."""
    problems: list[Problem] = []
    node = Node(dict(given), (), problems)
    usual = Population()
    found = Population(
        users=node.child("users", given.get("users", usual.users)).integer(1, MAX_USERS),
        seconds=node.child("seconds", given.get("seconds", usual.seconds)).integer(1, MAX_SECONDS),
        spawn_rate=node.child("spawn_rate", given.get("spawn_rate", usual.spawn_rate)).number(MIN_RATE, MAX_RATE),
    )
    if problems:
        raise ModelError(SOURCE, problems)
    return found
