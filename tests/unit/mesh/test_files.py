"""Envoy itself accepts every configuration that is generated, and equal models give equal bytes."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import envoy
import pytest
import yaml
from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.files import endpoint_files, mesh_files
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.validation import whole_configuration
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.effective import EffectiveApplication
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Version
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import Audience, Candidate, Split
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.compose_file import load
from world import effective, placed

COMPOSE = Path(__file__).parents[3] / "applications" / "sockshop" / "compose.yaml"
DECODER = Path(__file__).parents[3] / "roles" / "images" / "files" / "decoder" / "mysql.c"
ENVOY = Path(envoy.__file__).parent / "_bin" / "envoy"
EVERY_POLICY: dict[str, Any] = {
    "timeout": "2s",
    "retries": {"attempts": 3, "on": ["5xx", "reset"], "per_try_timeout": "500ms"},
    "circuit_breaker": {"max_connections": 1, "max_pending_requests": 2, "max_requests": 3, "max_retries": 4},
    "outlier_detection": {"interval": "1s", "consecutive_errors": 2, "base_ejection_time": "3s", "max_ejection_percent": 50},
    "rate_limit": {"requests_per_second": 0.5, "burst": 3, "per": "caller"},
    "fault": {"delay": {"duration": "100ms", "percent": 12.5}, "abort": {"status": 503, "percent": 0.1}},
    "routes": [{"domains": ["api.shop"], "prefix": "/api", "headers": {"x-user": "tester"}}],
}

OVERRIDE = {key: EVERY_POLICY[key] for key in ("timeout", "retries", "circuit_breaker", "outlier_detection")}


def every_file(application: EffectiveApplication) -> dict[str, str]:
    """Return the files of the mesh where all instances serve that are to."""
    known = placed(application)
    files = mesh_files(application, known)
    for component in application.components:
        for version in application.versions(component.name):
            files.update(endpoint_files(component, version, known.instances(component.name, version), known))
    return files


def shop(**environment: str) -> EffectiveApplication:
    return effective(load(COMPOSE, environment))


def everything() -> EffectiveApplication:
    """Return an application that uses each protocol and each policy."""
    services: dict[str, Any] = {
        "edge": {"image": "e", "ports": ["80:80", "81:81"], "depends_on": ["api"], "x-mesh": {"gateway": {"status": 81}}},
        "api": {
            "image": "a",
            "expose": ["8080", "9000", "9090"],
            "depends_on": ["mysql", "mongo", "queue", "search"],
            "deploy": {"replicas": 3},
            "x-mesh": {"ports": {"9000": "grpc", "9090": "http"}, "policy": EVERY_POLICY},
        },
        "mysql": {"image": "m", "expose": ["3306"], "deploy": {"replicas": 2}, "x-mesh": {"kind": "stateful"}},
        "mongo": {"image": "m", "expose": ["27017"], "ports": ["27017:27017"]},
        "queue": {"image": "q", "expose": ["5672", "4369"]},
        "search": {"image": "s", "expose": ["8000"], "deploy": {"replicas": 2}, "x-mesh": {"kind": "stateful"}},
        "caller": {"image": "c", "depends_on": ["api", "mysql"], "x-mesh": {"overrides": {"api": OVERRIDE}}},
        "quiet": {"image": "q"},
    }
    return effective(parse({"name": "app", "services": services}, "compose.yaml", {}, "app"))


@pytest.fixture(scope="module")
def decoders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of our own filters, compiled as their image compiles them."""
    folder = tmp_path_factory.mktemp("decoders")
    compile_it = ["tcc", "-Wall", "-shared", "-nostdlib", "-o", str(folder / "libmysql.so"), str(DECODER)]
    assert subprocess.run(compile_it, capture_output=True, text=True, check=True).stderr == ""
    return folder


