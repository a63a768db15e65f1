"""Waits for the requests of an instance that is to go."""

from __future__ import annotations

import json
import time

from ...model.application import Application
from .callers import settled
from .layout import Layout
from .names import component_name
from .proxy import ask_proxy

DRAIN_SECONDS = 30.0
_CALM_SECONDS = 0.2
_PAUSE_SECONDS = 0.05
_UNDER_WAY = "/stats?format=json&filter=^http.inbound.downstream_rq_active$"


def drain(application: Application, layout: Layout, instance: str) -> None:
    """Return once no caller knows ``instance`` any more and it has no HTTP request under way, after ``DRAIN_SECONDS`` at most.

    ``application`` is the one that it is no more a part of. A stream may have no end, and a connection of another protocol
    says nothing of its use, so neither keeps it for longer.
    """
    deadline = time.monotonic() + DRAIN_SECONDS
    calm = 0.0
    while calm < _CALM_SECONDS and time.monotonic() < deadline:
        idle = settled(application, layout, component_name(instance)) and not _under_way(layout, instance)
        time.sleep(_PAUSE_SECONDS)
        calm = calm + _PAUSE_SECONDS if idle else 0.0


def _under_way(layout: Layout, instance: str) -> int:
    """Return how many HTTP requests ``instance`` has under way, as its proxy counts them: none where that does not run."""
    answer = ask_proxy(layout.admin(instance), _UNDER_WAY)
    return sum(each["value"] for each in json.loads(answer)["stats"]) if answer else 0
