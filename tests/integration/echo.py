"""The echo application: deployed by the playbook under test, called from inside its components."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "tests" / "applications" / "echo" / "compose.yaml"
PLAYBOOK = str(Path(sys.executable).with_name("ansible-playbook"))
DIFFERENCE = re.compile(r"^\+(?!\+\+)(.*)$", re.MULTILINE)


def extra(**variables: Any) -> tuple[str, str]:
    """Return the options that set extra variables of a playbook."""
    return "--extra-vars", json.dumps(variables)


def playbook(name: str, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a playbook on the application, with values for the variables in its file."""
    return subprocess.run(
        _command(name, options, variables), cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )


def kill_playbook(name: str, moment: str, *options: str, by: int = signal.SIGKILL, **variables: str) -> None:
    """Run a playbook, and send it the signal ``by`` as soon as it prints ``moment``."""
    command, output = _command(name, options, variables), ""
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        for line in running.stdout or ():
            output += line
            if moment in line:
                os.killpg(running.pid, by)
                break
    assert moment in output, output


def _command(name: str, options: tuple[str, ...], variables: Mapping[str, str]) -> list[str]:
    options = (*extra(application=str(FILE), variables=variables, delete_data=True), *options)
    return [PLAYBOOK, f"playbooks/{name}.yml", *options]


def environment() -> dict[str, str]:
    """Return this process's environment for a playbook without colours.

    The caller's Ansible variables are left out: they may name another copy of the collection.
    """
    outer = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return {**outer, "ANSIBLE_FORCE_COLOR": "false", "ANSIBLE_NOCOLOR": "true"}


def deploy(**variables: str) -> list[str]:
    """Deploy the application, and return the operations as text."""
    result = playbook("site", "--diff", **variables)
    assert result.returncode == 0, result.stdout + result.stderr
    return DIFFERENCE.findall(result.stdout)


def ask(path: str = "/", amount: str = "1", parallel: int = 1, caller: str = "web") -> list[str]:
    """Send requests from `caller` to `api`, and return status and answer of each."""
    command = ["docker", "exec", f"echo-test-{caller}-1", "python3", "/client.py", f"http://api{path}", amount, str(parallel)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def stop_asking() -> None:
    """End the requests that run for a time."""
    subprocess.run(["docker", "exec", "echo-test-web-1", "touch", "/tmp/stop"], check=True)


def statuses(path: str = "/", amount: str = "1", parallel: int = 1, caller: str = "web") -> set[str]:
    """Return the different statuses of the answers."""
    return {line.partition(" ")[0] for line in ask(path, amount, parallel, caller)}


def containers() -> dict[str, str]:
    """Return id and last start of each container by name."""
    ids = subprocess.run(
        ["docker", "ps", "-aq", "--filter", "label=io.evenkeel.application=echo-test"], capture_output=True, text=True, check=True
    ).stdout.split()
    lines = subprocess.run(
        ["docker", "inspect", "-f", "{{.Name}} {{.Id}} {{.State.StartedAt}}", *ids], capture_output=True, text=True, check=True
    ).stdout
    return dict(line[1:].split(" ", 1) for line in lines.splitlines())
