"""The effective application: the file with releases, promotions and scalings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.effective import EffectiveApplication
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Version
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import Audience, ComponentVersion, Rollout
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.specification import Specification
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.effective import effective, promotion, replicas_at
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import (
    ApplicationState,
    Phase,
    Release,
    ScaledComponent,
    from_wire,
    to_wire,
)

VERSION = ComponentVersion("web", "web:2", (("COLOUR", "green"),))
RELEASE = Release(Rollout("web", (VERSION,), audiences=(Audience("header", "x-team", ("a",)),), mirror=5), tester="secret")
IMAGES = {"web": "web:1", "api": "api:1"}


def specification(references: Mapping[str, str] | None = None, **web: Any) -> Specification:
    services: dict[str, Any] = {
        "web": {"image": "web:1", "expose": ["8080"], "environment": {"COLOUR": "blue", "SIZE": "1"}, **web},
        "api": {"image": "api:1", "expose": ["8080"], "depends_on": ["web"]},
    }
    return Specification(parse({"name": "app", "services": services}, "compose.yaml", {}, "app"), references or IMAGES, "", "")


def effective_application(
    state: ApplicationState, references: Mapping[str, str] | None = None, **web: Any
) -> EffectiveApplication:
    return effective(specification(references, **web), state)


def test_a_candidate_runs_beside_the_stable_version() -> None:
    release = replace(RELEASE, phase=Phase.SHIFTING, weight=10, scale=50)
    model = effective_application(ApplicationState((release,)), deploy={"replicas": 3})
    web = model.component("web")
    assert model.references == IMAGES
    assert model.versions("web") == (Version.STABLE, Version.CANDIDATE)
    assert [model.replicas("web", version) for version in Version] == [3, 2]
    assert dict(model.as_version(web, Version.STABLE).environment) == {"COLOUR": "blue", "SIZE": "1"}
    assert dict(model.as_version(web, Version.CANDIDATE).environment) == {"COLOUR": "green", "SIZE": "1"}
    assert [model.reference("web", version) for version in Version] == ["web:1", "web:2"]
    (split,) = model.splits
    assert (split.weight, split.mirror, [audience.where for audience in split.audiences]) == (10, 5, ["header", "header"])


@pytest.mark.parametrize("phase", [Phase.DEPLOYING, Phase.CLEARING, Phase.FAILED])
def test_only_a_shifting_release_has_an_audience(phase: Phase) -> None:
    (split,) = effective_application(ApplicationState((replace(RELEASE, phase=phase),))).splits
    assert (split.audiences, split.mirror) == ((), 0)


def test_during_a_promotion_both_versions_are_the_new_one() -> None:
    model = effective_application(ApplicationState((replace(RELEASE, phase=Phase.PROMOTING, weight=100, scale=100),)))
    web = model.component("web")
    assert model.references["web"] == "web:2"
    assert model.as_version(web, Version.STABLE).environment == model.as_version(web, Version.CANDIDATE).environment


def test_a_promotion_holds_until_the_file_changes() -> None:
    web = specification().application.component("web")
    state = ApplicationState(promoted=(promotion(web, "web:1", ApplicationState(), VERSION),))
    model = effective_application(state)
    assert (model.references["web"], dict(model.component("web").environment)["COLOUR"]) == ("web:2", "green")
    model = effective_application(state, {**IMAGES, "web": "web:3"})
    assert (model.references["web"], dict(model.component("web").environment)["COLOUR"]) == ("web:3", "blue")
    model = effective_application(state, environment={"COLOUR": "red"})
    assert (model.references["web"], dict(model.component("web").environment)["COLOUR"]) == ("web:1", "red")


def test_a_second_promotion_keeps_what_the_first_changed() -> None:
    web = specification().application.component("web")
    first = ApplicationState(promoted=(promotion(web, "web:1", ApplicationState(), VERSION),))
    second = promotion(web, "web:1", first, ComponentVersion("web", "", (("SIZE", "2"),)))
    assert (second.image, dict(second.environment)) == ("web:2", {"COLOUR": "green", "SIZE": "2"})


def test_a_scaling_holds_until_the_file_changes() -> None:
    state = ApplicationState(scaled=(ScaledComponent("web", 3, 64 << 20, 1, None),))
    web = effective_application(state).component("web")
    assert (web.replicas, web.memory) == (3, 64 << 20)
    web = effective_application(state, mem_limit="32M").component("web")
    assert (web.replicas, web.memory) == (3, 32 << 20)


def test_replicas_follow_the_weight() -> None:
    assert [replicas_at(weight, 4) for weight in (0, 1, 25, 26, 100)] == [1, 1, 1, 2, 4]


def test_a_release_survives_serialization() -> None:
    state = ApplicationState((RELEASE, replace(RELEASE, closed=Version.STABLE)))
    assert from_wire(json.loads(json.dumps(to_wire(state))), "here") == state
