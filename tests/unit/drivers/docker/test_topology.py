"""Addresses are allocated once: added or removed components move no other, and no address in use is reused."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.topology import (
    BLOCK,
    BLOCKS,
    LOOPBACK,
    MAX_ORDINAL,
    DockerTopology,
    allocate,
    default_subnet,
    topology,
)
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Application, Component, Kind
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.errors import Refused
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Instance, Version
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = st.lists(st.from_regex(re.compile(r"[a-z][a-z0-9-]{0,20}[a-z0-9]", re.ASCII), fullmatch=True), unique=True)
EVERY_ORDINAL = range(1, MAX_ORDINAL + 1)


def application(*names: str, subnet: str = "") -> Application:
    return Application("app", tuple(Component(name, Kind.STATELESS) for name in names), subnet=subnet)


def first_addresses(addresses: DockerTopology) -> dict[str, str]:
    """Return an address of each component, as an engine reports it of running ones."""
    return {name: addresses.address(Instance(name, Version.STABLE, 1)) for name in addresses.blocks}


def every_address(addresses: DockerTopology) -> dict[str, Instance]:
    return {
        addresses.address(instance): instance
        for name in addresses.blocks
        for version in Version
        for ordinal in EVERY_ORDINAL
        for instance in [Instance(name, version, ordinal)]
    }


@settings(max_examples=60, deadline=None)
@given(rounds=st.lists(NAMES, min_size=2, max_size=8))
def test_allocated_blocks_stay_when_components_are_added_and_removed(rounds: list[list[str]]) -> None:
    recorded: Mapping[str, str] = {}
    for names in rounds:
        before = topology(recorded).blocks if recorded else {}
        recorded = allocate(application(*names), recorded)
        after = topology(recorded).blocks
        assert set(after) == set(names)
        assert {name: before[name] for name in names if name in before} == {
            name: after[name] for name in names if name in before
        }
        assert len(set(after.values())) == len(after)


@pytest.mark.parametrize("seed", range(3))
def test_two_hundred_components_keep_their_addresses_through_many_rounds(seed: int) -> None:
    """Some of the removed components still run: their blocks must not be reused."""
    chance = random.Random(seed)
    present = {f"component-{number}" for number in range(200)}
    recorded = allocate(application(*sorted(present)), {})
    created = 200
    for _unused in range(60):
        before = topology(recorded)
        removed = set(chance.sample(sorted(present), chance.randrange(0, min(60, len(present)))))
        added = {f"component-{created + number}" for number in range(chance.randrange(0, 60))}
        created += len(added)
        present = (present - removed) | added
        running = {name: address for name, address in first_addresses(before).items() if chance.random() < 0.8}
        names = chance.sample(sorted(present), len(present))
        recorded = allocate(application(*names), recorded, str(before.subnet), running)
        after = topology(recorded)
        assert after.subnet == before.subnet
        assert set(after.blocks) == present | set(running)
        for name in (present | set(running)) & set(before.blocks):
            assert after.blocks[name] == before.blocks[name]
        assert len(set(after.blocks.values())) == len(after.blocks)


def test_the_block_of_a_removed_component_is_reused_only_once_it_has_stopped() -> None:
    recorded = allocate(application("old", "web"), {})
    running = first_addresses(topology(recorded))
    changed = allocate(application("new", "web"), recorded, "", running)
    assert changed["block/old"] == recorded["block/old"]
    assert changed["block/new"] not in recorded.values()
    assert allocate(application("new", "web"), recorded, "", {"web": running["web"]})["block/new"] == recorded["block/old"]


def test_every_component_has_addresses_of_its_own() -> None:
    allocated = topology(allocate(application(*(f"c{number}" for number in range(500))), {}))
    addresses = every_address(allocated)
    assert len(addresses) == 500 * 2 * MAX_ORDINAL
    assert all(IPv4Address(address) in allocated.subnet for address in addresses)
    assert allocated.host_address not in addresses, "the engine's gateway"
    ranges = [IPv4Network(allocated.source_range(name)) for name in allocated.blocks]
    assert len(set(ranges)) == 500 and not any(IPv4Address(allocated.host_address) in network for network in ranges)
    assert all(IPv4Address(allocated.loopback(name, 14)) in LOOPBACK for name in allocated.blocks)
    assert len({allocated.proxy_uid(instance) for instance in addresses.values()}) == len(addresses)


def test_an_address_maps_back_to_its_instance() -> None:
    allocated = topology(allocate(application(*(f"c{number}" for number in range(40))), {}))
    addresses = every_address(allocated)
    for address in allocated.subnet:
        assert allocated.instance_at(str(address)) == addresses.get(str(address))
    for outside in (allocated.subnet[0] - 1, allocated.subnet[-1] + 1, IPv4Address("127.64.0.33")):
        assert allocated.instance_at(str(outside)) is None


def test_a_subnet_can_be_chosen() -> None:
    file = {"name": "app", "services": {"web": {"image": "web"}}, "x-mesh": {"subnet": "10.200.0.0/16"}}
    assert allocate(parse(file, "c", {}, ""), {}, taken=["10.200.0.0/16"])["subnet"] == "10.200.0.0/16"
    moved = allocate(application("web", subnet="10.201.0.0/16"), {"subnet": "10.200.0.0/16", "block/web": "7"})
    assert moved == {"subnet": "10.201.0.0/16", "block/web": "7"}


def test_a_free_range_avoids_those_of_other_networks() -> None:
    default = IPv4Network(default_subnet("app"))
    following = str(IPv4Network((int(default.network_address) + (1 << 16), 16)))
    assert allocate(application("web"), {})["subnet"] == str(default)
    assert allocate(application("web"), {}, taken=[f"{default[77]}/28"])["subnet"] == following
    taken = [str(default), "", "fd00::/64", "172.17.0.0/16"]
    assert allocate(application("web"), {}, taken=taken)["subnet"] == following
    for occupied in ("10.0.0.0/9", "10.128.0.0/9"):
        assert not IPv4Network(allocate(application("web"), {}, taken=[occupied])["subnet"]).overlaps(IPv4Network(occupied))


def test_the_range_of_a_deployed_application_stays() -> None:
    assert allocate(application("web"), {}, "10.99.0.0/16", taken=["10.99.0.0/16"])["subnet"] == "10.99.0.0/16"
    recorded = {"subnet": "10.98.0.0/16"}
    assert allocate(application("web"), recorded, "10.99.0.0/16", taken=["10.98.0.0/24"])["subnet"] == "10.98.0.0/16"


def test_a_missing_free_range_is_reported_with_the_key_to_set() -> None:
    message = r"the application's network: found no free range in 10\.64\.0\.0 to 10\.191\.0\.0; allowed: x-mesh\.subnet with one"
    with pytest.raises(Refused, match=message):
        allocate(application("web"), {}, taken=["10.0.0.0/8"])


def test_too_many_components_are_refused() -> None:
    names = [f"c{number}" for number in range(len(BLOCKS))]
    recorded = allocate(application(*names), {})
    assert len(topology(recorded).blocks) == len(BLOCKS) == (1 << 16) // BLOCK - 1
    with pytest.raises(Refused, match=rf"services: found {len(names) + 1} components; allowed: {len(names)} on one engine"):
        allocate(application(*names, "more"), recorded)


def test_a_deployment_without_a_record_keeps_the_addresses_given_by_hash() -> None:
    """Versions before 0.2 allocated a block by the hash of a component's name, without a record."""
    names = [f"c{number}" for number in range(200)]
    blocks: dict[str, int] = {}
    for name in sorted(names):
        index = 1 + int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % ((1 << 16) // BLOCK - 2)
        while index in blocks.values():
            index = 1 + index % ((1 << 16) // BLOCK - 2)
        blocks[name] = index
    former = DockerTopology(IPv4Network("10.100.0.0/16"), blocks)
    for version, ordinal in ((Version.STABLE, 1), (Version.STABLE, 14), (Version.CANDIDATE, 1), (Version.CANDIDATE, 14)):
        running = {name: former.address(Instance(name, version, ordinal)) for name in names}
        allocated = topology(allocate(application(*names, "new"), {}, "10.100.0.0/16", running))
        assert allocated.subnet == former.subnet
        assert {name: allocated.blocks[name] for name in names} == blocks
        assert allocated.blocks["new"] not in blocks.values()


def test_the_default_range_is_that_of_former_versions() -> None:
    number = 64 + int.from_bytes(hashlib.sha256(b"sockshop").digest()[:4], "big") % 128
    assert default_subnet("sockshop") == f"10.{number}.0.0/16"


def test_an_address_outside_the_range_is_ignored() -> None:
    allocation = allocate(application("web"), {}, "10.100.0.0/16", {"web": "10.99.5.1"})
    assert allocation == {"subnet": "10.100.0.0/16", "block/web": "1"}
