"""Equal models give equal bytes, and a change rewrites only the files that it affects."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.effective import EffectiveApplication
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Version
from samples import COMPOSE, full_application, released_application, render_mesh, sockshop
from world import effective, placed_topology


def test_equal_models_give_equal_bytes() -> None:
    assert render_mesh(full_application()) == render_mesh(full_application())


def test_a_changed_weight_changes_one_file() -> None:
    files = [render_mesh(released_application(weight)) for weight in (10, 25)]
    assert {path for path in files[0] if files[0][path] != files[1][path]} == {"shared/routes.json"}


@pytest.mark.parametrize(("closed", "closed_cluster"), [(Version.CANDIDATE, "api-candidate:80"), (Version.STABLE, "api:80")])
def test_a_closed_version_gets_no_requests(closed: Version, closed_cluster: str) -> None:
    files = render_mesh(released_application(0 if closed == Version.CANDIDATE else 100, closed))
    (host,) = (host for host in hosts(files) if host["name"] == "api")
    assert host["routes"]
    assert f'"{closed_cluster}"' not in json.dumps([route["route"] for route in host["routes"]])


def hosts(files: dict[str, str]) -> list[dict[str, Any]]:
    virtual_hosts: list[dict[str, Any]] = json.loads(files["shared/routes.json"])["resources"][0]["virtual_hosts"]
    return virtual_hosts


def test_a_changed_policy_changes_only_the_component_and_the_shared_routes() -> None:
    policy = json.loads(json.dumps({"timeout": "1s", "rate_limit": {"requests_per_second": 5}}))
    application = with_policy("payment", policy)
    before, after = render_mesh(sockshop()), render_mesh(application)
    assert {path for path in after if before[path] != after[path]} == {"shared/routes.json", "components/payment/inbound.80.json"}


def with_policy(name: str, policy: dict[str, Any]) -> EffectiveApplication:
    content = yaml.safe_load(COMPOSE.read_text())
    content["services"][name].setdefault("x-mesh", {})["policy"] = policy
    return effective(parse(content, str(COMPOSE), {}, ""))


def test_a_component_may_call_the_gateway() -> None:
    """Inside the mesh, the gateway's name leads to the gateway, whose own routes are those for outside traffic."""
    application = sockshop(SHOPPERS="1")
    files = {path: json.loads(content) for path, content in render_mesh(application).items()}
    (hosts,) = (resource["virtual_hosts"] for resource in files["shared/routes.json"]["resources"])
    routes = next(host["routes"] for host in hosts if "edge-router" in host["domains"])
    assert routes[0]["match"]["headers"] == [{"name": "x-evenkeel-caller", "string_match": {"exact": "edge-router"}}]
    assert routes[0]["route"]["cluster"] == "front-end:8079"
    assert "headers" not in routes[-1]["match"] and routes[-1]["route"]["cluster"] == "edge-router:80"
    assert "edge-router:80" in json.dumps(files["components/shopper/clusters.json"])
    callers = placed_topology(application).source_range("shopper").partition("/")[0]
    assert callers in json.dumps(files["components/edge-router/listeners.json"])
