"""What the proxies of a component's callers have counted of it."""

from __future__ import annotations

import json
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor

from ..release.traffic import Totals, parse_statistics, statistics_path
from . import names
from .proxy import ask_proxy
from .setting import Task


def counted(task: Task, component: str, clusters: Collection[str]) -> dict[str, dict[str, Totals]]:
    """Return the totals of each of ``clusters`` by the instances of the callers of ``component``.

    A cluster that a proxy does not know is not there; a proxy that does not answer knows none.
    """
    application, path = task.application, statistics_path(clusters)
    callers = [
        names.instance_name(caller, number)
        for caller in application.dependents(component)
        for number in application.component(caller).numbers
    ]

    def of(instance: str) -> dict[str, Totals]:
        answer = ask_proxy(task.setting.layout.run(instance) / "admin.sock", path)
        return parse_statistics(json.loads(answer), clusters) if answer else {}

    with ThreadPoolExecutor(8) as pool:
        return dict(zip(callers, pool.map(of, callers), strict=True))
