"""The status of an application as shown to people, on any target."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from .instance import Instance


def moment(seconds: float) -> str:
    """Return a time in seconds since the epoch as people are shown it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


@dataclass(frozen=True)
class InstanceStatus:
    """The status of one instance.

    ``state`` is running, or the state it is in instead; ``health`` is healthy, unhealthy, starting, or empty without a health
    check; ``memory_limit`` is in bytes, 0 for none; ``serving`` tells whether it is in the endpoints.
    """

    image: str
    state: str
    health: str = ""
    memory_limit: int = 0
    serving: bool = False


@dataclass(frozen=True)
class InstanceReport:
    """An instance with its current usage; ``memory`` in bytes."""

    instance: Instance
    status: InstanceStatus
    memory: int = 0


@dataclass(frozen=True)
class ReleaseReport:
    """A release in progress, or the last one of its name; ``weight`` is the percentage of users that have the candidates."""

    name: str
    phase: str
    weight: float
    components: tuple[str, ...]
    by: str
    began: float
    reason: str = ""


@dataclass(frozen=True)
class HolderReport:
    """A held lease: its purpose, its holder, and since when, in seconds since the epoch."""

    purpose: str
    by: str
    since: float
    release: str = ""


@dataclass(frozen=True)
class Status:
    """The status of an application. ``pending`` is what a deployment would do, ``urls`` the published ports by component."""

    application: str
    instances: tuple[InstanceReport, ...] = ()
    releases: tuple[ReleaseReport, ...] = ()
    holders: tuple[HolderReport, ...] = ()
    pending: tuple[str, ...] = ()
    urls: Mapping[str, tuple[str, ...]] | None = None
