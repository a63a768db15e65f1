"""The file versions that a proxy has loaded, by its admin interface's statistics of subscriptions."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.files import endpoint_files, mesh_files
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.versions import file_versions, outdated_files
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Version
from world import effective, placed_topology

SERVICES = {"web": {"image": "web:1", "expose": ["80"], "depends_on": ["api"]}, "api": {"image": "api:1", "expose": ["8080"]}}
MODEL = effective(parse({"name": "app", "services": SERVICES}, "compose.yaml", {}, "app"))
TOPOLOGY = placed_topology(MODEL)
API = endpoint_files(MODEL.component("api"), Version.STABLE, TOPOLOGY.instances("api", Version.STABLE), TOPOLOGY)
FILES = {**mesh_files(MODEL, TOPOLOGY), **API}
READ = {
    "components/web/clusters.json": "cluster_manager.cds",
    "components/web/listeners.json": "listener_manager.lds",
    "shared/routes.json": "http.outbound.rds.mesh",
    "shared/endpoints/api.8080.json": "cluster.api_8080",
}


def proxy_statistics(**changes: str) -> dict[str, Any]:
    """Return the statistics of an up-to-date proxy of `web`, with other versions in ``changes``, by parts of paths."""
    versions = {path: json.loads(FILES[path])["version_info"] for path in READ}
    versions.update((path, version) for path in READ for name, version in changes.items() if name in path)
    return {"stats": [{"name": f"{READ[path]}.version_text", "value": version} for path, version in versions.items()]}


def test_an_up_to_date_proxy_is_not_behind() -> None:
    assert outdated_files(proxy_statistics(), file_versions(FILES), "web") == []


def test_each_outdated_file_is_reported() -> None:
    for path, name in zip(READ, ("clusters", "listeners", "routes", "endpoints"), strict=True):
        assert outdated_files(proxy_statistics(**{name: "before"}), file_versions(FILES), "web") == [path]


def test_versions_differ_by_content() -> None:
    versions = {path: json.loads(content)["version_info"] for path, content in FILES.items() if "bootstrap" not in path}
    assert len(set(versions.values())) == len(versions)
