"""Releases on a real engine, under load: good candidates are promoted, bad ones rolled back, and no request is lost."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import echo
import pytest
from crowd import Crowd
from eventually import eventually

PORT = 18100
IMAGE = "echo-test/api:next"
FILES = echo.FILE.parent / "releases"


@pytest.fixture(scope="module", autouse=True)
def application() -> Iterator[None]:
    echo.deploy(API_REPLICAS="2", WEB_REPLICAS="2")
    yield
    assert echo.playbook("teardown").returncode == 0


def release(**extra: Any) -> tuple[int, str]:
    """Run the canary playbook, and return its exit code and output."""
    result = echo.playbook("canary", *echo.extra(**extra), API_REPLICAS="2", WEB_REPLICAS="2")
    return result.returncode, result.stdout + result.stderr


def versions(headers: dict[str, str] | None = None, amount: int = 20) -> set[str]:
    """Return the versions that new users get."""
    crowd = Crowd(PORT, "/chain", users=amount, rate=200, headers=headers or {})
    with crowd.asking():
        eventually(lambda: len({answer.user for answer in crowd.answers}) == amount)
    assert crowd.failed() == []
    return {answer.text for answer in crowd.answers}


def test_a_good_candidate_is_promoted_and_no_request_fails() -> None:
    other_containers = {name: key for name, key in echo.containers().items() if "-api-" not in name}
    with Crowd(PORT, "/chain").asking() as crowd:
        code, output = release(weights=[20, 50, 100])
    assert code == 0, output
    assert crowd.failed() == []
    assert all(moves in (["1 1"], ["1 2"], ["1 1", "1 2"]) for moves in crowd.moves()), crowd.moves()
    assert versions() == {"1 2"}
    assert {name: key for name, key in echo.containers().items() if "-api-" not in name} == other_containers
    assert "100 %" in output and "promoted" in output


def test_a_promoted_version_stays() -> None:
    assert echo.deploy(API_REPLICAS="2", WEB_REPLICAS="2") == []
    assert versions() == {"1 2"}


def test_an_image_is_released_and_stays() -> None:
    inspect_image = ["docker", "inspect", "-f", "{{.Config.Image}}", "echo-test-api-1"]
    image = subprocess.run(inspect_image, capture_output=True, text=True, check=True).stdout.strip()
    subprocess.run(["docker", "tag", image, IMAGE], check=True)
    try:
        with Crowd(PORT, "/chain").asking() as crowd:
            code, output = release(component="api", image=IMAGE, weights=[50, 100])
        assert code == 0, output
        assert crowd.failed() == []
        assert subprocess.run(inspect_image, capture_output=True, text=True, check=True).stdout.strip() == IMAGE
        assert echo.deploy(API_REPLICAS="2", WEB_REPLICAS="2") == []
        assert release(component="api", image=image, weights=[100])[0] == 0
    finally:
        subprocess.run(["docker", "rmi", IMAGE], check=True, capture_output=True)


def test_two_components_change_as_one() -> None:
    (before,) = versions()
    with Crowd(PORT, "/chain", users=60, rate=200).asking() as crowd:
        code, output = release(release=str(FILES / "both.yml"), weights=[20, 60, 100])
    assert code == 0, output
    assert crowd.failed() == []
    assert {answer.text for answer in crowd.answers} == {before, "3 3"}
    assert all(moves in ([before], ["3 3"], [before, "3 3"]) for moves in crowd.moves())


BAD = {
    "errors": {"FAIL_PERCENT": "5"},
    "slow": {"SLOW_PERCENT": "20"},
    "dies": {"DIE_AFTER": "4"},
    "never healthy": {"NEVER_HEALTHY": "1"},
}


@pytest.mark.parametrize("fault", BAD.values(), ids=BAD)
def test_a_bad_candidate_is_rolled_back(fault: dict[str, str]) -> None:
    before = versions()
    with Crowd(PORT, "/chain").asking() as crowd:
        code, output = release(component="api", env={"VERSION": "bad", **fault}, weights=[20, 100], canary_timeout=10)
        eventually(lambda: False, 1)
        ended = max(answer.sent for answer in crowd.answers)
    assert code != 0
    assert "rolled back" in output
    assert versions() == before
    assert len(crowd.failed()) < 0.02 * len(crowd.answers), f"{len(crowd.failed())} of {len(crowd.answers)} until {ended:.0f} s"
    assert not [name for name in echo.containers() if "candidate" in name]


def test_a_check_detects_a_wrong_answer() -> None:
    before = versions()
    code, output = release(release=str(FILES / "checked.yml"))
    assert code != 0
    assert "check answers" in output
    assert versions() == before


def test_an_audience_gets_the_candidate_at_any_weight() -> None:
    (before,) = versions()
    candidate = f"{before.split()[0]} audience"
    code, output = release(release=str(FILES / "audience.yml"), weight=0)
    assert code == 0, output
    assert versions({"x-group": "testers"}) == {candidate}
    assert versions({"Cookie": "other=1; beta.user=grace"}) == {candidate}
    assert versions({"Cookie": "betaXuser=grace", "baggage": "evenkeel.audience=candidate"}) == {before}
    code, output = release(release=str(FILES / "audience.yml"), action="abort")
    assert code == 0, output
    assert versions({"x-group": "testers"}) == {before}


def test_a_mirrored_candidate_is_judged_before_it_has_any_user() -> None:
    with Crowd(PORT, "/chain").asking() as crowd:
        code, output = release(component="api", env={"VERSION": "4"}, weights=[0, 100], mirror=50)
    assert code == 0, output
    assert crowd.failed() == []
    assert {answer.text for answer in crowd.answers} == {"3 3", "3 4"}
    with Crowd(PORT, "/chain").asking() as crowd:
        code, output = release(component="api", env={"VERSION": "bad", "FAIL_PERCENT": "10"}, weights=[0, 100], mirror=50)
    assert code != 0
    assert crowd.failed() == [], "the answer of a mirrored request reached a user"
    assert {answer.text for answer in crowd.answers} == {"3 4"}


def test_requests_without_a_decision_are_split_by_weight() -> None:
    (before,) = versions()
    with Crowd(PORT, "/chain").asking():
        assert release(component="api", env={"VERSION": "split"}, weight=40)[0] == 0
    answers = [line.partition(" ")[2] for line in echo.ask("/chain", "400", 4, caller="other")]
    assert set(answers) == {before.split()[1], "split"}
    assert 0.25 < answers.count("split") / len(answers) < 0.55
    assert release(component="api", env={"VERSION": "split"}, action="abort")[0] == 0
    assert versions() == {before}


def test_a_run_obeys_the_demands_of_other_runs() -> None:
    (before,) = versions()
    options, results = {"component": "api", "env": {"VERSION": "demand"}, "weights": [20, 100]}, []
    with Crowd(PORT, "/chain").asking() as crowd:
        run = threading.Thread(target=lambda: results.append(release(**options)))
        run.start()
        assert eventually(lambda: any("demand" in answer.text for answer in crowd.answers))
        assert "requested of the run" in release(action="pause")[1]
        run.join(25)
        assert run.is_alive(), "the run ended although a pause was demanded"
        assert "shifting at 20 %" in release(action="status")[1]
        assert release(action="abort")[0] == 0
        run.join()
    assert results[0][0] != 0
    assert "an abort was requested" in results[0][1]
    assert crowd.failed() == []
    assert versions() == {before}


def test_a_release_without_a_run_is_promoted_on_request() -> None:
    (before,) = versions()
    with Crowd(PORT, "/chain").asking() as crowd:
        assert release(component="api", env={"VERSION": "promote"}, weights=[50, 100], weight=50)[0] == 0
        code, output = release(action="promote", release="echo")
    assert code == 0, output
    assert "echo: promoted" in output
    assert crowd.failed() == []
    after = f"{before.split()[0]} promote"
    assert all(moves in ([before], [after], [before, after]) for moves in crowd.moves())
    assert versions() == {after}


def test_an_interrupted_run_rolls_back_on_request() -> None:
    (before,) = versions()
    options = echo.extra(component="api", env={"VERSION": "gone"}, weights=[20, 100], back_on_interrupt=True)
    with Crowd(PORT, "/chain").asking() as crowd:
        variables = {"API_REPLICAS": "2", "WEB_REPLICAS": "2"}
        echo.kill_playbook("canary", "20 % of the users have", *options, by=signal.SIGINT, **variables)
        assert eventually(lambda: not [name for name in echo.containers() if "candidate" in name], 40)
    assert crowd.failed() == []
    assert versions() == {before}


def test_an_image_that_the_engine_lacks_is_refused_before_any_change() -> None:
    before = echo.containers()
    code, output = release(component="api", image="evenkeel/nothing:none")
    assert code != 0
    assert "found 'evenkeel/nothing:none', which the engine does not have" in output.replace("\\'", "'")
    assert echo.containers() == before


def test_a_killed_run_can_be_resumed() -> None:
    (before,) = versions()
    options = {"component": "api", "env": {"VERSION": "6"}, "weights": [20, 50, 100]}
    with Crowd(PORT, "/chain").asking() as crowd:
        echo.kill_playbook("canary", "50 % of the users have", *echo.extra(**options), API_REPLICAS="2", WEB_REPLICAS="2")
        code, output = release(**options)
    assert code == 0, output
    assert crowd.failed() == []
    after = f"{before.split()[0]} 6"
    assert all(moves in ([before], [after], [before, after]) for moves in crowd.moves())
    assert versions() == {after}


def test_check_mode_shows_the_steps_and_changes_nothing() -> None:
    before = echo.containers()
    options = echo.extra(component="api", env={"VERSION": "5"}, weights=[10, 100])
    result = echo.playbook("canary", "--check", *options)
    assert result.returncode == 0, result.stdout
    assert "create echo-test-api-candidate-1 (missing)" in result.stdout
    assert "10 % of the users, then the gate" in result.stdout
    assert echo.containers() == before


def test_requests_in_flight_are_not_lost_however_late_they_call() -> None:
    """A slow request calls its version long after the decision: it may be removed by then, or just being replaced."""
    (before,) = versions()
    late = {"VERSION": "late", "START_SECONDS": "3"}
    with Crowd(PORT, "/chain", rate=150).asking() as fast, Crowd(PORT, "/chain?sleep=4", users=60, rate=15).asking() as slow:
        for action in ({"weights": [50]}, {"action": "abort", "release": "api"}, {"weights": [50, 100]}):
            code, output = release(component="api", env=late, **action)
            assert code == 0, output
    assert fast.failed() == []
    assert slow.failed() == []
    assert {answer.text for answer in slow.answers} == {before, f"{before.split()[0]} late"}
