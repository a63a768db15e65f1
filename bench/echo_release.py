"""Releases of the echo application of the tests, in this process: engine, proxies and load are real, the playbook is left out."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "collections"), str(ROOT / "tests" / "integration")]

import echo
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.client import Engine
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.setting import Task, given_task
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import Check, Gate, Rollout, Version
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.target import ABORT
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows import release as rollout
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.deployment import read_deployment

PORT = 18100
NAME = "bench"
VARIABLES = {"API_REPLICAS": "2", "WEB_REPLICAS": "2"}
DIRECTORY = "/var/lib/evenkeel"


def deploy() -> None:
    """Deploy the application."""
    echo.deploy(**VARIABLES)


def task() -> Task:
    """Return the application as its file has it."""
    arguments = read_deployment(str(echo.FILE), "built", VARIABLES).arguments()
    return given_task({**arguments, "directory": DIRECTORY, "progress": None})


def release(
    environment: dict[str, str],
    weights: tuple[float, ...],
    checks: tuple[Check, ...] = (),
    components: tuple[str, ...] = ("api",),
    seconds: float = 10,
) -> rollout.Answer:
    """Release ``components`` with ``environment``, and return what came of it."""
    versions = tuple(Version(each, "", tuple(environment.items())) for each in components)
    wanted = Rollout(NAME, versions, weights, gate=Gate(hold=1, wait=120), checks=checks)
    wish = rollout.Wish(rollout.ROLL_OUT, wanted, NAME, (), "bench", seconds, lambda: True)
    return rollout.fulfil(Engine(), task(), wish, dry=False)


def abort() -> None:
    """End the release that is under way."""
    rollout.fulfil(Engine(), task(), rollout.Wish(ABORT, None, NAME, (), "bench", 10, lambda: True), dry=False)


def tear_down() -> None:
    """Remove the application with its data."""
    echo.playbook("teardown")
