"""The images to build and to pull, by the source of images."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.images.required import images_in_use, platform_image
from ansible_collections.evenkeel.mesh.plugins.module_utils.images.source import SourceError
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.effective import EffectiveApplication, without_state
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.project import Project, read_project

COMPOSE = str(Path(__file__).parents[3] / "applications" / "sockshop" / "compose.yaml")


def effective(project: Project) -> EffectiveApplication:
    return without_state(project.specification.application, project.specification.references)


def test_all_images_are_built_here_by_default() -> None:
    needed = read_project(COMPOSE, "built", {}).needed
    assert {reference.partition("/")[0] for reference in needed.references.values()} == {"evenkeel"}
    assert set(needed.references.values()) <= {image.reference for image in needed.built.values()}


def test_published_images_are_pulled_and_our_filter_is_added_to_the_proxys_image() -> None:
    needed = read_project(COMPOSE, "upstream", {}).needed
    assert needed.references["orders"] == "weaveworksdemos/orders:0.4.7"
    proxy = needed.built["envoy"]
    assert needed.references[platform_image("envoy")] == proxy.reference
    assert proxy.source.args == (("PUBLISHED", "envoyproxy/envoy:v1.40.0"),)
    assert proxy.parents == ("decoder",)
    assert set(needed.built) == {"base", "decoder", "envoy", "sandbox", "supervisor", "sockshop-load"}


def test_a_component_without_instances_needs_its_image_only_when_requested() -> None:
    application = effective(read_project(COMPOSE, "built", {"SHOPPERS": 0}))
    references = application.references
    assert references["shopper"].startswith("evenkeel/sockshop-load:")
    needed = images_in_use(application)
    assert set(references) - set(needed) == {"shopper"}
    assert images_in_use(application, ["shopper"]) == references
    one = effective(read_project(COMPOSE, "built", {"SHOPPERS": 1}))
    assert images_in_use(one) == references


def test_only_components_can_be_requested() -> None:
    application = effective(read_project(COMPOSE, "built", {}))
    for name in ("nobody", "edge-router"):
        with pytest.raises(SourceError, match=f"also: found {name}; allowed: .*shopper"):
            images_in_use(application, [name])
