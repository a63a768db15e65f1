"""How much load is made, and for how long: bounded, whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..application.errors import ModelError, Problem
from ..application.node import Node
from ..application.rollout import MOST_USERS

MOST_SECONDS = 3600
LEAST_RATE, MOST_RATE = 0.1, 100.0
SOURCE = "-e"


@dataclass(frozen=True)
class Population:
    """``users`` at a time for ``seconds`` in all; ``spawn_rate`` of them come a second until all are there."""

    users: int = 20
    seconds: int = 60
    spawn_rate: float = 5.0


def bounded(seconds: float) -> int:
    """Return whole seconds within the bounds."""
    return max(1, min(MOST_SECONDS, round(seconds)))


def population(given: Mapping[str, Any]) -> Population:
    """Return the population that ``given`` asks for, the usual one where it says nothing. Raises ``ModelError``."""
    problems: list[Problem] = []
    node = Node(dict(given), (), problems)
    usual = Population()
    found = Population(
        users=node.child("users", given.get("users", usual.users)).integer(1, MOST_USERS),
        seconds=node.child("seconds", given.get("seconds", usual.seconds)).integer(1, MOST_SECONDS),
        spawn_rate=node.child("spawn_rate", given.get("spawn_rate", usual.spawn_rate)).number(LEAST_RATE, MOST_RATE),
    )
    if problems:
        raise ModelError(SOURCE, problems)
    return found
