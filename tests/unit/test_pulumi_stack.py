"""The inventory of a stack, as ansible-inventory shows it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "applications" / "sockshop" / "compose.yaml"
OUTPUTS = {
    "application": "sockshop",
    "application_file": str(COMPOSE),
    "target": "docker",
    "network": "sockshop-mesh",
    "namespace": "",
    "volumes": {"carts-db": ["sockshop_carts-db"]},
    "accounts": {},
}


def list_inventory(folder: Path, options: str, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    """Return the result of ansible-inventory for a file with ``options``."""
    file = folder / "pulumi_stack.yml"
    file.write_text(f"plugin: evenkeel.mesh.pulumi_stack\n{options}")
    command = [str(Path(sys.executable).with_name("ansible-inventory")), "--inventory", str(file), "--list"]
    strict = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true", "ANSIBLE_NOCOLOR": "true", "PATH": path}
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **strict}, capture_output=True, text=True, check=False)


def plain(value: dict[str, Any]) -> Any:
    """Return the text that ansible-inventory marks as unsafe, so that it is not used as a template."""
    return value.get("__ansible_unsafe", value)


def save_outputs(folder: Path, **changes: Any) -> None:
    (folder / "outputs.json").write_text(json.dumps({**OUTPUTS, **changes}))


def test_saved_outputs_become_variables(tmp_path: Path) -> None:
    save_outputs(tmp_path, password="[secret]")
    result = list_inventory(tmp_path, "outputs: outputs.json\n")
    assert result.returncode == 0, result.stderr
    variables = json.loads(result.stdout, object_hook=plain)["_meta"]["hostvars"]["localhost"]
    assert variables["application"] == str(COMPOSE)
    assert variables["evenkeel_stack"] == {**OUTPUTS, "password": "[secret]"}
    assert variables["ansible_connection"] == "local"
    assert Path(variables["ansible_python_interpreter"]).samefile(sys.executable)


def test_pulumi_is_asked_for_the_outputs_without_secrets(tmp_path: Path) -> None:
    save_outputs(tmp_path)
    program = tmp_path / "pulumi"
    program.write_text(f'#!/bin/sh\necho "$PWD $@" > {tmp_path}/arguments\ncat {tmp_path}/outputs.json\n')
    program.chmod(0o755)
    result = list_inventory(tmp_path, "stack: local\nproject: .\n", f"{tmp_path}:{os.environ['PATH']}")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "arguments").read_text().split() == [
        str(tmp_path), "stack", "output", "--json", "--non-interactive", "--stack", "local",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("not json", "found no JSON; allowed: what pulumi stack output --json prints"),
        ("{}", "found no application, application_file, target, volumes; allowed: the outputs of a stack"),
        (json.dumps({**OUTPUTS, "application": "other"}), "found the application sockshop; allowed: other, the stack's"),
        (json.dumps({**OUTPUTS, "application_file": "/nowhere.yaml"}), "found no /nowhere.yaml; allowed: application:"),
    ],
)
def test_invalid_outputs_are_reported(tmp_path: Path, content: str, fault: str) -> None:
    (tmp_path / "outputs.json").write_text(content)
    result = list_inventory(tmp_path, "outputs: outputs.json\n")
    assert result.returncode != 0
    assert fault in " ".join(result.stderr.split()), result.stderr


def test_without_pulumi_the_remedies_are_named(tmp_path: Path) -> None:
    result = list_inventory(tmp_path, "", f"{Path(sys.executable).parent}:/usr/bin:/bin")
    assert "found no pulumi on the PATH; allowed: make pulumi, or outputs:" in " ".join(result.stderr.split())
