"""Each policy has its effect, and changes without a restart or a failed request."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator

import echo
import pytest
from eventually import eventually


@pytest.fixture(scope="module", autouse=True)
def application() -> Iterator[None]:
    echo.deploy()
    yield
    assert echo.playbook("teardown").returncode == 0


def test_a_timeout_ends_a_request() -> None:
    echo.deploy(API_TIMEOUT="300ms")
    assert echo.statuses("/?sleep=2", caller="other") == {"504"}
    assert echo.statuses(caller="other") == {"200"}


def test_a_rate_limit_answers_429() -> None:
    echo.deploy(API_RATE="2")
    assert eventually(lambda: echo.statuses(amount="20", parallel=4) == {"200", "429"})


def test_a_caller_overrides_a_policy_for_itself() -> None:
    echo.deploy(API_TIMEOUT="5s", WEB_TIMEOUT="300ms")
    assert echo.statuses("/?sleep=1") == {"504"}
    assert echo.statuses("/?sleep=1", caller="other") == {"200"}


def test_a_rate_limit_per_caller_does_not_affect_other_callers() -> None:
    echo.deploy(API_REPLICAS="1", API_RATE="0.1", API_RATE_PER="instance")
    assert eventually(lambda: "429" in echo.statuses(amount="3"))
    assert echo.statuses(caller="other") == {"429"}
    echo.deploy(API_REPLICAS="1", API_RATE="0.1", API_RATE_PER="caller")
    assert eventually(lambda: "429" in echo.statuses(amount="3"))
    assert echo.statuses(caller="other") == {"200"}


def test_faults_are_injected() -> None:
    echo.deploy(API_ABORT="100")
    assert eventually(lambda: echo.statuses(amount="5") == {"418"})
    echo.deploy(API_DELAY="100", API_TIMEOUT="500ms")
    assert eventually(lambda: echo.statuses(caller="other") == {"504"})


def test_a_failed_request_is_retried() -> None:
    echo.deploy(API_REPLICAS="1")
    assert echo.statuses("/?flaky=first") == {"503"}
    echo.deploy(API_REPLICAS="1", API_RETRIES="2")
    assert echo.statuses("/?flaky=second") == {"200"}


def test_a_circuit_breaker_rejects_excess_requests() -> None:
    assert echo.deploy(API_MAX_REQUESTS="1")
    assert eventually(lambda: echo.statuses("/?sleep=1", "6", 6) == {"200", "503"})
    echo.deploy()
    assert eventually(lambda: echo.statuses("/?sleep=0.5", "6", 6) == {"200"})


def test_a_failing_instance_is_ejected_but_never_the_last_one() -> None:
    echo.deploy()
    echo.ask("/?broken=1")
    assert eventually(lambda: echo.statuses(amount="30") == {"200"}), "the broken instance still gets requests"
    subprocess.run(["docker", "restart", "echo-test-api-1", "echo-test-api-2"], check=True, capture_output=True)
    echo.deploy(API_REPLICAS="1")
    assert eventually(lambda: echo.statuses() == {"200"})
    echo.ask("/?broken=1", "20")
    answers = echo.ask(amount="5")
    assert all(answer.startswith("503") and "api-1" in answer for answer in answers), answers
    subprocess.run(["docker", "restart", "echo-test-api-1"], check=True, capture_output=True)


def test_policies_and_replicas_change_under_load_without_a_failed_request_or_a_restart() -> None:
    echo.deploy()
    assert eventually(lambda: echo.statuses(amount="20") == {"200"})
    before = echo.containers()
    answers: list[str] = []
    load = threading.Thread(target=lambda: answers.extend(echo.ask("/", "180s", 4)))
    load.start()
    for variables in (
        {"API_TIMEOUT": "7s"},
        {"API_RATE": "50000"},
        {"API_MAX_REQUESTS": "500", "API_RETRIES": "1"},
        {"API_REPLICAS": "4"},
        {"API_REPLICAS": "2"},
    ):
        assert echo.deploy(**variables), f"{variables} changes nothing"
    after = echo.containers()
    echo.stop_asking()
    load.join()
    assert len(answers) > 500
    assert [answer for answer in answers if not answer.startswith("200")] == []
    assert {answer.partition(" ")[2] for answer in answers} >= {"api-1", "api-2", "api-3"}
    assert after == before
