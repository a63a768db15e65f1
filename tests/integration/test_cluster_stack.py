"""The program with a real Kubernetes API server: it accepts every manifest, and the real Pulumi creates and adopts them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_server import CONTROLLERS, SERVER, STORE, ApiServer, api_server, missing
from eventually import eventually
from models import generate_application, shop
from program import register_stack
from real_stack import MISSING, PROTECTED, Stack

COMPOSE = """
name: cluster-test
services:
  store: {{image: none, expose: ["3306"], volumes: ["data:/data"]}}
  web: {{image: none, expose: ["80"], depends_on: [store]}}{more}
volumes: {{data: {{x-mesh: {{size: {size}}}}}, log: }}
"""
MORE = '\n  journal: {image: none, volumes: ["log:/log"]}'
NO_SERVER = missing(STORE, SERVER)
NO_PULUMI = MISSING or missing(STORE, SERVER, CONTROLLERS)
CLASS = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "by-hand"},
    "provisioner": "kubernetes.io/no-provisioner",
    "allowVolumeExpansion": True,
}
# For one claim: a second one stays unbound, as with a class that waits for the first pod.
VOLUME = {
    "apiVersion": "v1",
    "kind": "PersistentVolume",
    "metadata": {"name": "one"},
    "spec": {
        "capacity": {"storage": "5Gi"},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "by-hand",
        "hostPath": {"path": "/nowhere"},
    },
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with api_server(tmp_path_factory.mktemp("server"), controllers=not missing(CONTROLLERS)) as running:
        yield running


def api_path(manifest: dict[str, Any]) -> str:
    """Return the API path of an object's collection."""
    version, metadata = manifest["apiVersion"], manifest["metadata"]
    group = "/api/v1" if version == "v1" else f"/apis/{version}"
    space = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
    kind = manifest["kind"].lower()
    return f"{group}{space}/{kind[:-1] + 'ies' if kind.endswith('y') else kind + ('es' if kind.endswith('s') else 's')}"


@pytest.mark.skipif(bool(NO_SERVER), reason=NO_SERVER)
@pytest.mark.parametrize("application", [shop(), generate_application(20)], ids=lambda application: application.name)
def test_the_server_accepts_every_manifest(server: ApiServer, application: Any) -> None:
    resources = register_stack(application, "kubernetes").resources
    manifests = [body for (kind, _name), body in resources.items() if kind.startswith("kubernetes:")]
    for manifest in manifests:
        dry_run = "" if manifest["kind"] == "Namespace" else "&dryRun=All"
        status, answer = server.request("POST", f"{api_path(manifest)}?fieldValidation=Strict{dry_run}", manifest)
        assert status == 201, answer["message"]
    invalid = {**manifests[-1], "spec": {**manifests[-1]["spec"], "unknown": 1}}
    assert server.request("POST", f"{api_path(invalid)}?fieldValidation=Strict&dryRun=All", invalid)[0] == 400


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "compose.yaml"
    path.write_text(COMPOSE.format(size="1G", more=""))
    return path


@pytest.mark.skipif(bool(NO_PULUMI), reason=NO_PULUMI)
def test_a_stack_is_created_kept_and_adopted(server: ApiServer, file: Path, tmp_path: Path) -> None:
    assert server.request("POST", "/apis/storage.k8s.io/v1/storageclasses", CLASS)[0] == 201
    stack = Stack(tmp_path / "one", file, "kubernetes", KUBECONFIG=str(server.kubeconfig))
    assert server.request("POST", "/api/v1/persistentvolumes", VOLUME)[0] == 201
    stack.configure(storageClass="by-hand")
    stack.up()
    assert stack.preview() == {}, "a second run changes something"
    outputs = json.loads(stack.outputs())
    assert (outputs["namespace"], outputs["network"]) == ("cluster-test", "")
    assert outputs["volumes"] == {"store": ["data"]}
    assert outputs["accounts"] == {"store": "store", "web": "web"}

    file.write_text(COMPOSE.format(size="1G", more=MORE))
    assert stack.preview() == {"create": 2, "update": 1}, "one more claim and account, and the quota"
    stack.up()
    claims = "/api/v1/namespaces/cluster-test/persistentvolumeclaims"
    assert eventually(lambda: "Bound" in [claim["status"]["phase"] for claim in server.request("GET", claims)[1]["items"]])
    file.write_text(COMPOSE.format(size="3G", more=MORE))
    assert stack.preview() == {"update": 2}, "the claim and the quota"
    stack.up()

    before = [claim["metadata"]["uid"] for claim in server.request("GET", claims)[1]["items"]]
    assert PROTECTED in stack.destroy(fails=True)
    adopting = Stack(tmp_path / "other", file, "kubernetes", KUBECONFIG=str(server.kubeconfig))
    adopting.configure(storageClass="by-hand")
    adopting.up()
    assert adopting.preview() == {}, "an adopted resource differs from the program"
    assert [claim["metadata"]["uid"] for claim in server.request("GET", claims)[1]["items"]] == before
    adopting.remove()
    assert server.request("GET", claims)[1]["items"] == []
