"""An existing network and volumes of the same specification are adopted as they are."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.infrastructure import infrastructure
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.compose_file import load
from echo import PLAYBOOK, ROOT

ENGINE = "unix:///var/run/docker.sock"
COMPOSE = """
name: adoption-test
services:
  store: {image: none, volumes: ["data:/data"]}
volumes: {data: }
"""


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """Create what a stack creates: the network and the volume, with the labels of the specification."""
    file = tmp_path / "compose.yaml"
    file.write_text(COMPOSE)
    expected = infrastructure(load(file, {}))
    labels = [f"--label={key}={value}" for key, value in expected.labels.items()]
    docker("network", "create", "--driver=bridge", f"--subnet={expected.subnet}", *labels, expected.network)
    for volume in expected.volumes.values():
        docker("volume", "create", *(f"--label={key}={value}" for key, value in volume.labels.items()), volume.name)
    yield file
    docker("network", "rm", expected.network)
    docker("volume", "rm", *expected.volumes)


def test_nothing_is_created_twice(file: Path) -> None:
    extra = json.dumps({"application": str(file)})
    command = [PLAYBOOK, "playbooks/site.yml", "--check", "--diff", "-e", extra]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "create adoption-test-store-1 (missing)" in run.stdout
    assert "create network" not in run.stdout
    assert "create volume" not in run.stdout


def test_a_teardown_leaves_the_resources_of_a_stack(file: Path, tmp_path: Path) -> None:
    outputs = {"application": "adoption-test", "application_file": str(file), "target": "docker", "volumes": {}}
    (tmp_path / "outputs.json").write_text(json.dumps(outputs))
    inventory = tmp_path / "pulumi_stack.yml"
    inventory.write_text("plugin: evenkeel.mesh.pulumi_stack\noutputs: outputs.json\n")

    def teardown(*options: str) -> str:
        command = [PLAYBOOK, "playbooks/teardown.yml", "--check", "--diff", *options]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        return run.stdout + run.stderr

    assert "remove network adoption-test-mesh" in teardown("-e", f"application={file}")
    output = teardown("--inventory", str(inventory))
    assert "changed=0" in output and "failed=0" in output
    refused = teardown("--inventory", str(inventory), "-e", "delete_data=true")
    assert "delete_data: found true, and that the volumes are a Pulumi stack's; allowed: pulumi destroy" in refused


def test_a_stack_finds_existing_resources(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "pulumi"))
    from adoption import find_existing

    existing = find_existing(ENGINE, infrastructure(load(file, {})))
    assert existing.volumes == {"adoption-test_data"}
    assert existing.network == docker("network", "inspect", "-f", "{{.Id}}", "adoption-test-mesh").strip()


def test_a_stack_refuses_what_it_cannot_adopt(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "pulumi"))
    from adoption import AdoptionError, find_existing

    expected = infrastructure(load(file, {}))
    with pytest.raises(AdoptionError, match=r"the network adoption-test-mesh: found bridge .*; allowed: bridge 10\.0\.0\.0/16"):
        find_existing(ENGINE, replace(expected, subnet="10.0.0.0/16"))
    with pytest.raises(AdoptionError, match="evenkeel:dockerHost: found nothing that answers at unix:///nowhere"):
        find_existing("unix:///nowhere", expected)