def released(weight: float, closed: Version | None = None) -> EffectiveApplication:
    """Return an application with a release of two components in progress, one of them called by the gateway."""
    candidate = Candidate("both", 2, "other", (("VERSION", "2"),))
    split = Split("both", weight, (Audience("cookie", "tester", ("yes",)),), mirror=5, closed=closed)
    return replace(everything(), name="released", candidates=dict.fromkeys(("api", "quiet"), candidate), splits=(split,))


@pytest.mark.parametrize("application", [shop(), everything(), released(10)], ids=lambda each: each.name)
def test_envoy_accepts_what_every_component_gets(application: EffectiveApplication, tmp_path: Path, decoders: Path) -> None:
    files = every_file(application)
    for component in application.components:
        document = tmp_path / f"{component.name}.json"
        document.write_text(json.dumps(whole_configuration(component.name, files)))
        command = [str(ENVOY), "--mode", "validate", "--log-level", "warn", "--config-path", str(document)]
        known = {"ENVOY_DYNAMIC_MODULES_SEARCH_PATH": str(decoders)}
        checked = subprocess.run(command, capture_output=True, text=True, env=known, check=False)
        assert checked.returncode == 0, f"{component.name}: {checked.stderr[:600]}"
        assert "eprecated" not in checked.stderr, checked.stderr


def test_equal_models_give_equal_bytes() -> None:
    assert every_file(everything()) == every_file(everything())


def test_a_weight_is_one_file() -> None:
    files = [every_file(released(weight)) for weight in (10, 25)]
    assert {path for path in files[0] if files[0][path] != files[1][path]} == {"shared/routes.json"}


@pytest.mark.parametrize(("closed", "other"), [(Version.CANDIDATE, "api-candidate:80"), (Version.STABLE, "api:80")])
def test_a_closed_version_gets_no_request_whatever_was_decided(closed: Version, other: str) -> None:
    files = every_file(released(0 if closed == Version.CANDIDATE else 100, closed))
    (host,) = (each for each in hosts(files) if each["name"] == "api")
    assert host["routes"]
    assert f'"{other}"' not in json.dumps([each["route"] for each in host["routes"]])


def hosts(files: dict[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(files["shared/routes.json"])["resources"][0]["virtual_hosts"]
    return found


def test_a_policy_touches_the_component_and_the_shared_routes_alone() -> None:
    changed = json.loads(json.dumps({"timeout": "1s", "rate_limit": {"requests_per_second": 5}}))
    after = with_policy("payment", changed)
    one, two = every_file(shop()), every_file(after)
    assert {path for path in two if one[path] != two[path]} == {"shared/routes.json", "components/payment/inbound.80.json"}


def with_policy(name: str, policy: dict[str, Any]) -> EffectiveApplication:
    content = yaml.safe_load(COMPOSE.read_text())
    content["services"][name].setdefault("x-mesh", {})["policy"] = policy
    return effective(parse(content, str(COMPOSE), {}, ""))


def test_a_component_may_call_the_gateway_which_decides_as_for_all() -> None:
    """From inside, the gateway's name leads to the gateway; at the gateway, to where all from outside is led."""
    application = shop(SHOPPERS="1")
    files = {path: json.loads(content) for path, content in every_file(application).items()}
    (hosts,) = (each["virtual_hosts"] for each in files["shared/routes.json"]["resources"])
    routes = next(host["routes"] for host in hosts if "edge-router" in host["domains"])
    assert routes[0]["match"]["headers"] == [{"name": "x-evenkeel-caller", "string_match": {"exact": "edge-router"}}]
    assert routes[0]["route"]["cluster"] == "front-end:8079"
    assert "headers" not in routes[-1]["match"] and routes[-1]["route"]["cluster"] == "edge-router:80"
    assert "edge-router:80" in json.dumps(files["components/shopper/clusters.json"])
    callers = placed(application).source_range("shopper").partition("/")[0]
    assert callers in json.dumps(files["components/edge-router/listeners.json"])
