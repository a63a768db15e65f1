"""Addresses come from names alone, so a neighbour that comes or goes moves nobody."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.addresses import LOOPBACK, addresses, host_names
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Application


def application(**services: dict[str, Any]) -> Application:
    return parse({"name": "app", "services": {key: {"image": key, **value} for key, value in services.items()}}, "c", {}, "")


def test_a_new_component_moves_no_other() -> None:
    before = addresses(application(web={}, db={}))
    after = addresses(application(web={}, db={}, cache={}))
    assert {name: after.block(name) for name in before.blocks} == {name: before.block(name) for name in before.blocks}


def test_domains_resolve_without_their_ports_and_patterns_do_not() -> None:
    domains = ["api.shop:8080", "*.shop", "shop.*"]
    api = {"expose": ["80"], "x-mesh": {"policy": {"routes": [{"domains": domains}]}}}
    app = application(api=api, web={"depends_on": ["api"]})
    assert set(host_names(app.component("web"), app, addresses(app))) == {"api", "api.shop"}


def test_every_component_has_addresses_of_its_own() -> None:
    many = application(**{f"c{number}": {} for number in range(500)})
    known = addresses(many)
    blocks = [known.block(component.name) for component in many.components]
    assert len(set(blocks)) == 500
    assert all(block.subnet_of(known.subnet) for block in blocks)
    assert known.subnet.network_address + 1 not in {address for block in blocks for address in block}, "the engine's gateway"
    assert all(known.loopback(component.name, 14) in LOOPBACK for component in many.components)


def test_a_component_resolves_what_it_depends_on_and_instances_of_stores() -> None:
    shop = application(web={"depends_on": ["db", "api"]}, api={}, db={"x-mesh": {"kind": "stateful"}}, other={})
    names = host_names(shop.component("web"), shop, addresses(shop))
    assert {name for name in names if not name.endswith(".db")} == {"db", "api"}
    assert names["db-1.db"] == names["db"] + 1
    assert "db-14.db" in names and "db-15.db" not in names


def test_a_subnet_can_be_chosen() -> None:
    file = {"name": "app", "services": {"web": {"image": "web"}}, "x-mesh": {"subnet": "10.200.0.0/16"}}
    assert addresses(parse(file, "c", {}, "")).subnet == IPv4Network("10.200.0.0/16")
