"""The target of a rollout, and what can interrupt it."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Protocol

from ..model.release import Check
from .analysis.component import Sample
from .state import Release


class Demand(StrEnum):
    """What another process demands of a release in progress."""

    NOTHING = ""
    ABORT = "abort"
    PAUSE = "pause"
    PROMOTE = "promote"


class ReleaseError(Exception):
    """The release cannot continue; the message says why."""


class Aborted(ReleaseError):
    """Another process has demanded an abort."""


class Interrupted(Exception):
    """The requester of the release is gone: the release stays at its weight."""


class Target(Protocol):
    """Where a release runs. Any method raises ``ReleaseError`` if the target fails."""

    def store(self, release: Release) -> None:
        """Store ``release``."""

    def apply(self, release: Release) -> None:
        """Store ``release`` and reconcile instances and mesh with it. Raises ``Aborted`` if an abort is demanded meanwhile."""

    def shift(self, release: Release) -> None:
        """Store ``release`` and split users by it, in one rename."""

    def promote(self, release: Release) -> None:
        """Store ``release``, and its versions as the stable ones, in one transaction."""

    def synced(self) -> bool:
        """Whether the callers' proxies have loaded the current routes and endpoints of both versions."""

    def sample(self) -> Mapping[str, Sample]:
        """Return by component what its callers have counted of the candidate and of the stable version."""

    def candidate_failure(self) -> str:
        """Return how a candidate has failed that has ended or restarted, empty if all run."""

    def check_heartbeat(self) -> None:
        """Raise ``Interrupted`` if the requester of the release is gone."""

    def demand(self) -> Demand:
        """Return what another process demands of the release."""

    def start_check(self, check: Check) -> Future[str]:
        """Start ``check``; the future returns why it fails, empty if it passes."""

    def generate_load(self) -> AbstractContextManager[None]:
        """Return a load generator that adds traffic until it is left."""
