"""Addresses on a Docker engine: allocated once, stored, and unaffected by components that are added or removed.

Every application has a /16 network, and every component a block of 32 addresses in it: 15 for instances of the stable version,
15 for those of a candidate. In a caller's own namespace, the same block of 127.64.0.0 stands for the component: its first
address for any instance, the n-th for instance n.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from ...model.application import Application
from ...model.errors import Refused
from ...model.instance import Instance, Version
from ...model.scaling import MAX_REPLICAS

BLOCK_LENGTH = 27
BLOCK = 1 << (32 - BLOCK_LENGTH)
# The first block has the addresses that Docker itself uses.
BLOCKS = range(1, (1 << 16) // BLOCK)
# One more than replicas: a single instance is removed only after its successor runs.
MAX_ORDINAL = MAX_REPLICAS + 1
LOOPBACK = IPv4Network("127.64.0.0/10")
FIRST_PROXY_UID = 1_000_000
_CANDIDATE_OFFSET = 16
_SUBNETS = [IPv4Network(f"10.{number}.0.0/16") for number in range(64, 192)]
_SUBNET_KEY, _BLOCK_KEY = "subnet", "block/"


@dataclass(frozen=True)
class DockerTopology:
    """The addresses of one application: its ``subnet``, the index of each component's block, and the placed instances."""

    subnet: IPv4Network
    blocks: Mapping[str, int]
    placement: Mapping[tuple[str, Version], tuple[Instance, ...]] = field(default_factory=dict)

    @property
    def mesh_range(self) -> str:
        """The range of all instances' addresses."""
        return str(self.subnet)

    @property
    def host_address(self) -> str:
        """The source address of calls from the host: the bridge's."""
        return str(self.subnet[1])

    def instances(self, component: str, version: Version) -> tuple[Instance, ...]:
        """Return the instances of a version that should run."""
        return self.placement.get((component, version), ())

    def address(self, instance: Instance) -> str:
        """Return the address of an instance."""
        return str(self.subnet[self._offset(instance)])

    def instance_at(self, address: str) -> Instance | None:
        """Return the instance that has ``address``, None if there is none."""
        offset = int(IPv4Address(address)) - int(self.subnet.network_address)
        component = next((name for name, index in self.blocks.items() if index == offset // BLOCK), None)
        version = Version.CANDIDATE if offset % BLOCK > _CANDIDATE_OFFSET else Version.STABLE
        ordinal = offset % BLOCK - (_CANDIDATE_OFFSET if version == Version.CANDIDATE else 0)
        return Instance(component, version, ordinal) if component and 1 <= ordinal <= MAX_ORDINAL else None

    def instances_at(self, addresses: Iterable[str], target: str) -> frozenset[Instance]:
        """Return the instances of ``target``, a version's name, at ``addresses``; some may belong to another version by now."""
        instances = [self.instance_at(address) for address in addresses]
        return frozenset(instance for instance in instances if instance and instance.version_name == target)

    def proxy_uid(self, instance: Instance) -> int:
        """Return the user ID of an instance's proxy, a different one for each.

        Packet rules identify the proxy by it, and the kernel limits inotify instances, by default to 128, per user: a proxy uses
        a dozen of them.
        """
        return FIRST_PROXY_UID + self._offset(instance)

    def source_range(self, component: str) -> str:
        """Return the source range of calls by ``component``: all its instances' addresses."""
        return str(IPv4Network((int(self.subnet.network_address) + self.blocks[component] * BLOCK, BLOCK_LENGTH)))

    def loopback(self, component: str, ordinal: int = 0) -> str:
        """Return the address of ``component``, or of its stable instance ``ordinal``, in the callers' own namespaces."""
        return str(LOOPBACK[self.blocks[component] * BLOCK + ordinal])

    def loopback_range(self, component: str) -> str:
        """Return the range of all loopback addresses of ``component``."""
        return f"{self.loopback(component)}/{BLOCK_LENGTH}"

    def _offset(self, instance: Instance) -> int:
        within = instance.ordinal + (_CANDIDATE_OFFSET if instance.version == Version.CANDIDATE else 0)
        return self.blocks[instance.component] * BLOCK + within


def topology(allocation: Mapping[str, str]) -> DockerTopology:
    """Return the topology of an allocation by ``allocate``."""
    blocks = {key.removeprefix(_BLOCK_KEY): int(index) for key, index in allocation.items() if key.startswith(_BLOCK_KEY)}
    return DockerTopology(IPv4Network(allocation[_SUBNET_KEY]), blocks)


def allocate(
    application: Application,
    recorded: Mapping[str, str],
    network: str = "",
    addresses: Mapping[str, str] | None = None,
    taken: Collection[str] = (),
) -> dict[str, str]:
    """Return the allocation: what is ``recorded``, and the lowest free blocks for new components.

    ``network`` is the range of the application's network on the engine, empty if there is none; ``addresses`` has one address of
    each running component, which identifies its block if no allocation is recorded; ``taken`` are the ranges of other networks.
    Raises ``Refused`` if the network is full.
    """
    subnet = application.subnet or recorded.get(_SUBNET_KEY) or network or _free_subnet(application.name, taken)
    names = {component.name for component in application.components}
    running = addresses or {}
    blocks: dict[str, int] = {}
    for name in sorted(names | set(running)):
        key = _BLOCK_KEY + name
        if key in recorded:
            blocks[name] = int(recorded[key])
        elif name in running and IPv4Address(running[name]) in IPv4Network(subnet):
            blocks[name] = (int(IPv4Address(running[name])) - int(IPv4Network(subnet).network_address)) // BLOCK
    free = iter(sorted(set(BLOCKS) - set(blocks.values())))
    for component in application.components:
        if component.name not in blocks:
            index = next(free, None)
            if index is None:
                raise Refused(f"services: found {len(names)} components; allowed: {len(BLOCKS)} on one engine")
            blocks[component.name] = index
    return {_SUBNET_KEY: subnet, **{_BLOCK_KEY + name: str(index) for name, index in sorted(blocks.items())}}


def default_subnet(application: str) -> str:
    """Return the default range of an application's network, which it has unless another network overlaps with it."""
    return str(_SUBNETS[_default_index(application)])


def _free_subnet(application: str, taken: Collection[str]) -> str:
    first = _default_index(application)
    networks = [IPv4Network(network, strict=False) for network in taken if network and ":" not in network]
    for subnet in (*_SUBNETS[first:], *_SUBNETS[:first]):
        if not any(subnet.overlaps(network) for network in networks):
            return str(subnet)
    raise Refused("the application's network: found no free range in 10.64.0.0 to 10.191.0.0; allowed: x-mesh.subnet with one")


def _default_index(application: str) -> int:
    return int.from_bytes(hashlib.sha256(application.encode()).digest()[:4], "big") % len(_SUBNETS)
