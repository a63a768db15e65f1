"""Drift is shown and repaired; an edit changes nothing else; a failed or killed run can be repeated."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import echo
import pytest
from eventually import eventually

MEMORY = "{{.HostConfig.Memory}}"


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module", autouse=True)
def application() -> Iterator[None]:
    echo.deploy()
    yield
    assert echo.playbook("teardown").returncode == 0
    assert docker("ps", "-aq", "--filter", "label=io.evenkeel.application=echo-test") == ""
    assert docker("network", "ls", "-q", "--filter", "label=io.evenkeel.application=echo-test") == ""


def test_a_second_run_changes_nothing() -> None:
    assert echo.deploy() == []


def test_drift_is_shown_and_repaired() -> None:
    docker("rm", "--force", "echo-test-api-2-proxy")
    docker("update", "--memory", "100m", "--memory-swap", "200m", "echo-test-api-1")
    docker("network", "create", "echo-stray")
    try:
        docker("network", "connect", "echo-stray", "echo-test-web-1-sandbox")
        preview = echo.playbook("site", "--check", "--diff").stdout
        operations = echo.deploy()
    finally:
        docker("network", "rm", "echo-stray")
    assert {
        "create echo-test-api-2-proxy (missing)",
        "update echo-test-api-1 (memory 100M → 64M)",
        "detach echo-test-web-1-sandbox (it is on the network echo-stray too)",
    } <= set(operations)
    assert all(f"+{line}" in preview for line in operations)
    assert docker("inspect", "-f", MEMORY, "echo-test-api-1") == str(64 << 20)
    assert echo.deploy() == []


def test_memory_changes_in_place_and_nothing_else_does() -> None:
    before = echo.containers()
    assert len(echo.deploy(API_MEMORY="80M")) == 4, "an update and a wait for each instance"
    assert docker("inspect", "-f", MEMORY, "echo-test-api-2") == str(80 << 20)
    assert echo.containers() == before
    echo.deploy()


def test_a_failed_component_is_named_with_its_log() -> None:
    failed = echo.playbook("site", API_ARGUMENT="the disk is on fire")
    assert failed.returncode != 0
    assert "echo-test-api-1: it has exited" in failed.stdout + failed.stderr
    assert "cannot start: the disk is on fire" in failed.stdout + failed.stderr
    echo.deploy()
    assert echo.statuses() == {"200"}


def test_bad_input_is_refused_before_any_change() -> None:
    before = echo.containers()
    failed = echo.playbook("site", API_TIMEOUT="soon")
    assert failed.returncode != 0
    output = " ".join((failed.stdout + failed.stderr).split())
    assert "services.api.x-mesh.policy.timeout: found 'soon'; allowed: a duration such as" in output
    assert echo.containers() == before


def test_a_changed_kind_is_refused() -> None:
    failed = echo.playbook("site", API_KIND="stateful")
    assert failed.returncode != 0
    assert "services.api.x-mesh.kind: found 'stateful'; allowed: 'stateless', as deployed" in failed.stdout + failed.stderr


def test_a_killed_run_can_be_repeated() -> None:
    docker("rm", "--force", *docker("ps", "-aq", "--filter", "label=io.evenkeel.component=api").split())
    echo.kill_playbook("site", "TASK [evenkeel.mesh.components : Deploy the components]")
    # The killed run's process on the target may still be ending.
    assert eventually(lambda: echo.playbook("site").returncode == 0)
    assert echo.deploy() == []
    assert echo.statuses(amount="10") == {"200"}
