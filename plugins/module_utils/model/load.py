"""Load on an application: how many users for how long, what makes it and where it goes to, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from .application import Application, Component, OuterPort
from .errors import Refused

MAX_SECONDS = 3600


@dataclass(frozen=True)
class Population:
    """``users`` at a time for ``seconds`` in all; ``spawn_rate`` of them come a second until all are there."""

    users: int = 20
    seconds: int = 60
    spawn_rate: float = 5.0


def bounded(seconds: float) -> int:
    """Return whole seconds within the bounds."""
    return max(1, min(MAX_SECONDS, round(seconds)))


@dataclass(frozen=True)
class LoadReport:
    """Totals since the run began; percentiles are of the times to answer, in milliseconds; ``errors`` the most frequent."""

    users: int = 0
    requests: int = 0
    failures: int = 0
    requests_per_second: float = 0.0
    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    errors: tuple[str, ...] = ()

    @property
    def answered(self) -> bool:
        """Whether anything was answered as it should be."""
        return self.requests > self.failures

    def __str__(self) -> str:
        return (
            f"{self.users} users, {self.requests} requests, {self.failures} failures, "
            f"{self.requests_per_second:g} requests/s, p95 {self.p95:g} ms"
        )


def parse_report(text: str) -> LoadReport:
    """Return what ``text`` tells; what it leaves out counts as none. Raises ``ValueError`` where it is no JSON object."""
    found = json.loads(text)
    if not isinstance(found, Mapping):
        raise ValueError("no JSON object")
    numbers: dict[str, Any] = {
        name: type(default)(found[name])
        for name, default in vars(LoadReport()).items()
        if name != "errors" and isinstance(found.get(name), (int, float))
    }
    return LoadReport(**numbers, errors=tuple(map(str, found.get("errors") or ())))


def generator(application: Application) -> Component:
    """Return the component that makes load. Raises ``Refused`` where the file names none."""
    if not application.load:
        raise Refused("x-mesh.load: found nothing; allowed: a service of the file that makes load, as in docs/load.md")
    return application.component(application.load)


def entrance(application: Application) -> tuple[Component, str]:
    """Return the gateway that load comes in by, and its URL on this machine: load is never sent to another one.

    Raises ``Refused`` where no gateway can be reached by way of this machine's loopback.
    """
    found: list[str] = []
    for component in application.components:
        for port in component.outer_ports:
            if component.gateway and port.target != component.status_port:
                host = _loopback(port)
                if host:
                    return component, f"http://{host}:{port.published}"
                found.append(f"{port.host_ip}:{port.published}")
    raise Refused(
        f"the way in: found {', '.join(found) or 'no published port of a gateway'}; allowed: a port of a gateway that is "
        "published on every address of the host, or on a loopback address"
    )


def _loopback(port: OuterPort) -> str:
    """Return the loopback address that the port is found at, nothing where there is none."""
    address = ip_address(port.host_ip or "0.0.0.0")
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "[::1]"
    if not address.is_loopback:
        return ""
    return str(address) if address.version == 4 else f"[{address}]"
