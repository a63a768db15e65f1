"""A running component gets more, or less, without a failed request; and is given what it needs where that is asked for."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import echo
import pytest
from crowd import Crowd

PORT = 18100


@pytest.fixture(scope="module", autouse=True)
def application() -> Iterator[None]:
    echo.deploy()
    yield
    assert echo.playbook("teardown").returncode == 0


def scale(*options: str, variables: dict[str, str] | None = None, **extra: Any) -> tuple[int, str]:
    """Run the playbook, and return its exit code and all that it said."""
    done = echo.playbook("scale", *options, *echo.extra(**extra), **(variables or {}))
    return done.returncode, done.stdout + done.stderr


def instances() -> list[tuple[str, int]]:
    """Return the name and the memory limit in MiB of each instance of api."""
    names = sorted(name for name in echo.containers() if name.startswith("echo-test-api-") and name.count("-") == 3)
    command = ["docker", "inspect", "-f", "{{.HostConfig.Memory}}", *names]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    return list(zip(names, [int(each) >> 20 for each in found.stdout.split()], strict=True))


def test_replicas_and_memory_change_under_load_and_stay() -> None:
    with Crowd(PORT, "/chain").asking() as crowd:
        code, said = scale(component="api", replicas=3, memory="96M")
        assert code == 0, said
        assert instances() == [(f"echo-test-api-{number}", 96) for number in (1, 2, 3)]
        assert echo.deploy() == []
        code, said = scale(component="api", replicas=1, memory="64M")
        assert code == 0, said
    assert crowd.failed() == []
    assert instances() == [("echo-test-api-1", 64)]
    code, said = scale(component="api", replicas=1)
    assert "changed=0" in said


def test_an_instance_that_goes_ends_its_requests_first() -> None:
    assert scale(component="web", replicas=2)[0] == 0
    with Crowd(PORT, "/chain?sleep=3", users=60, rate=20).asking() as crowd:
        code, said = scale(component="web", replicas=1)
    assert code == 0, said
    assert crowd.failed() == []


def test_a_file_that_moves_on_holds_again() -> None:
    assert scale(component="api", replicas=1)[0] == 0
    echo.deploy(API_REPLICAS="3")
    assert len(instances()) == 3
    echo.deploy()


def test_latency_out_of_its_band_is_told_and_followed_within_bounds() -> None:
    slow = {"API_DELAY": "100"}
    echo.deploy(**slow)
    assert scale(component="api", replicas=2, variables=slow)[0] == 0
    with Crowd(PORT, "/chain", users=40, rate=30).asking():
        code, said = scale("--check", auto=True, seconds=6, variables=slow)
        assert "api: 3 replicas" in said, said
        assert len(instances()) == 2
        code, said = scale(auto=True, seconds=6, rounds=2, variables=slow)
    assert code == 0, said
    assert len(instances()) == 3
    assert "its bound is 3 replicas" in said
    echo.deploy()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"component": "ap", "replicas": 2}, "component: found 'ap'; allowed: api, other, stranger, web"),
        ({"component": "api", "replicas": 15}, "replicas: found 15; allowed: 0 to 14"),
        ({"component": "api", "memory": "1M"}, "memory: found 1M; allowed:"),
        ({"component": "api", "memory": "much"}, "memory: found 'much'; allowed: a byte value"),
    ],
    ids=str,
)
def test_bad_input_is_named_before_anything_is_touched(asked: dict[str, Any], message: str) -> None:
    before = echo.containers()
    code, said = scale(**asked)
    assert code != 0
    assert message in said
    assert echo.containers() == before
