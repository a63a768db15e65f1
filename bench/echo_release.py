"""Releases of the tests' echo application in this process: with real engine, proxies and load, but without the playbook."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "collections"), str(ROOT / "tests" / "integration")]

import echo
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.client import DEFAULT_HOST
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.layout import ROOT as DIRECTORY
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.registry import Target, TargetOptions, make_driver
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import Check, ComponentVersion, Gate, Rollout
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows import release as workflow
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.context import Context
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.project import read_project

PORT = 18100
NAME = "bench"
VARIABLES = {"API_REPLICAS": "2", "WEB_REPLICAS": "2"}


def deploy() -> None:
    """Deploy the application."""
    echo.deploy(**VARIABLES)


def context() -> Context:
    """Return the context of a workflow on the application of the file."""
    specification = read_project(str(echo.FILE), "built", VARIABLES).specification
    options = TargetOptions(Target.DOCKER, DEFAULT_HOST, "", DIRECTORY)
    driver = make_driver(options, specification.application.name, specification.folder)
    return Context(driver, specification, "bench", lambda line: None)


def release(
    environment: dict[str, str],
    weights: tuple[float, ...],
    checks: tuple[Check, ...] = (),
    components: tuple[str, ...] = ("api",),
    patience: float = 10,
) -> workflow.ReleaseResult:
    """Release ``components`` with ``environment``, and return the result."""
    versions = tuple(ComponentVersion(component, "", tuple(environment.items())) for component in components)
    rollout = Rollout(NAME, versions, weights, gate=Gate(hold=1, wait=120), checks=checks)
    request = workflow.ReleaseRequest(workflow.Action.ROLL_OUT, rollout, NAME, timeout=patience)
    return workflow.release(context(), request, dry=False)


def abort() -> None:
    """End the release that is in progress."""
    workflow.release(context(), workflow.ReleaseRequest(workflow.Action.ABORT, None, NAME), dry=False)


def tear_down() -> None:
    """Remove the application with its data."""
    echo.playbook("teardown")
