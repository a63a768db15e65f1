"""How an application is: what people are shown of it, whatever the target."""

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
    """How one instance is.

    ``state`` is running, or what it is instead; ``health`` is healthy, unhealthy, starting, or empty where nothing checks it;
    ``memory_limit`` in bytes, 0 for none; ``serving`` whether callers send to it.
    """

    image: str
    state: str
    health: str = ""
    memory_limit: int = 0
    serving: bool = False


@dataclass(frozen=True)
class InstanceReport:
    """An instance with what it uses now; ``memory`` in bytes."""

    instance: Instance
    status: InstanceStatus
    memory: int = 0


@dataclass(frozen=True)
class ReleaseReport:
    """A release in progress, or the last of its name: ``weight`` is the percentage of users that have the candidates."""

    name: str
    phase: str
    weight: float
    components: tuple[str, ...]
    by: str
    began: float
    reason: str = ""


@dataclass(frozen=True)
class HolderReport:
    """Who is at work: for what, by whom, since when in seconds since the epoch."""

    purpose: str
    by: str
    since: float
    release: str = ""


@dataclass(frozen=True)
class Status:
    """An application as it is. ``pending`` is what a deployment would do, ``urls`` where published ports are by component."""

    application: str
    instances: tuple[InstanceReport, ...] = ()
    releases: tuple[ReleaseReport, ...] = ()
    holders: tuple[HolderReport, ...] = ()
    pending: tuple[str, ...] = ()
    urls: Mapping[str, tuple[str, ...]] | None = None
