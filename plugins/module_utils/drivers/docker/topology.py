"""Who has which address on a Docker engine: allocated once, recorded, and never moved by a neighbour that comes or goes.

Every application has a network of /16 and every component a block of 32 addresses in it: 15 for instances of the stable
version, 15 for those of a candidate. In a caller's own namespace the same block, moved to 127.64.0.0, stands for the component:
its first address for any instance, the n-th for that one.
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
# The first block has the addresses that Docker takes for itself.
BLOCKS = range(1, (1 << 16) // BLOCK)
# One more than there are replicas: a single instance's successor is there before it leaves.
MAX_ORDINAL = MAX_REPLICAS + 1
LOOPBACK = IPv4Network("127.64.0.0/10")
FIRST_PROXY_UID = 1_000_000
_CANDIDATES = 16
_SUBNETS = [IPv4Network(f"10.{number}.0.0/16") for number in range(64, 192)]
_SUBNET_KEY, _BLOCK_KEY = "subnet", "block/"


@dataclass(frozen=True)
class DockerTopology:
    """The addresses of one application: its ``subnet``, the index of each component's block in it, and what runs there."""

    subnet: IPv4Network
    blocks: Mapping[str, int]
    placement: Mapping[tuple[str, Version], tuple[Instance, ...]] = field(default_factory=dict)

    @property
    def mesh_range(self) -> str:
        """The range that all instances have their addresses in."""
        return str(self.subnet)

    @property
    def host_address(self) -> str:
        """The address by which the host itself calls instances: the bridge's."""
        return str(self.subnet[1])

    def instances(self, component: str, version: Version) -> tuple[Instance, ...]:
        """Return the instances of a version that are to run."""
        return self.placement.get((component, version), ())

    def address(self, instance: Instance) -> str:
        """Return where an instance takes calls."""
        return str(self.subnet[self._offset(instance)])

    def instance_at(self, address: str) -> Instance | None:
        """Return the instance that ``address`` is for, None where it is nobody's."""
        offset = int(IPv4Address(address)) - int(self.subnet.network_address)
        component = next((name for name, index in self.blocks.items() if index == offset // BLOCK), None)
        version = Version.CANDIDATE if offset % BLOCK > _CANDIDATES else Version.STABLE
        ordinal = offset % BLOCK - (_CANDIDATES if version == Version.CANDIDATE else 0)
        return Instance(component, version, ordinal) if component and 1 <= ordinal <= MAX_ORDINAL else None

    def instances_at(self, addresses: Iterable[str], target: str) -> frozenset[Instance]:
        """Return the instances of ``target``, a version's name, at ``addresses``: some may be another's since."""
        found = [self.instance_at(address) for address in addresses]
        return frozenset(each for each in found if each and each.version_name == target)

    def proxy_uid(self, instance: Instance) -> int:
        """Return the user that the proxy of an instance runs as, a different one for each.

        Packet rules know the proxy by it, and the kernel's limit of inotify instances, 128 by default, is one a user:
        a proxy takes a dozen of them.
        """
        return FIRST_PROXY_UID + self._offset(instance)

    def source_range(self, component: str) -> str:
        """Return the range that calls of ``component`` come from: all its instances' addresses."""
        return str(IPv4Network((int(self.subnet.network_address) + self.blocks[component] * BLOCK, BLOCK_LENGTH)))

    def loopback(self, component: str, ordinal: int = 0) -> str:
        """Return where callers find ``component`` in their own namespace, or its stable instance ``ordinal``."""
        return str(LOOPBACK[self.blocks[component] * BLOCK + ordinal])

    def loopback_range(self, component: str) -> str:
        """Return the range that has all of these addresses."""
        return f"{self.loopback(component)}/{BLOCK_LENGTH}"

    def _offset(self, instance: Instance) -> int:
        within = instance.ordinal + (_CANDIDATES if instance.version == Version.CANDIDATE else 0)
        return self.blocks[instance.component] * BLOCK + within


def topology(allocation: Mapping[str, str]) -> DockerTopology:
    """Return the topology that ``allocate`` recorded."""
    blocks = {key.removeprefix(_BLOCK_KEY): int(index) for key, index in allocation.items() if key.startswith(_BLOCK_KEY)}
    return DockerTopology(IPv4Network(allocation[_SUBNET_KEY]), blocks)


def allocate(
    application: Application,
    recorded: Mapping[str, str],
    network: str = "",
    addresses: Mapping[str, str] | None = None,
    taken: Collection[str] = (),
) -> dict[str, str]:
    """Return who has which addresses: what is ``recorded``, and the lowest free ones for what is new.

    ``network`` is the range that the application's network has on the engine, empty where there is none; ``addresses`` one
    address of each component that runs, by which those of a deployment without a record are known again; ``taken`` the
    ranges of other networks. Raises ``Refused`` where the network is full.
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
    """Return the range that an application's network has where nothing is stated and no other network is in its way."""
    return str(_SUBNETS[_first(application)])


def _free_subnet(application: str, taken: Collection[str]) -> str:
    first = _first(application)
    others = [IPv4Network(each, strict=False) for each in taken if each and ":" not in each]
    for subnet in (*_SUBNETS[first:], *_SUBNETS[:first]):
        if not any(subnet.overlaps(other) for other in others):
            return str(subnet)
    raise Refused("the application's network: found no free range in 10.64.0.0 to 10.191.0.0; allowed: x-mesh.subnet with one")


def _first(application: str) -> int:
    return int.from_bytes(hashlib.sha256(application.encode()).digest()[:4], "big") % len(_SUBNETS)
