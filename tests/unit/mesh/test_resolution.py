"""The names that a component resolves."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.resolution import host_names
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.effective import EffectiveApplication
from world import effective, placed_topology


def application(**services: dict[str, Any]) -> EffectiveApplication:
    content = {"name": "app", "services": {key: {"image": key, **value} for key, value in services.items()}}
    return effective(parse(content, "c", {}, ""))


def test_a_component_resolves_its_dependencies_and_the_instances_of_stores() -> None:
    shop = application(web={"depends_on": ["db", "api"]}, api={}, db={"x-mesh": {"kind": "stateful"}}, other={})
    names = host_names(shop.component("web"), shop, placed_topology(shop))
    assert {name for name in names if not name.endswith(".db")} == {"db", "api"}
    assert IPv4Address(names["db-1.db"]) == IPv4Address(names["db"]) + 1
    assert "db-14.db" in names and "db-15.db" not in names


def test_domains_of_a_policy_resolve_to_the_component() -> None:
    routes = {"policy": {"routes": [{"domains": ["api.shop"]}]}}
    shop = application(web={"depends_on": ["api"]}, api={"expose": ["80"], "x-mesh": routes}, other={"depends_on": ["web"]})
    names = host_names(shop.component("web"), shop, placed_topology(shop))
    assert names["api.shop"] == names["api"]
    assert set(host_names(shop.component("other"), shop, placed_topology(shop))) == {"web"}
