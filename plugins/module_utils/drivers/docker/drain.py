"""Waits for the in-flight requests of an instance before its removal."""

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
_IDLE_SECONDS = 0.2
_PAUSE_SECONDS = 0.05


def drain(application: EffectiveApplication, layout: Layout, proxies: DockerProxies, instance: Instance) -> None:
    """Return once no caller knows ``instance`` any more and it has no HTTP request in flight, after ``DRAIN_SECONDS`` at most.

    Streams may never end, and an open connection of another protocol may be idle, so neither is waited for any longer.
    """
    idle_since = 0.0

    def drained() -> bool | None:
        nonlocal idle_since
        expected = versions.file_versions(files.read_files(layout.mesh))
        idle = all(
            _is_up_to_date(proxies, caller, expected)
            for name in application.dependents(instance.component)
            for caller in proxies.instances(name)
        ) and not _in_flight(proxies, instance)
        idle_since = (idle_since or time.monotonic()) if idle else 0.0
        return True if idle and time.monotonic() - idle_since >= _IDLE_SECONDS else None

    poll(drained, DRAIN_SECONDS, _PAUSE_SECONDS)


def _is_up_to_date(proxies: DockerProxies, caller: Instance, expected: dict[str, str]) -> bool:
    """Whether a caller's proxy has the current files; one that does not run reads them when it starts."""
    outdated = proxies.outdated(caller, expected)
    return not outdated.running if isinstance(outdated, Unreachable) else not outdated


def _in_flight(proxies: DockerProxies, instance: Instance) -> int:
    requests = proxies.in_flight(instance)
    return 0 if isinstance(requests, Unreachable) else requests
