"""Reads how much load to generate, and for how long; always within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..model.errors import ModelError, Problem
from ..model.load import MAX_SECONDS, Population
from ..model.release import MAX_USERS
from .node import Node

MIN_RATE, MAX_RATE = 0.1, 100.0
SOURCE = "-e"


def read_population(options: Mapping[str, Any]) -> Population:
    """Return the population in ``options``, with defaults for what they leave out. Raises ``ModelError``."""
    problems: list[Problem] = []
    node = Node(dict(options), (), problems)
    default = Population()
    population = Population(
        users=node.child("users", options.get("users", default.users)).integer(1, MAX_USERS),
        seconds=node.child("seconds", options.get("seconds", default.seconds)).integer(1, MAX_SECONDS),
        spawn_rate=node.child("spawn_rate", options.get("spawn_rate", default.spawn_rate)).number(MIN_RATE, MAX_RATE),
    )
    if problems:
        raise ModelError(SOURCE, problems)
    return population
