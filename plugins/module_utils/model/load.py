"""Load on an application: how many users for how long, its generator and target, and its results."""

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
    """``users`` concurrent users for ``seconds`` in total; ``spawn_rate`` users per second are started."""

    users: int = 20
    seconds: int = 60
    spawn_rate: float = 5.0


def clamp_seconds(seconds: float) -> int:
    """Return whole seconds from 1 to ``MAX_SECONDS``."""
    return max(1, min(MAX_SECONDS, round(seconds)))


@dataclass(frozen=True)
class LoadReport:
    """Totals since the start of the run; percentiles of the response times in milliseconds; the most frequent ``errors``."""

    users: int = 0
    requests: int = 0
    failures: int = 0
    requests_per_second: float = 0.0
    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    errors: tuple[str, ...] = ()

    @property
    def any_succeeded(self) -> bool:
        """Whether at least one request succeeded."""
        return self.requests > self.failures

    def __str__(self) -> str:
        return (
            f"{self.users} users, {self.requests} requests, {self.failures} failures, "
            f"{self.requests_per_second:g} requests/s, p95 {self.p95:g} ms"
        )


def parse_report(text: str) -> LoadReport:
    """Return the report in ``text``, with zeros for missing figures. Raises ``ValueError`` if it is not a JSON object."""
    values = json.loads(text)
    if not isinstance(values, Mapping):
        raise ValueError("not a JSON object")
    numbers: dict[str, Any] = {
        name: type(default)(values[name])
        for name, default in vars(LoadReport()).items()
        if name != "errors" and isinstance(values.get(name), (int, float))
    }
    return LoadReport(**numbers, errors=tuple(map(str, values.get("errors") or ())))


def load_generator(application: Application) -> Component:
    """Return the component that generates load. Raises ``Refused`` if the file names none."""
    if not application.load:
        raise Refused("x-mesh.load: found nothing; allowed: a service of the file that generates load, see docs/load.md")
    return application.component(application.load)


def entry_point(application: Application) -> tuple[Component, str]:
    """Return the gateway that receives the load, and its loopback URL: load is never sent to another machine.

    Raises ``Refused`` if no gateway can be reached on a loopback address of this machine.
    """
    addresses: list[str] = []
    for component in application.components:
        for port in component.outer_ports:
            if component.gateway and port.target != component.status_port:
                host = _loopback(port)
                if host:
                    return component, f"http://{host}:{port.published}"
                addresses.append(f"{port.host_ip}:{port.published}")
    raise Refused(
        f"the entry point: found {', '.join(addresses) or 'no published port of a gateway'}; allowed: a port of a gateway that "
        "is published on all addresses of the host, or on a loopback address"
    )


def _loopback(port: OuterPort) -> str:
    """Return the loopback address that the port is published on, empty if there is none."""
    address = ip_address(port.host_ip or "0.0.0.0")
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "[::1]"
    if not address.is_loopback:
        return ""
    return str(address) if address.version == 4 else f"[{address}]"
