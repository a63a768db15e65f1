"""The hosts of the scenario `remote`: targets of playbooks, inspected over SSH."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import testinfra

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOK = str(Path(sys.executable).with_name("ansible-playbook"))
INVENTORY = ROOT / "molecule" / "remote" / "inventory" / "hosts.yml"
ADDRESSES = {"one": "198.18.77.11", "two": "198.18.77.12"}
APPLICATION = "remote-test"


def command(name: str, *options: str, **extra: Any) -> list[str]:
    """Return the command line that runs a playbook on both hosts."""
    variables = {"target": "remote", **extra}
    return [PLAYBOOK, f"playbooks/{name}.yml", f"--inventory={INVENTORY}", "--extra-vars", json.dumps(variables), *options]


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a playbook: this process's with ``variables``."""
    return {**os.environ, "ANSIBLE_FORCE_COLOR": "false", "ANSIBLE_NOCOLOR": "true", **variables}


def play(name: str, *options: str, variables: Mapping[str, str] | None = None, **extra: Any) -> tuple[int, str]:
    """Run a playbook on both hosts, and return its exit code and output."""
    result = subprocess.run(
        command(name, *options, **extra), cwd=ROOT, env=environment(variables or {}), capture_output=True, text=True, check=False
    )
    return result.returncode, result.stdout + result.stderr


def site(variables: Mapping[str, str] | None = None, **extra: Any) -> str:
    """Deploy the application to both hosts, and return the output."""
    code, output = play("site", variables=variables, **extra)
    assert code == 0, output
    return output


def host(name: str) -> Any:
    """Return a host that runs commands as root; both hosts have both users."""
    key = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "key"
    options = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
    address = f"ssh://passwordless@{ADDRESSES[name]}"
    return testinfra.get_host(address, ssh_identity_file=str(key), ssh_extra_args=options, sudo=True)


def answer(name: str) -> str:
    """Return the application's answer from outside a host, empty without one."""
    try:
        with urllib.request.urlopen(f"http://{ADDRESSES[name]}/", timeout=5) as response:
            return str(response.read().decode())
    except OSError:
        return ""


def containers(name: str, label: str = f"io.evenkeel.application={APPLICATION}") -> dict[str, str]:
    """Return the state of each container with ``label`` on a host, by name."""
    lines = host(name).check_output(f"docker ps --all --filter label={label} --format '{{{{.Names}}}} {{{{.State}}}}'")
    return dict(line.split() for line in lines.splitlines())
