"""The program with the real Pulumi and the real engine, its state in a folder of this test."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from echo import PLAYBOOK, ROOT

COMPOSE = """
name: pulumi-test
services:
  store: {{image: none, volumes: ["data:/data"]}}{more}
volumes: {{data: , log: }}
"""
MORE = '\n  journal: {image: none, volumes: ["log:/log"]}'
PULUMI = shutil.which("pulumi")

pytestmark = pytest.mark.skipif(not PULUMI, reason="there is no pulumi on the PATH: make pulumi installs it")


class Stack:
    """A stack of an application in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "compose.yaml"
        self.write()
        (folder / "state").mkdir()
        self.environment = {
            **os.environ,
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "",
        }
        self.run("stack", "init", "test")
        self.run("config", "set", "target", "docker")
        self.run("config", "set", "application", str(self.file))

    def write(self, more: str = "") -> None:
        self.file.write_text(COMPOSE.format(more=more))

    def run(self, *words: str, fails: bool = False) -> str:
        config = ["--config-file", str(self.file.parent / "Pulumi.test.yaml")] if words[0] != "stack" else []
        command = [str(PULUMI), *words, "--stack", "test", "--non-interactive", *config]
        if words[:2] == ("stack", "init"):
            command = [str(PULUMI), *words, "--non-interactive"]
        done = subprocess.run(command, cwd=ROOT / "pulumi", env=self.environment, capture_output=True, text=True)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def operations(self, command: str) -> dict[str, int]:
        """Return how many resources ``command`` would create, update, delete."""
        steps = json.loads(self.run(command, "--json"))["changeSummary"]
        return {name: count for name, count in steps.items() if name != "same"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    made = Stack(tmp_path_factory.mktemp("stack"))
    made.run("up", "--yes", "--skip-preview")
    yield made
    made.run("config", "set", "protect", "false")
    made.run("up", "--yes", "--skip-preview")
    made.run("destroy", "--yes", "--skip-preview")
    listed = subprocess.run(["docker", "volume", "ls", "-q", "--filter", "name=pulumi-test_"], capture_output=True, text=True)
    assert listed.stdout == "", "destroy on purpose leaves volumes"


def test_a_second_run_changes_nothing(stack: Stack) -> None:
    assert stack.operations("preview") == {}


def test_site_takes_what_pulumi_made(stack: Stack) -> None:
    extra = json.dumps({"application": str(stack.file)})
    command = [PLAYBOOK, "playbooks/site.yml", "--check", "--diff", "-e", extra]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    assert "create pulumi-test-store-1 (missing)" in shown
    assert "create network" not in shown and "create volume" not in shown


def test_an_edit_shows_just_that(stack: Stack) -> None:
    stack.write(MORE)
    try:
        assert stack.operations("preview") == {"create": 1}
    finally:
        stack.write()


def test_to_destroy_is_refused(stack: Stack) -> None:
    assert "protect" in stack.run("destroy", "--yes", "--skip-preview", fails=True)
    assert stack.operations("preview") == {}
