"""What a release is conducted on, as its conductor sees it, and what may come in between."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Protocol

from ..model.release import Check
from .analysis.watch import Look
from .state import Release

ABORT, PAUSE, PROMOTE = "abort", "pause", "promote"


class Fault(Exception):
    """The release cannot go on; the message says why."""


class Aborted(Fault):
    """Another process asked for the end of the release."""


class Interrupted(Exception):
    """Whoever asked for the release is gone: it holds where it is."""


class Target(Protocol):
    """Where a release takes place."""

    def keep(self, release: Release) -> None:
        """Put ``release`` on record."""

    def apply(self, release: Release) -> None:
        """Put ``release`` on record and bring containers and mesh to it. Raises ``Fault``."""

    def shift(self, release: Release) -> None:
        """Put ``release`` on record and split users by it, in one rename."""

    def promote(self, release: Release) -> None:
        """Put the versions of ``release`` on record as the components' own."""

    def settled(self) -> bool:
        """Whether the callers' proxies have taken in how users are split, and where both versions are."""

    def look(self) -> Mapping[str, Look]:
        """Return what each component's callers have counted of its candidate and of its stable version."""

    def dead(self) -> str:
        """Return what has become of a candidate that does not run as it did, nothing where all do."""

    def attend(self) -> None:
        """Raise ``Interrupted`` where whoever asked for the release is gone."""

    def request(self) -> str:
        """Return what another process asks of the release: nothing, abort, pause or promote."""

    def check(self, check: Check) -> Future[str]:
        """Begin ``check``, and return what will tell what is wrong, nothing where it holds."""

    def load(self) -> AbstractContextManager[None]:
        """Return what makes up for too little traffic."""
