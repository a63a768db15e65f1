"""The real Envoy accepts every generated file, in few runs, and its reason for a rejection is extracted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.validation import documents, rejection_reason
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.effective import EffectiveApplication
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Version
from real_envoy import envoy_rejection
from samples import full_application, released_application, render_mesh, sockshop
from world import effective


@pytest.mark.parametrize(
    "application", [sockshop(), full_application(), released_application(10)], ids=lambda application: application.name
)
def test_envoy_accepts_the_files_of_all_components_in_one_document(application: EffectiveApplication) -> None:
    (document,) = documents(render_mesh(application))
    assert envoy_rejection(document) == ""


@pytest.mark.parametrize("application", [full_application(), released_application(10)], ids=lambda application: application.name)
def test_envoy_accepts_the_files_of_each_component_alone(application: EffectiveApplication) -> None:
    files = render_mesh(application)
    for component in application.components:
        for document in documents(files, [path for path in files if path.startswith(f"components/{component.name}/")]):
            assert envoy_rejection(document) == "", component.name


@pytest.mark.parametrize(
    ("weight", "closed"), [(0, None), (0.01, None), (99.99, None), (100, None), (0, Version.CANDIDATE), (100, Version.STABLE)]
)
def test_envoy_accepts_routes_at_every_weight(weight: float, closed: Version | None) -> None:
    (document,) = documents(render_mesh(released_application(weight, closed)), ["shared/routes.json"])
    assert envoy_rejection(document) == ""


def test_routes_have_one_shape_at_every_weight() -> None:
    """So a validation at the start of a release covers all its weights."""

    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shape(item) for key, item in value.items() if key != "version_info"}
        return [shape(item) for item in value] if isinstance(value, list) else type(value)

    shapes = [shape(json.loads(render_mesh(released_application(weight))["shared/routes.json"])) for weight in (0, 0.01, 10, 100)]
    assert all(shape == shapes[0] for shape in shapes)


def test_each_distinct_bootstrap_is_a_document() -> None:
    services = {name: {"image": "i", "x-mesh": {"proxy": {"memory": memory}}} for name, memory in
                (("a", "64M"), ("b", "64M"), ("c", "96M"))}  # fmt: skip
    files = render_mesh(effective(parse({"services": services}, "compose.yaml", {}, "app")))
    first, second = documents(files)
    assert "static_resources" in first and "static_resources" not in second
    assert documents(files, ["shared/routes.json"])[0].keys() == {"static_resources"}
    assert documents(files, []) == []


@pytest.mark.parametrize("path", [
    "components/api/bootstrap.json",
    "components/api/clusters.json",
    "components/api/inbound.8080.json",
    "components/caller/listeners.json",
    "components/edge/listeners.json",
    "shared/endpoints/api.8080.json",
    "shared/routes.json",
])  # fmt: skip
def test_a_fault_in_any_file_is_detected(path: str) -> None:
    files = render_mesh(full_application())
    content = json.loads(files[path])
    (content if path.endswith("bootstrap.json") else content["resources"][0])["unheard_of"] = 1
    files[path] = json.dumps(content)
    assert "unheard_of" in envoy_rejection(documents(files)[0])
    assert "unheard_of" in envoy_rejection(documents(files, [path])[0])
    other_files = [file for file in files if file.split("/")[:2] != path.split("/")[:2]]
    assert all(envoy_rejection(document) == "" for document in documents(files, other_files))


def test_every_file_is_validated() -> None:
    """A new kind of file is validated too: each file with content alone makes a document with content."""
    files = render_mesh(released_application(10))
    for path in files:
        if json.loads(files[path]).get("resources") == []:
            continue
        (document,) = documents(files, [path])
        static = document.pop("static_resources")
        assert document or static["listeners"] or static["clusters"], path


@pytest.mark.parametrize(("damage", "message"), [
    (lambda clusters: [*clusters, clusters[0]], "cluster manager: duplicate cluster"),
    (lambda clusters: [{**clusters[0], "name": ""}, *clusters[1:]], "ClusterValidationError.Name: value length must be"),
])  # fmt: skip
def test_sharing_a_document_hides_no_fault(damage: Callable[[Any], Any], message: str) -> None:
    files = render_mesh(full_application())
    path = "components/edge/clusters.json"
    content = json.loads(files[path])
    files[path] = json.dumps({**content, "resources": damage(content["resources"])})
    assert envoy_rejection(documents(files)[0]).startswith(message)


@pytest.mark.parametrize(("output", "expected"), [
    ("", ""),
    ("configuration '/x.json' OK\n", ""),
    ("[critical] error initializing configuration '/x.json': Duplicate entry of domain a in route mesh\n",
     "Duplicate entry of domain a in route mesh"),
    ("error initializing configuration '/x.json': goo.gle/debugonly   name: \"a\"\n : Proto constraint validation failed "
     "(A.B: embedded message failed validation | caused by C.Interval: value must be greater than 0s)\n",
     "C.Interval: value must be greater than 0s"),
    ("error initializing configuration '/x.json': Unable to parse JSON as proto (INVALID_ARGUMENT: invalid JSON   in "
     "a.Bootstrap @ static_resources.listeners[5].timeout: message google.protobuf.Duration, near 1:3 (offset 2):   duration out "
     "of range): {\"a\"}",
     "timeout: message google.protobuf.Duration: duration out of range"),
    (f"error initializing configuration '/x.json': {'long ' * 200}", f"{'long ' * 60}…"),
])  # fmt: skip
def test_the_reason_is_extracted_from_envoys_output(output: str, expected: str) -> None:
    assert rejection_reason(output) == expected
