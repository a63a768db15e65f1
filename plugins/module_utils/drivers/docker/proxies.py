"""Asks proxies over the Unix sockets of their admin interfaces."""

from __future__ import annotations

import errno
import http.client
import json
import socket
from collections.abc import Collection, Mapping
from pathlib import Path

from ...mesh import versions
from ...mesh.statistics import parse_statistics, statistics_path
from ...model.instance import Instance
from ...model.traffic import Totals
from ..base import Unreachable
from .layout import Layout

TIMEOUT_SECONDS = 2.0
MAX_ANSWER = 64 << 20
_IN_FLIGHT = "/stats?format=json&filter=^http.inbound.downstream_rq_active$"


class DockerProxies:
    """The proxies of one application, by the sockets below ``layout``."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def instances(self, component: str) -> tuple[Instance, ...]:
        """Return the instances of ``component``, of both versions, that have a proxy."""
        folder = self._layout.runs
        found = [Instance.parse(path.name) for path in folder.iterdir()] if folder.is_dir() else []
        return tuple(sorted(each for each in found if each.component == component))

    def totals(self, instance: Instance, clusters: Collection[str]) -> Mapping[str, Totals] | Unreachable:
        """Return what the proxy of ``instance`` has counted of each of ``clusters`` that it knows."""
        answer = self._ask(instance, statistics_path(clusters))
        return answer if isinstance(answer, Unreachable) else parse_statistics(json.loads(answer), clusters)

    def outdated(self, instance: Instance, wanted: Mapping[str, str]) -> Collection[str] | Unreachable:
        """Return the paths of those files that the proxy reads and has in another version than ``wanted`` tells."""
        answer = self._ask(instance, versions.PATH)
        if isinstance(answer, Unreachable):
            return answer
        return versions.outdated_files(json.loads(answer), wanted, instance.component)

    def in_flight(self, instance: Instance) -> int | Unreachable:
        """Return how many HTTP requests ``instance`` is answering."""
        answer = self._ask(instance, _IN_FLIGHT)
        return answer if isinstance(answer, Unreachable) else sum(each["value"] for each in json.loads(answer)["stats"])

    def _ask(self, instance: Instance, path: str) -> bytes | Unreachable:
        admin = self._layout.admin(instance.name)
        answer = ask_proxy(admin, path)
        return Unreachable(is_there(admin)) if answer is None else answer


def is_there(admin: Path) -> bool:
    """Whether a proxy has the admin socket ``admin`` open, be it that it answers or not."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(TIMEOUT_SECONDS)
        return connection.connect_ex(str(admin)) not in (errno.ENOENT, errno.ECONNREFUSED)


def connections(admin: Path) -> int:
    """Return how many connections the listeners of a proxy have; none where it does not answer."""
    answer = ask_proxy(admin, "/stats?format=json&filter=^listener\\..*downstream_cx_active$")
    return sum(each["value"] for each in json.loads(answer)["stats"] if "admin" not in each["name"]) if answer else 0


def ask_proxy(admin: Path, path: str, method: str = "GET") -> bytes | None:
    """Return what the proxy with the admin socket ``admin`` answers, None where it does not with 200."""
    connection = http.client.HTTPConnection("proxy", timeout=TIMEOUT_SECONDS)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.sock.settimeout(TIMEOUT_SECONDS)
        connection.sock.connect(str(admin))
        connection.request(method, path)
        answer = connection.getresponse()
        content = answer.read(MAX_ANSWER)
        return content if answer.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
