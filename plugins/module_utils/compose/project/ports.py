"""The short form of a port, ``[IP:][published:]target[/protocol]`` with ranges, as docker/go-connections reads it."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from .faults import Fault, describe

_NUMBER = re.compile(r"[0-9]{1,10}")
_ALLOWED = '[IP:][PUBLISHED:]TARGET[/PROTOCOL], such as "8080:80" or "127.0.0.1:5000-5010:5000-5010/udp"'


def read_ports(text: str) -> list[dict[str, Any]]:
    """Return the long forms of a port or a range of ports, in the order of Compose. Raises ``Fault``."""
    host, published, target = _split(text)
    target, _slash, protocol = target.partition("/")
    protocol = (protocol or "tcp").lower()
    if not target:
        raise Fault(f"{describe(text)}, without a container port", _ALLOWED)
    if protocol not in ("tcp", "udp", "sctp"):
        raise Fault(f"the protocol {describe(protocol)}", "tcp, udp or sctp")
    host = read_address(host.removeprefix("[").removesuffix("]") if host.startswith("[") else host) if host else ""
    first, last = _parse_range(target, text)
    if published:
        low, high = _parse_range(published, text)
        if last - first not in (0, high - low):
            found = f"{describe(text)}, ranges of {high - low + 1} and {last - first + 1} ports"
            raise Fault(found, "ranges of the same length")
    ports = []
    for number in range(first, last + 1):
        port: dict[str, Any] = {"mode": "ingress", "target": number, "protocol": protocol}
        if host:
            port["host_ip"] = host
        if published:
            # A single port may be published on any free port of a range.
            any_of_range = first == last and low != high
            port["published"] = f"{low}-{high}" if any_of_range else str(low + number - first)
        ports.append({key: value for key, value in port.items() if value})
    return sorted(ports, key=lambda port: f"{port.get('target', 0)}/{protocol}")


def read_address(text: str) -> str:
    """Return ``text`` unchanged if it is an IP address. Raises ``Fault``."""
    try:
        ipaddress.ip_address(text.replace("%", "?"))
    except ValueError:
        raise Fault(f"the address {describe(text)}", "an IPv4 or IPv6 address of the host, such as 127.0.0.1") from None
    return text


def _split(text: str) -> tuple[str, str, str]:
    head, _colon, target = text.rpartition(":")
    host, _colon, published = head.rpartition(":")
    return host, published, target


def _parse_range(text: str, port: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    last = last.partition("-")[0] if dash else first
    if not (_NUMBER.fullmatch(first) and _NUMBER.fullmatch(last)) or not int(first) <= int(last) <= 65535:
        raise Fault(describe(port), f"{_ALLOWED}, each port a number up to 65535 and a range from low to high")
    return int(first), int(last)
