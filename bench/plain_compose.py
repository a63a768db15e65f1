"""The application as Docker Compose runs it without the mesh: the same images, no proxies, for comparison."""

from __future__ import annotations

import json
import secrets
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "collections"))

from ansible_collections.evenkeel.mesh.plugins.module_utils.images.required import platform_image
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Component
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.specification import Specification
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.project import read_project

NAME = "bench-compose"
APPLICATION = "applications/sockshop/compose.yaml"


def compose_program() -> str:
    """Return the path of Docker Compose itself: the package's wrapper hides failures."""
    package = find_spec("compose")
    if package is None or package.origin is None:
        raise SystemExit("found no Docker Compose; allowed: pip install --requirement requirements-dev.txt")
    return str(Path(package.origin).with_name("docker-compose"))


def write_plain(folder: Path) -> Path:
    """Write the Compose file and the files that it mounts to ``folder``, and return its path."""
    specification = read_project(APPLICATION, "built", {}).specification
    application = specification.application
    for secret in application.secrets:
        (folder / secret.name).write_text(secrets.token_urlsafe(32))
        (folder / secret.name).chmod(0o644)
    edge = folder / "edge.json"
    edge.write_text(json.dumps(_edge()))
    content: dict[str, Any] = {
        "name": NAME,
        "services": {
            component.name: _service(component, specification) for component in application.components if component.replicas
        },
        "volumes": {volume.name: {} for volume in application.volumes},
        "secrets": {secret.name: {"file": str(folder / secret.name)} for secret in application.secrets},
    }
    folder.chmod(0o755)
    path = folder / "compose.json"
    path.write_text(json.dumps(content, indent=1))
    return path


def _service(component: Component, specification: Specification) -> dict[str, Any]:
    references = specification.references
    service: dict[str, Any] = {
        "image": references[platform_image("envoy")] if component.gateway else references[component.name],
        "mem_limit": component.memory,
        "environment": dict(component.environment),
        "depends_on": {dependency.name: {"condition": dependency.condition} for dependency in component.dependencies},
        "secrets": [secret.source for secret in component.secrets],
        "read_only": component.read_only,
        "volumes": [f"{mount.source}:{mount.target}" for mount in component.mounts if mount.kind == "volume"],
        "tmpfs": [mount.target for mount in component.mounts if mount.kind == "tmpfs"],
    }
    if component.name == specification.application.tracing:
        # Zipkin on MySQL is never healthy without the schema that Evenkeel loads.
        service["environment"]["STORAGE_TYPE"] = "mem"
    if component.healthcheck:
        service["healthcheck"] = {"test": list(component.healthcheck.test), "interval": "1s", "retries": 120}
    if component.gateway:
        service["command"] = ["--config-path", "/edge.json"]
        service["volumes"] = ["./edge.json:/edge.json:ro"]
        service["ports"] = ["18080:80"]
    return service


def _edge() -> dict[str, Any]:
    """Return the configuration of a proxy that forwards everything to the front-end."""
    kinds = "type.googleapis.com/envoy.extensions.filters"
    router = {"name": "router", "typed_config": {"@type": f"{kinds}.http.router.v3.Router"}}
    routes = [{"match": {"prefix": "/"}, "route": {"cluster": "front-end"}}]
    manager = {
        "@type": f"{kinds}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "edge",
        "http_filters": [router],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
    }
    address = {"socket_address": {"address": "0.0.0.0", "port_value": 80}}
    upstream = {"socket_address": {"address": "front-end", "port_value": 8079}}
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": upstream}}]}]
    cluster = {
        "name": "front-end",
        "type": "STRICT_DNS",
        "load_assignment": {"cluster_name": "front-end", "endpoints": endpoints},
    }
    chains = [{"filters": [{"name": "http", "typed_config": manager}]}]
    listener = {"name": "edge", "address": address, "filter_chains": chains}
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}
