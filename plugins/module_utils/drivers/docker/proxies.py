"""Access to proxies over the Unix sockets of their admin interfaces."""

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
MAX_RESPONSE_BYTES = 64 << 20
_IN_FLIGHT = "/stats?format=json&filter=^http.inbound.downstream_rq_active$"


class DockerProxies:
    """The proxies of one application, by their admin sockets below ``layout``."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def instances(self, component: str) -> tuple[Instance, ...]:
        """Return the instances of ``component``, of both versions, that have a proxy."""
        folder = self._layout.admin_folders
        instances = [Instance.parse(path.name) for path in folder.iterdir()] if folder.is_dir() else []
        return tuple(sorted(instance for instance in instances if instance.component == component))

    def totals(self, instance: Instance, clusters: Collection[str]) -> Mapping[str, Totals] | Unreachable:
        """Return the counters of the proxy of ``instance`` for those of ``clusters`` that it knows."""
        response = self._ask(instance, statistics_path(clusters))
        return response if isinstance(response, Unreachable) else parse_statistics(json.loads(response), clusters)

    def outdated(self, instance: Instance, expected: Mapping[str, str]) -> Collection[str] | Unreachable:
        """Return the paths of the files of which the proxy has loaded another version than the one in ``expected``."""
        response = self._ask(instance, versions.PATH)
        if isinstance(response, Unreachable):
            return response
        return versions.outdated_files(json.loads(response), expected, instance.component)

    def in_flight(self, instance: Instance) -> int | Unreachable:
        """Return the number of HTTP requests that ``instance`` is processing."""
        response = self._ask(instance, _IN_FLIGHT)
        return response if isinstance(response, Unreachable) else sum(stat["value"] for stat in json.loads(response)["stats"])

    def _ask(self, instance: Instance, path: str) -> bytes | Unreachable:
        admin = self._layout.admin_socket(instance.name)
        response = ask_proxy(admin, path)
        return Unreachable(is_listening(admin)) if response is None else response


def is_listening(admin: Path) -> bool:
    """Whether a proxy has the admin socket ``admin`` open, whether it answers or not."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(TIMEOUT_SECONDS)
        return connection.connect_ex(str(admin)) not in (errno.ENOENT, errno.ECONNREFUSED)


def open_connections(admin: Path) -> int:
    """Return the number of open connections of a proxy's listeners, 0 if it does not answer."""
    response = ask_proxy(admin, "/stats?format=json&filter=^listener\\..*downstream_cx_active$")
    return sum(stat["value"] for stat in json.loads(response)["stats"] if "admin" not in stat["name"]) if response else 0


def ask_proxy(admin: Path, path: str, method: str = "GET") -> bytes | None:
    """Return the response of the proxy with the admin socket ``admin``, None unless its status is 200."""
    connection = http.client.HTTPConnection("proxy", timeout=TIMEOUT_SECONDS)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.sock.settimeout(TIMEOUT_SECONDS)
        connection.sock.connect(str(admin))
        connection.request(method, path)
        response = connection.getresponse()
        content = response.read(MAX_RESPONSE_BYTES)
        return content if response.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
