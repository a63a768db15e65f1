"""The requested release, and its scripts, which only the controller has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.errors import ModelError
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import Check
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.project import Project, read_project
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.rollout import requested_rollout

COMPOSE = """
name: app
services:
  edge: {image: edge, ports: ["80:80"], depends_on: [web], x-mesh: {gateway: true}}
  web: {image: "web:1", expose: ["8080"], depends_on: [store]}
  store: {image: "store:1", expose: ["8080"]}
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


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    return read_project(str(tmp_path / "compose.yaml"), "upstream", {})


def requested_checks(project: Project, **options: Any) -> dict[str, Check]:
    """Return the checks of the requested release."""
    rollout, _weights = requested_rollout(project, options)
    assert rollout
    return {check.name: check for check in rollout.checks}


def test_a_script_beside_the_application_is_sent_with_the_release(project: Project, tmp_path: Path) -> None:
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "smoke.sh").write_text("#!/bin/sh\nexit 0\n")
    smoke = requested_checks(project)["smoke"]
    assert (smoke.command, smoke.script, smoke.user) == (("./checks/smoke.sh", "--fast"), "#!/bin/sh\nexit 0\n", "nobody")


def test_a_script_beside_a_release_file_is_sent_and_programs_of_the_target_are_not(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "releases"
    folder.mkdir()
    (folder / "spring.yml").write_text(FILE)
    (folder / "smoke.sh").write_text("#!/bin/sh\nexit 1\n")
    checks = requested_checks(project, release=str(folder / "spring.yml"))
    assert {name: check.script for name, check in checks.items()} == {"smoke": "#!/bin/sh\nexit 1\n", "local": "", "there": ""}
    assert checks["smoke"].user == "tester"


@pytest.mark.parametrize("component", [{}, {"component": "web", "image": "web:3"}])
def test_a_script_is_sent_with_a_release_of_one_component(project: Project, tmp_path: Path, component: dict[str, str]) -> None:
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "smoke.sh").write_text("exit 2\n")
    assert requested_checks(project, **component)["smoke"].script == "exit 2\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weight": 101}, "-e: weight.0: found 101; allowed: a number from 0 to 100"),
        ({"weights": [10, 5]}, "-e: weights: found 10, 5; allowed: weights that rise"),
        ({"component": "wep", "env": {"A": "1"}}, "-e: components.wep: found the unknown component 'wep'; allowed: store, web"),
        ({"component": "edge", "env": {"A": "1"}}, "-e: components.edge: found a gateway"),
        ({"component": "store"}, "-e: components.store: found nothing new"),
        ({"env": {"A": "1"}}, "-e: env: found no component that it applies to; allowed: component=… beside it"),
        ({"component": "web", "env": "A"}, "-e: env: found 'A'; allowed: a mapping, or comma-separated NAME=value pairs"),
        ({"release": "nowhere.yml"}, "nowhere.yml: (file): found"),
    ],
    ids=str,
)
def test_bad_options_are_refused_with_their_names(project: Project, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=re.escape(message)):
        requested_rollout(project, options)
