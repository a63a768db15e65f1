"""The program with the real Pulumi and the real engine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import echo
import pytest
from real_stack import MISSING, PROTECTED, Stack

COMPOSE = """
name: pulumi-test
services:
  store: {{build: SERVER, expose: ["8080"], volumes: ["data:/data"]}}{more}
volumes: {{data: , log: }}
""".replace("SERVER", str(echo.FILE.parent / "server"))
MORE = '\n  journal: {image: none, volumes: ["log:/log"]}'

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)


def docker(*words: str) -> list[str]:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout.split()


def volumes() -> list[str]:
    return docker("volume", "ls", "--quiet", "--filter", "name=pulumi-test_")


def site(file: Path, *options: str) -> str:
    result = echo.playbook("site", *echo.extra(application=str(file)), *options)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "compose.yaml"
    path.write_text(COMPOSE.format(more=""))
    return path


@pytest.fixture
def stack(tmp_path: Path, file: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path / "stack", file, "docker")
    yield stack
    teardown = echo.playbook("teardown", *echo.extra(application=str(file), delete_data=False))
    assert teardown.returncode == 0, teardown.stdout
    stack.remove()
    assert volumes() == [], "destroy on purpose leaves volumes"
    assert docker("network", "ls", "--quiet", "--filter", "name=pulumi-test-mesh") == []


def test_pulumi_first(stack: Stack, file: Path) -> None:
    stack.up()
    assert stack.preview() == {}, "a second run changes something"
    assert volumes() == ["pulumi-test_data"]

    preview = site(file, "--check", "--diff")
    assert "create pulumi-test-store-1 (missing)" in preview
    assert "create network" not in preview and "create volume" not in preview
    site(file)
    assert stack.preview() == {}, "a deployment changes a resource of the stack"

    assert PROTECTED in stack.destroy(fails=True)
    assert stack.preview() == {}
    assert volumes() == ["pulumi-test_data"]
    assert "changed=0" in site(file)


def test_a_component_is_added_and_its_data_not_removed(stack: Stack, file: Path) -> None:
    stack.up()
    file.write_text(COMPOSE.format(more=MORE))
    assert stack.preview() == {"create": 1}
    stack.up()
    file.write_text(COMPOSE.format(more=""))
    assert PROTECTED in stack.up(fails=True)
    assert volumes() == ["pulumi-test_data", "pulumi-test_log"]
    file.write_text(COMPOSE.format(more=MORE))
    assert stack.preview() == {}


def test_site_first(stack: Stack, file: Path) -> None:
    site(file)
    before = docker("network", "inspect", "--format", "{{.Id}} {{.Created}}", "pulumi-test-mesh")
    assert stack.preview() == {"create": 3, "import": 2}
    stack.up()
    assert stack.preview() == {}, "an adopted resource differs from the program"
    assert docker("network", "inspect", "--format", "{{.Id}} {{.Created}}", "pulumi-test-mesh") == before
    assert "changed=0" in site(file)


def test_a_volume_of_other_origin_is_adopted_and_never_replaced(stack: Stack) -> None:
    docker("volume", "create", "--label", "com.docker.compose.project=pulumi-test", "pulumi-test_data")
    before = docker("volume", "inspect", "--format", "{{.CreatedAt}} {{.Labels}}", "pulumi-test_data")
    assert stack.preview() == {"create": 4, "import": 1}
    stack.up()
    assert stack.preview() == {}
    assert docker("volume", "inspect", "--format", "{{.CreatedAt}} {{.Labels}}", "pulumi-test_data") == before


def test_what_cannot_be_created_is_reported_before_any_change(stack: Stack) -> None:
    docker("network", "create", "--subnet", "10.199.0.0/24", "pulumi-test-mesh")
    try:
        output = stack.preview_fails()
        assert "the network pulumi-test-mesh: found bridge 10.199.0.0/24" in output
        assert "Traceback" not in output
    finally:
        docker("network", "rm", "pulumi-test-mesh")
    stack.configure(storageSize="big")
    assert "evenkeel:storageSize: found 'big'; allowed: a byte value" in stack.preview_fails()
    stack.configure(storageSize="1G")
    stack.up()


def test_the_inventory_of_a_stack(stack: Stack, file: Path, tmp_path: Path) -> None:
    stack.up()
    outputs = json.loads(stack.outputs())
    assert outputs == {
        "application": "pulumi-test",
        "application_file": str(file),
        "target": "docker",
        "network": "pulumi-test-mesh",
        "namespace": "",
        "volumes": {"store": ["pulumi-test_data"]},
        "accounts": {},
    }
    inventory = tmp_path / "pulumi_stack.yml"
    inventory.write_text(f"plugin: evenkeel.mesh.pulumi_stack\nstack: test\nproject: {echo.ROOT / 'pulumi'}\n")
    before = docker("network", "inspect", "--format", "{{.Id}}", "pulumi-test-mesh")
    for playbook, instances in (("site", ["pulumi-test-store-1"]), ("teardown", [])):
        command = [echo.PLAYBOOK, f"playbooks/{playbook}.yml", "--inventory", str(inventory)]
        result = subprocess.run(command, cwd=echo.ROOT, env=stack.environment, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout + result.stderr
        assert docker("ps", "--format", "{{.Names}}", "--filter", "name=pulumi-test-store-1$") == instances
    assert docker("network", "inspect", "--format", "{{.Id}}", "pulumi-test-mesh") == before
    assert stack.preview() == {}
