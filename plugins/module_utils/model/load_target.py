"""What makes the load and what it goes to: the component that ``x-mesh.load`` names, and the gateway on this machine."""

from __future__ import annotations

from ipaddress import ip_address

from .application import Application, Component, OuterPort
from .errors import Refused


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
