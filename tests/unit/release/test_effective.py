"""The application as its releases, promotions and scalings make it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Application
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import Audience, Rollout
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.effective import promotion, replicas_at
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import (
    CLEARING,
    DEPLOYING,
    FAILED,
    PROMOTING,
    SHIFTING,
    Ledger,
    Release,
    Scaled,
    release_from_wire,
    release_to_wire,
)

VERSION = Version("web", "web:2", (("COLOUR", "green"),))
RELEASE = Release(Rollout("web", (VERSION,), audiences=(Audience("header", "x-team", ("a",)),), mirror=5), tester="secret")
IMAGES = {"web": "web:1", "api": "api:1"}


def application(**web: Any) -> Application:
    services: dict[str, Any] = {
        "web": {"image": "web:1", "expose": ["8080"], "environment": {"COLOUR": "blue", "SIZE": "1"}, **web},
        "api": {"image": "api:1", "expose": ["8080"], "depends_on": ["web"]},
    }
    return parse({"name": "app", "services": services}, "compose.yaml", {}, "app")


def test_a_candidate_stands_beside_its_component() -> None:
    release = replace(RELEASE, phase=SHIFTING, weight=10, scale=50)
    model, images = overlaid(application(deploy={"replicas": 3}), IMAGES, Ledger((release,)))
    web = model.component("web")
    assert (images, web.numbers) == (IMAGES, (1, 2, 3, 17, 18))
    assert dict(web.version(1).environment) == {"COLOUR": "blue", "SIZE": "1"}
    assert dict(web.version(17).environment) == {"COLOUR": "green", "SIZE": "1"}
    assert web.candidate is not None
    assert web.candidate.image == "web:2"
    (split,) = model.splits
    assert (split.weight, split.mirror, [each.where for each in split.audiences]) == (10, 5, ["header", "header"])


@pytest.mark.parametrize("phase", [DEPLOYING, CLEARING, FAILED])
def test_only_a_release_that_shifts_has_an_audience(phase: str) -> None:
    (split,) = overlaid(application(), IMAGES, Ledger((replace(RELEASE, phase=phase),)))[0].splits
    assert (split.audiences, split.mirror) == ((), 0)


def test_while_it_is_promoted_both_versions_are_the_new_one() -> None:
    model, images = overlaid(application(), IMAGES, Ledger((replace(RELEASE, phase=PROMOTING, weight=100, scale=100),)))
    web = model.component("web")
    assert images["web"] == "web:2"
    assert web.version(1).environment == web.version(17).environment


def test_what_was_promoted_holds_until_the_file_moves_on() -> None:
    ledger = Ledger(promoted=(promotion(application().component("web"), "web:1", Ledger(), VERSION),))
    model, images = overlaid(application(), IMAGES, ledger)
    assert (images["web"], dict(model.component("web").environment)["COLOUR"]) == ("web:2", "green")
    model, images = overlaid(application(), {**IMAGES, "web": "web:3"}, ledger)
    assert (images["web"], dict(model.component("web").environment)["COLOUR"]) == ("web:3", "blue")
    model, images = overlaid(application(environment={"COLOUR": "red"}), IMAGES, ledger)
    assert (images["web"], dict(model.component("web").environment)["COLOUR"]) == ("web:1", "red")


def test_a_second_promotion_keeps_what_the_first_changed() -> None:
    web = application().component("web")
    first = Ledger(promoted=(promotion(web, "web:1", Ledger(), VERSION),))
    second = promotion(web, "web:1", first, Version("web", "", (("SIZE", "2"),)))
    assert (second.image, dict(second.environment)) == ("web:2", {"COLOUR": "green", "SIZE": "2"})


def test_what_was_scaled_holds_until_the_file_moves_on() -> None:
    ledger = Ledger(scaled=(Scaled("web", 3, 64 << 20, 1, None),))
    web = overlaid(application(), IMAGES, ledger)[0].component("web")
    assert (web.replicas, web.memory) == (3, 64 << 20)
    web = overlaid(application(mem_limit="32M"), IMAGES, ledger)[0].component("web")
    assert (web.replicas, web.memory) == (3, 32 << 20)


def test_replicas_follow_the_weight() -> None:
    assert [replicas_at(weight, 4) for weight in (0, 1, 25, 26, 100)] == [1, 1, 1, 2, 4]


def test_a_release_survives_its_record() -> None:
    assert release_from_wire(release_to_wire(RELEASE)) == RELEASE
