"""The hosts of the scenario `remote`: played on as any other host, and looked at over SSH."""

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
    """Return the environment of a playbook, which is ``variables`` besides the usual one."""
    return {**os.environ, "ANSIBLE_FORCE_COLOR": "false", "ANSIBLE_NOCOLOR": "true", **variables}


def play(name: str, *options: str, variables: Mapping[str, str] | None = None, **extra: Any) -> tuple[int, str]:
    """Run a playbook on both hosts, and return its exit code and all that it said."""
    done = subprocess.run(
        command(name, *options, **extra), cwd=ROOT, env=environment(variables or {}), capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def site(variables: Mapping[str, str] | None = None, **extra: Any) -> str:
    """Bring the application to its file on both hosts, and return what was said."""
    code, said = play("site", variables=variables, **extra)
    assert code == 0, said
    return said


def host(name: str) -> Any:
    """Return what runs commands on a host, as root: `one` and `two` have both users."""
    key = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "key"
    config = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
    return testinfra.get_host(f"ssh://passwordless@{ADDRESSES[name]}", ssh_identity_file=str(key), ssh_extra_args=config, sudo=True)


def answer(name: str) -> str:
    """Return what the application on a host answers from outside, nothing where it does not."""
    try:
        with urllib.request.urlopen(f"http://{ADDRESSES[name]}/", timeout=5) as found:
            return str(found.read().decode())
    except OSError:
        return ""


def containers(name: str, label: str = f"io.evenkeel.application={APPLICATION}") -> dict[str, str]:
    """Return how each container with ``label`` on a host is, by its name."""
    listed = host(name).check_output(f"docker ps --all --filter label={label} --format '{{{{.Names}}}} {{{{.State}}}}'")
    return dict(line.split() for line in listed.splitlines())
