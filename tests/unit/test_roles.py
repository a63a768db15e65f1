"""The READMEs and defaults of roles match their argument specifications."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingUnixStreamServer

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ROLES = sorted((ROOT / "roles").iterdir())
sys.path.insert(0, str(ROOT / "tools"))

from role_readmes import readme


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_the_readme_is_up_to_date(role: Path) -> None:
    assert (role / "README.md").read_text() == readme(role), "run python tools/role_readmes.py"


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_defaults_are_those_of_the_specification(role: Path) -> None:
    options = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    file = role / "defaults" / "main.yml"
    defaults = yaml.safe_load(file.read_text()) if file.exists() else {}
    assert {name: option["default"] for name, option in options.items() if "default" in option} == defaults


def test_no_module_is_called_in_a_loop() -> None:
    for file in (ROOT / "roles").glob("*/tasks/*.yml"):
        for task in yaml.safe_load(file.read_text()):
            assert not {"loop", "with_items"} & set(task), f"{file}: {task['name']}"


class TooOld(StreamRequestHandler):
    """An engine of 2019."""

    def handle(self) -> None:
        self.rfile.readline()
        self.wfile.write(b"HTTP/1.1 200 OK\r\nApi-Version: 1.40\r\nContent-Length: 0\r\n\r\n")


def test_an_unusable_engine_is_reported_before_packages_are_listed(tmp_path: Path) -> None:
    """Otherwise it counts as none, and Debian's is installed over the packages that it belongs to."""
    with ThreadingUnixStreamServer(str(tmp_path / "docker.sock"), TooOld) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        words = [str(Path(sys.executable).with_name("ansible-playbook")), "playbooks/platform.yml", "--check"]
        variables = {"docker_host": f"unix://{tmp_path}/docker.sock", "ansible_become": False}
        command = [*words, "--extra-vars", json.dumps(variables)]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        server.shutdown()
    output = " ".join((result.stdout + result.stderr).split())
    assert result.returncode != 0, output
    assert "the Docker engine has API 1.40; allowed: 1.41 or newer" in output
    assert re.findall(r"TASK \[(?:evenkeel\.mesh\.)?platform : ([^\]]*)\]", output)[-1] == "Check whether an engine answers"
