"""Sample applications for tests of the mesh."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.files import endpoint_files, mesh_files
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.effective import EffectiveApplication
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Version
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import Audience, Candidate, Split
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.compose_file import load
from world import effective, placed_topology

COMPOSE = Path(__file__).parents[3] / "applications" / "sockshop" / "compose.yaml"
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


def render_mesh(application: EffectiveApplication) -> dict[str, str]:
    """Return all files of the mesh of ``application`` with all its instances in the endpoints."""
    addresses = placed_topology(application)
    files = mesh_files(application, addresses)
    for component in application.components:
        for version in application.versions(component.name):
            files.update(endpoint_files(component, version, addresses.instances(component.name, version), addresses))
    return files


def sockshop(**environment: str) -> EffectiveApplication:
    """Return the Sock Shop."""
    return effective(load(COMPOSE, environment))


def full_application() -> EffectiveApplication:
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


def released_application(weight: float, closed: Version | None = None) -> EffectiveApplication:
    """Return an application with a release of two components in progress, one of them called by the gateway."""
    candidate = Candidate("both", 2, "other", (("VERSION", "2"),))
    split = Split("both", weight, (Audience("cookie", "tester", ("yes",)),), mirror=5, closed=closed)
    return replace(full_application(), name="released", candidates={"api": candidate, "quiet": candidate}, splits=(split,))
