"""What the proxies of a component's callers have counted of it, and whether they have taken in what was written for them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ...mesh import versions
from ...mesh.statistics import parse_statistics, statistics_path
from ...model.application import Application
from ...model.traffic import Totals
from . import names
from .files import read_files
from .layout import Layout
from .proxy import ask_proxy, is_there

T = TypeVar("T")


def counted(application: Application, layout: Layout, component: str, clusters: Collection[str]) -> dict[str, dict[str, Totals]]:
    """Return the totals of each of ``clusters`` by the instances of the callers of ``component``.

    A cluster that a proxy does not know is not there; a proxy that does not answer knows none.
    """
    path = statistics_path(clusters)

    def of(instance: str) -> dict[str, Totals]:
        answer = ask_proxy(layout.admin(instance), path)
        return parse_statistics(json.loads(answer), clusters) if answer else {}

    return _each(application, component, of)


def settled(application: Application, layout: Layout, component: str) -> bool:
    """Whether the proxies of the callers of ``component`` have taken in their files.

    One that is not running reads them when it starts.
    """
    written = versions.written(read_files(layout.mesh))

    def of(instance: str) -> bool:
        answer = ask_proxy(layout.admin(instance), versions.PATH)
        if answer is None:
            return not is_there(layout.admin(instance))
        return not versions.behind(json.loads(answer), written, names.component_name(instance))

    return all(_each(application, component, of).values())


def _each(application: Application, component: str, ask: Callable[[str], T]) -> dict[str, T]:
    """Return what ``ask`` makes of each instance of the callers of ``component``, by its name."""
    callers = [
        names.instance_name(caller, number)
        for caller in application.dependents(component)
        for number in application.component(caller).numbers
    ]
    with ThreadPoolExecutor(8) as pool:
        return dict(zip(callers, pool.map(ask, callers), strict=True))
