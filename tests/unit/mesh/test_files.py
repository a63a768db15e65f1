"""Equal models give equal bytes, and a change touches no other files than it has to."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.effective import EffectiveApplication
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Version
from samples import COMPOSE, everything, released, rendered, sockshop
from world import effective, placed


def test_equal_models_give_equal_bytes() -> None:
    assert rendered(everything()) == rendered(everything())


def test_a_changed_weight_changes_one_file() -> None:
    files = [rendered(released(weight)) for weight in (10, 25)]
    assert {path for path in files[0] if files[0][path] != files[1][path]} == {"shared/routes.json"}


@pytest.mark.parametrize(("closed", "other"), [(Version.CANDIDATE, "api-candidate:80"), (Version.STABLE, "api:80")])
def test_a_closed_version_gets_no_requests(closed: Version, other: str) -> None:
    files = rendered(released(0 if closed == Version.CANDIDATE else 100, closed))
    (host,) = (host for host in hosts(files) if host["name"] == "api")
    assert host["routes"]
    assert f'"{other}"' not in json.dumps([route["route"] for route in host["routes"]])


def hosts(files: dict[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(files["shared/routes.json"])["resources"][0]["virtual_hosts"]
    return found


def test_a_changed_policy_changes_only_the_component_and_the_shared_routes() -> None:
    changed = json.loads(json.dumps({"timeout": "1s", "rate_limit": {"requests_per_second": 5}}))
    after = with_policy("payment", changed)
    one, two = rendered(sockshop()), rendered(after)
    assert {path for path in two if one[path] != two[path]} == {"shared/routes.json", "components/payment/inbound.80.json"}


def with_policy(name: str, policy: dict[str, Any]) -> EffectiveApplication:
    content = yaml.safe_load(COMPOSE.read_text())
    content["services"][name].setdefault("x-mesh", {})["policy"] = policy
    return effective(parse(content, str(COMPOSE), {}, ""))


def test_a_component_may_call_the_gateway() -> None:
    """From inside, the gateway's name leads to the gateway; at the gateway, to where all from outside is led."""
    application = sockshop(SHOPPERS="1")
    files = {path: json.loads(content) for path, content in rendered(application).items()}
    (hosts,) = (resource["virtual_hosts"] for resource in files["shared/routes.json"]["resources"])
    routes = next(host["routes"] for host in hosts if "edge-router" in host["domains"])
    assert routes[0]["match"]["headers"] == [{"name": "x-evenkeel-caller", "string_match": {"exact": "edge-router"}}]
    assert routes[0]["route"]["cluster"] == "front-end:8079"
    assert "headers" not in routes[-1]["match"] and routes[-1]["route"]["cluster"] == "edge-router:80"
    assert "edge-router:80" in json.dumps(files["components/shopper/clusters.json"])
    callers = placed(application).source_range("shopper").partition("/")[0]
    assert callers in json.dumps(files["components/edge-router/listeners.json"])
