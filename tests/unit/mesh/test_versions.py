"""What a proxy has taken in, told by what its admin interface says of its subscriptions."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.files import endpoint_files, mesh_files
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.versions import behind, written
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Version
from world import effective, placed

SERVICES = {"web": {"image": "web:1", "expose": ["80"], "depends_on": ["api"]}, "api": {"image": "api:1", "expose": ["8080"]}}
MODEL = effective(parse({"name": "app", "services": SERVICES}, "compose.yaml", {}, "app"))
PLACED = placed(MODEL)
API = endpoint_files(MODEL.component("api"), Version.STABLE, PLACED.instances("api", Version.STABLE), PLACED)
FILES = {**mesh_files(MODEL, PLACED), **API}
READ = {
    "components/web/clusters.json": "cluster_manager.cds",
    "components/web/listeners.json": "listener_manager.lds",
    "shared/routes.json": "http.outbound.rds.mesh",
    "shared/endpoints/api.8080.json": "cluster.api_8080",
}


def answer(**changes: str) -> dict[str, Any]:
    """Return what the proxy of `web` tells that has all, but for the versions in ``changes``, by the ends of paths."""
    versions = {path: json.loads(FILES[path])["version_info"] for path in READ}
    versions.update((path, version) for path in READ for name, version in changes.items() if name in path)
    return {"stats": [{"name": f"{READ[path]}.version_text", "value": version} for path, version in versions.items()]}


def test_an_up_to_date_proxy_is_not_behind() -> None:
    assert behind(answer(), written(FILES), "web") == []


def test_each_outdated_file_is_reported() -> None:
    for path, name in zip(READ, ("clusters", "listeners", "routes", "endpoints"), strict=True):
        assert behind(answer(**{name: "before"}), written(FILES), "web") == [path]


def test_versions_differ_by_content() -> None:
    found = {path: json.loads(content)["version_info"] for path, content in FILES.items() if "bootstrap" not in path}
    assert len(set(found.values())) == len(found)
