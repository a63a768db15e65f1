"""A running component is scaled without a failed request, by hand or by the advice."""

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
    """Run the playbook, and return its exit code and output."""
    result = echo.playbook("scale", *options, *echo.extra(**extra), **(variables or {}))
    return result.returncode, result.stdout + result.stderr


def instances() -> list[tuple[str, int]]:
    """Return the name and the memory limit in MiB of each instance of api."""
    names = sorted(name for name in echo.containers() if name.startswith("echo-test-api-") and name.count("-") == 3)
    command = ["docker", "inspect", "-f", "{{.HostConfig.Memory}}", *names]
    limits = subprocess.run(command, capture_output=True, text=True, check=True)
    return list(zip(names, [int(limit) >> 20 for limit in limits.stdout.split()], strict=True))


def test_replicas_and_memory_change_under_load_and_stay() -> None:
    with Crowd(PORT, "/chain").asking() as crowd:
        code, output = scale(component="api", replicas=3, memory="96M")
        assert code == 0, output
        assert instances() == [(f"echo-test-api-{number}", 96) for number in (1, 2, 3)]
        assert echo.deploy() == []
        code, output = scale(component="api", replicas=1, memory="64M")
        assert code == 0, output
    assert crowd.failed() == []
    assert instances() == [("echo-test-api-1", 64)]
    code, output = scale(component="api", replicas=1)
    assert "changed=0" in output


def test_an_instance_finishes_its_requests_before_removal() -> None:
    assert scale(component="web", replicas=2)[0] == 0
    with Crowd(PORT, "/chain?sleep=3", users=60, rate=20).asking() as crowd:
        code, output = scale(component="web", replicas=1)
    assert code == 0, output
    assert crowd.failed() == []


def test_a_changed_file_overrides_scaling() -> None:
    assert scale(component="api", replicas=1)[0] == 0
    echo.deploy(API_REPLICAS="3")
    assert len(instances()) == 3
    echo.deploy()


def test_latency_outside_its_band_is_reported_and_followed_within_bounds() -> None:
    slow = {"API_DELAY": "100"}
    echo.deploy(**slow)
    assert scale(component="api", replicas=2, variables=slow)[0] == 0
    with Crowd(PORT, "/chain", users=40, rate=30).asking():
        code, output = scale("--check", auto=True, seconds=6, variables=slow)
        assert "api: 3 replicas" in output, output
        assert len(instances()) == 2
        code, output = scale(auto=True, seconds=6, rounds=2, variables=slow)
    assert code == 0, output
    assert len(instances()) == 3
    assert "its bound is 3 replicas" in output
    echo.deploy()


def test_bad_input_is_refused_before_any_change() -> None:
    before = echo.containers()
    code, output = scale(component="api", memory="much")
    assert code != 0
    assert "memory: found 'much'; allowed: a byte value" in output
    assert echo.containers() == before
