"""Which release is asked for, and what of it only the controller has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import Check
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.project import read_project
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.rollout import requested_rollout

COMPOSE = """
name: app
services:
  edge: {image: edge, ports: ["80:80"], depends_on: [web], x-mesh: {gateway: true}}
  web: {image: "web:1", expose: ["8080"]}
x-mesh:
  release:
    components: {web: {image: "web:2"}}
    checks: {smoke: {command: ./checks/smoke.sh --fast}}
"""
FILE = """
components: {web: {image: "web:2"}}
checks:
  smoke: {command: ./smoke.sh --fast, user: tester}
  local: {command: curl --fail http://localhost/}
  there: {command: /usr/local/bin/smoke}
"""


def checks(folder: Path, **given: Any) -> dict[str, Check]:
    """Return the checks of the release that is asked for of the application in ``folder``."""
    (folder / "compose.yaml").write_text(COMPOSE)
    rollout, _weights = requested_rollout(read_project(str(folder / "compose.yaml"), "upstream", {}), given)
    assert rollout
    return {each.name: each for each in rollout.checks}


def test_a_script_beside_the_application_is_taken_along(tmp_path: Path) -> None:
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "smoke.sh").write_text("#!/bin/sh\nexit 0\n")
    smoke = checks(tmp_path)["smoke"]
    assert (smoke.command, smoke.script, smoke.user) == (("./checks/smoke.sh", "--fast"), "#!/bin/sh\nexit 0\n", "nobody")


def test_a_script_beside_a_release_file_is_taken_along_and_what_the_target_has_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "releases"
    folder.mkdir()
    (folder / "spring.yml").write_text(FILE)
    (folder / "smoke.sh").write_text("#!/bin/sh\nexit 1\n")
    found = checks(tmp_path, release=str(folder / "spring.yml"))
    assert {name: each.script for name, each in found.items()} == {"smoke": "#!/bin/sh\nexit 1\n", "local": "", "there": ""}
    assert found["smoke"].user == "tester"


@pytest.mark.parametrize("component", [{}, {"component": "web", "image": "web:3"}])
def test_a_script_is_taken_along_whatever_is_said_besides(tmp_path: Path, component: dict[str, str]) -> None:
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "smoke.sh").write_text("exit 2\n")
    assert checks(tmp_path, **component)["smoke"].script == "exit 2\n"
