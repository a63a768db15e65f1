"""Who has which address: computed from names, so that nothing is allocated, stored or moved by a neighbour's change.

Every application has a network of /16 and every component a block of 32 addresses in it: instance ``n`` has the
``n``-th address of the block. In a caller's own namespace the same block, moved to 127.64.0.0, stands for the
component: its first address for any instance, the ``n``-th for that one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from ..model.application import Application, Component
from ..model.scaling import MAX_REPLICAS

BLOCK_LENGTH = 27
BLOCK = 1 << (32 - BLOCK_LENGTH)
_BLOCKS = (1 << 16) // BLOCK - 2
LOOPBACK = IPv4Network("127.64.0.0/10")
FIRST_PROXY_UID = 1_000_000
OUTBOUND_PORT = 15001
INBOUND_PORT = 15006
TRACES_PORT = 15411
_FIRST_SUBNET, _SUBNETS = 64, 128


@dataclass(frozen=True)
class Addresses:
    """The addresses of one application: ``subnet``, and the index of each component's block in it."""

    subnet: IPv4Network
    blocks: dict[str, int]

    def block(self, component: str) -> IPv4Network:
        """Return the addresses that instances of ``component`` may have."""
        return IPv4Network((int(self.subnet.network_address) + self.blocks[component] * BLOCK, BLOCK_LENGTH))

    def instance(self, component: str, number: int) -> IPv4Address:
        """Return the address of instance ``number``, counted from 1."""
        return self.block(component)[number]

    def proxy_uid(self, component: str, number: int) -> int:
        """Return the user that the proxy of an instance runs as, a different one for each.

        Packet rules know the proxy by it, and the kernel's limit of inotify instances, 128 by default, is one a user:
        a proxy takes a dozen of them.
        """
        return FIRST_PROXY_UID + self.blocks[component] * BLOCK + number

    def loopback(self, component: str, number: int = 0) -> IPv4Address:
        """Return where callers find ``component`` in their own namespace, or its instance ``number``."""
        return LOOPBACK[self.blocks[component] * BLOCK + number]


def addresses(application: Application) -> Addresses:
    """Return the addresses of ``application``. A name's hash gives the block; a later name of the same hash the next free one."""
    blocks: dict[str, int] = {}
    for name in sorted(component.name for component in application.components):
        index = 1 + _hash(name) % _BLOCKS
        while index in blocks.values():
            index = 1 + index % _BLOCKS
        blocks[name] = index
    subnet = application.subnet or f"10.{_FIRST_SUBNET + _hash(application.name) % _SUBNETS}.0.0/16"
    return Addresses(IPv4Network(subnet), blocks)


def host_names(component: Component, application: Application, known: Addresses) -> dict[str, IPv4Address]:
    """Return the names that ``component`` resolves: its dependencies, the domains that lead to them, instances of stateful ones.

    All possible instances, so that more replicas of a store do not change its callers.
    """
    names: dict[str, IPv4Address] = {}
    for dependency in component.dependencies:
        names[dependency.name] = known.loopback(dependency.name)
        for route in application.component(dependency.name).policy.routes:
            for domain in route.domains:
                if "*" not in domain:
                    names.setdefault(domain.partition(":")[0], known.loopback(dependency.name))
        if application.component(dependency.name).kind == "stateful":
            names.update(
                (f"{dependency.name}-{number}.{dependency.name}", known.loopback(dependency.name, number))
                for number in range(1, MAX_REPLICAS + 1)
            )
    return names


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
