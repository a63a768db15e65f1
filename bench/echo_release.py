"""Releases of the echo application of the tests, in this process: engine, proxies and load are real, the playbook is left out."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "collections"), str(ROOT / "tests" / "integration")]

import echo  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import Driver  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.registry import Target, TargetOptions, make_driver  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import Check, ComponentVersion, Gate, Rollout  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.specification import Specification  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.context import Context  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.release import Action, ReleaseRequest, ReleaseResult  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.release import release as run_release  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.project import read_project  # noqa: E402

PORT = 18100
NAME = "bench"
VARIABLES = {"API_REPLICAS": "2", "WEB_REPLICAS": "2"}
OPTIONS = TargetOptions(Target.DOCKER, "unix:///var/run/docker.sock", "", "/var/lib/evenkeel")


def deploy() -> None:
    """Deploy the application."""
    echo.deploy(**VARIABLES)


def specification() -> Specification:
    """Return the application as its file has it."""
    return read_project(str(echo.FILE), "built", VARIABLES).specification


def driver() -> Driver:
    """Return the driver of the application on this machine's engine."""
    found = specification()
    return make_driver(OPTIONS, found.application.name, found.folder)


def context() -> Context:
    """Return what the workflows work with, which nobody listens to."""
    return Context(driver(), specification(), "bench", lambda line: None)


def release(
    environment: dict[str, str],
    weights: tuple[float, ...],
    checks: tuple[Check, ...] = (),
    components: tuple[str, ...] = ("api",),
    seconds: float = 10,
) -> ReleaseResult:
    """Release ``components`` with ``environment``, and return what came of it."""
    versions = tuple(ComponentVersion(each, "", tuple(environment.items())) for each in components)
    wanted = Rollout(NAME, versions, weights, gate=Gate(hold=1, wait=120), checks=checks)
    return run_release(context(), ReleaseRequest(Action.ROLL_OUT, wanted, NAME, patience=seconds), dry=False)


def abort() -> None:
    """End the release that is in progress."""
    run_release(context(), ReleaseRequest(Action.ABORT, None, NAME, patience=10), dry=False)


def tear_down() -> None:
    """Remove the application with its data."""
    echo.playbook("teardown")
