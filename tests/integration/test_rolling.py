"""No change of a stateless component by site.yml fails a request: with one instance and with three."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import echo
import pytest
import yaml
from crowd import Crowd

PORT = 18131
SERVER = {"build": str(echo.FILE.parent / "server"), "expose": ["8080"]}


def application(replicas: int, **api: Any) -> dict[str, Any]:
    """Return a file of an edge, a caller and `api`, with changed keys of the last one."""
    services: dict[str, Any] = {
        "edge": {
            "image": "envoyproxy/envoy:v1.40.0",
            "ports": [f"{PORT}:80"],
            "depends_on": ["web"],
            "x-mesh": {"gateway": True},
        },
        "web": {**SERVER, "depends_on": ["api"], "deploy": {"replicas": replicas}},
        "api": {**SERVER, "deploy": {"replicas": replicas}, **api},
        "extra": SERVER,
    }
    return {"name": "rolling-test", "services": services}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the collection, whose sources a test changes to simulate another version."""
    root = tmp_path_factory.mktemp("checkout")
    for folder in ("plugins", "roles", "playbooks", "inventories", "meta", "collections"):
        shutil.copytree(echo.ROOT / folder, root / folder, symlinks=True)
    shutil.copy(echo.ROOT / "ansible.cfg", root)
    return root


def playbook(name: str, root: Path, file: Path) -> None:
    """Run a playbook of the checkout at ``root``."""
    command = [echo.PLAYBOOK, f"playbooks/{name}.yml", *echo.extra(application=str(file), delete_data=True)]
    result = subprocess.run(command, cwd=root, env=echo.environment(), capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="module", params=[1, 3])
def deployed(
    request: pytest.FixtureRequest, checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, Path]]:
    """Deploy the application; yield its replicas and file."""
    file = tmp_path_factory.mktemp("rolling") / "compose.yaml"
    write(file, request.param)
    playbook("site", checkout, file)
    yield request.param, file
    playbook("teardown", checkout, file)


def write(file: Path, replicas: int, **api: Any) -> None:
    file.write_text(yaml.safe_dump(application(replicas, **api)))


def running() -> dict[str, str]:
    """Return the id of each container by name."""
    lines = subprocess.run(
        [
            "docker",
            "ps",
            "--no-trunc",
            "--filter",
            "label=io.evenkeel.application=rolling-test",
            "--format",
            "{{.Names}} {{.ID}}",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return dict(line.split() for line in lines.splitlines())


def workloads() -> set[str]:
    """Return the ids of `api`'s workloads."""
    return {key for name, key in running().items() if re.fullmatch(r"rolling-test-api-\d+", name)}


def by_role(containers: dict[str, str], role: str) -> set[str]:
    """Return the ids of the containers with ``role``, of all instances except the edge's."""
    return {key for name, key in containers.items() if name.endswith(f"-{role}") and "-edge-" not in name}


CHANGES: dict[str, dict[str, Any]] = {
    "environment": {"environment": {"COLOUR": "green"}},
    "memory": {"mem_limit": "96M", "environment": {"COLOUR": "green"}},
    "image": {"command": ["python3", "-u", "/server.py", ""]},
    "dependency": {"depends_on": ["extra"]},
    "port": {"depends_on": ["extra"], "expose": ["8080", "8081"]},
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_a_component_fails_no_request(deployed: tuple[int, Path], checkout: Path, change: str) -> None:
    replicas, file = deployed
    before = workloads()
    write(file, replicas, **CHANGES[change])
    with Crowd(PORT, "/chain", users=40, rate=200).asking() as crowd:
        playbook("site", checkout, file)
    assert len(crowd.answers) > 200
    assert crowd.failed() == []
    assert len(workloads()) == replicas
    if change != "memory":
        assert not workloads() & before, "an instance was not replaced"


@pytest.mark.parametrize("platform", ["envoy", "sandbox"])
def test_an_upgrade_of_the_platform_fails_no_request(deployed: tuple[int, Path], checkout: Path, platform: str) -> None:
    _replicas, file = deployed
    dockerfile = checkout / "roles" / "images" / "files" / platform / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + f"LABEL upgrade={json.dumps(str(file.parent.name))}\n")
    before = running()
    with Crowd(PORT, "/chain", users=40, rate=200).asking() as crowd:
        playbook("site", checkout, file)
    assert crowd.failed() == []
    after = running()
    assert after["rolling-test-edge-1-sandbox"] == before["rolling-test-edge-1-sandbox"], (
        "its published port was closed meanwhile"
    )
    role = "proxy" if platform == "envoy" else "sandbox"
    assert not by_role(after, role) & by_role(before, role), "an instance was not replaced"
    if platform == "envoy":
        assert after["rolling-test-edge-1-proxy"] != before["rolling-test-edge-1-proxy"]
