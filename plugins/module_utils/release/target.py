"""What a rollout works on, and what may come in between."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Protocol

from ..model.release import Check
from .analysis.watch import Look
from .state import Release


class Demand(StrEnum):
    """What another process demands of a release that is in progress."""

    NOTHING = ""
    ABORT = "abort"
    PAUSE = "pause"
    PROMOTE = "promote"


class Fault(Exception):
    """The release cannot go on; the message says why."""


class Aborted(Fault):
    """Another process demanded the end of the release."""


class Interrupted(Exception):
    """Whoever requested the release is gone: it holds where it is."""


class Target(Protocol):
    """Where a release takes place. Whatever goes wrong there is a ``Fault``, in any of its methods."""

    def store(self, release: Release) -> None:
        """Put ``release`` in the state store."""

    def apply(self, release: Release) -> None:
        """Store ``release`` and bring instances and mesh to it. Raises ``Aborted`` where that is demanded meanwhile."""

    def shift(self, release: Release) -> None:
        """Store ``release`` and split users by it, in one rename."""

    def finish(self, release: Release) -> None:
        """Store ``release``, and its versions as the components' own, in one transaction."""

    def settled(self) -> bool:
        """Whether the callers' proxies have taken in how users are split, and where both versions are."""

    def look(self) -> Mapping[str, Look]:
        """Return what each component's callers have counted of its candidate and of its stable version."""

    def dead(self) -> str:
        """Return what has become of a candidate that does not run as it did, nothing where all do."""

    def check_heartbeat(self) -> None:
        """Raise ``Interrupted`` where whoever requested the release is gone."""

    def demand(self) -> Demand:
        """Return what another process demands of the release."""

    def check(self, check: Check) -> Future[str]:
        """Begin ``check``, and return what will tell what is wrong, nothing where it holds."""

    def load(self) -> AbstractContextManager[None]:
        """Return what makes up for too little traffic."""
