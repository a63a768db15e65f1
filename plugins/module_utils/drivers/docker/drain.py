"""Waits for the requests of an instance that is to go."""

from __future__ import annotations

import time

from ...mesh import versions
from ...model.effective import EffectiveApplication
from ...model.instance import Instance
from ...runtime.polling import poll
from ..base import Unreachable
from . import files
from .layout import Layout
from .proxies import DockerProxies

DRAIN_SECONDS = 30.0
_CALM_SECONDS = 0.2
_PAUSE_SECONDS = 0.05


def drain(application: EffectiveApplication, layout: Layout, proxies: DockerProxies, instance: Instance) -> None:
    """Return once no caller knows ``instance`` any more and it has no HTTP request in flight, after ``DRAIN_SECONDS`` at most.

    A stream may have no end, and a connection of another protocol says nothing of its use, so neither keeps it for longer.
    """
    calm_since = 0.0

    def drained() -> bool | None:
        nonlocal calm_since
        written = versions.file_versions(files.read_files(layout.mesh))
        idle = all(
            _has_taken_in(proxies, caller, written)
            for name in application.dependents(instance.component)
            for caller in proxies.instances(name)
        ) and not _in_flight(proxies, instance)
        calm_since = (calm_since or time.monotonic()) if idle else 0.0
        return True if idle and time.monotonic() - calm_since >= _CALM_SECONDS else None

    poll(drained, DRAIN_SECONDS, _PAUSE_SECONDS)


def _has_taken_in(proxies: DockerProxies, caller: Instance, written: dict[str, str]) -> bool:
    """Whether a caller's proxy has the files as they are; one that does not run reads them when it starts."""
    behind = proxies.outdated(caller, written)
    return not behind.running if isinstance(behind, Unreachable) else not behind


def _in_flight(proxies: DockerProxies, instance: Instance) -> int:
    answer = proxies.in_flight(instance)
    return 0 if isinstance(answer, Unreachable) else answer
