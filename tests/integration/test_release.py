"""Releases on a real engine, under load: good candidates are promoted, bad ones taken back, and no user is lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import echo
import pytest
from crowd import Crowd
from eventually import eventually

PORT = 18100


@pytest.fixture(scope="module", autouse=True)
def application() -> Iterator[None]:
    echo.deploy(API_REPLICAS="2", WEB_REPLICAS="2")
    yield
    assert echo.playbook("teardown").returncode == 0


def release(**extra: Any) -> tuple[int, str]:
    """Run the canary playbook, and return its exit code and all that it said."""
    done = echo.playbook("canary", extra=extra, API_REPLICAS="2", WEB_REPLICAS="2")
    return done.returncode, done.stdout + done.stderr


def versions(amount: int = 20, **headers: str) -> set[str]:
    """Return the versions that new users get."""
    crowd = Crowd(PORT, "/chain", users=amount, rate=200, headers=headers)
    with crowd.asking():
        eventually(lambda: len({each.user for each in crowd.answers}) == amount)
    assert crowd.failed() == []
    return {each.text for each in crowd.answers}


def test_a_good_candidate_is_promoted_and_no_request_fails() -> None:
    others = {name: key for name, key in echo.containers().items() if "-api-" not in name}
    with Crowd(PORT, "/chain").asking() as crowd:
        code, said = release(weights=[20, 50, 100])
    assert code == 0, said
    assert crowd.failed() == []
    assert all(moves in (["1 1"], ["1 2"], ["1 1", "1 2"]) for moves in crowd.moves()), crowd.moves()
    assert versions() == {"1 2"}
    assert {name: key for name, key in echo.containers().items() if "-api-" not in name} == others
    assert "100 %" in said and "promoted" in said


def test_what_was_promoted_stays() -> None:
    assert echo.deploy(API_REPLICAS="2", WEB_REPLICAS="2") == []
    assert versions() == {"1 2"}


def test_two_components_change_as_one() -> None:
    both = {"name": "both", "components": {name: {"environment": {"VERSION": "3"}} for name in ("web", "api")}}
    file = echo.FILE.parent / "both.yml"
    with Crowd(PORT, "/chain").asking() as crowd:
        code, said = release(release=str(file), weights=[20, 60, 100])
    assert code == 0, said
    assert crowd.failed() == []
    assert {each.text for each in crowd.answers} == {"1 2", "3 3"}, both
    assert all(moves in (["1 2"], ["3 3"], ["1 2", "3 3"]) for moves in crowd.moves())


BAD = {
    "errors": {"FAIL_PERCENT": "5"},
    "slow": {"SLOW_PERCENT": "20"},
    "dies": {"DIE_AFTER": "4"},
    "never healthy": {"NEVER_HEALTHY": "1"},
}


@pytest.mark.parametrize("fault", BAD.values(), ids=BAD)
def test_a_bad_candidate_is_taken_back(fault: dict[str, str]) -> None:
    before = versions()
    with Crowd(PORT, "/chain").asking() as crowd:
        code, said = release(component="api", env={"VERSION": "bad", **fault}, weights=[20, 100])
        eventually(lambda: False, 1)
        ended = max(each.at for each in crowd.answers)
    assert code != 0
    assert "rolled back" in said
    assert versions() == before
    assert len(crowd.failed()) < 0.02 * len(crowd.answers), f"{len(crowd.failed())} of {len(crowd.answers)} until {ended:.0f} s"
    assert not [name for name in echo.containers() if "candidate" in name]
