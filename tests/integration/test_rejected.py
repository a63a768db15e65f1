"""A value that only Envoy rejects is reported within seconds, and nothing is created or written."""

from __future__ import annotations

import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import Scope
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.client import Engine
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.driver import DockerDriver
from ansible_collections.evenkeel.mesh.plugins.module_utils.images.required import platform_image
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.errors import ModelError
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.policy import OutlierDetection
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.specification import Specification
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.context import Context
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.deploy import deploy
from conftest import name


def test_a_rejected_deployment_changes_nothing(tmp_path: Path) -> None:
    inspect = ["docker", "inspect", "-f", "{{.Config.Image}}", name("orders-1", "proxy")]
    envoy = subprocess.run(inspect, check=True, capture_output=True, text=True).stdout.strip()
    services = {"api": {"image": "none", "expose": ["80"]}, "web": {"image": "none", "depends_on": ["api"]}}
    application = parse({"name": "valtest", "services": services}, "compose.yaml", {}, "")
    policy = replace(application.component("api").policy, outlier_detection=OutlierDetection(interval=0.0))
    components = (
        replace(component, policy=policy) if component.name == "api" else component for component in application.components
    )
    references = {platform_image(name): envoy for name in ("envoy", "sandbox", "supervisor")} | {"api": "none", "web": "none"}
    specification = Specification(replace(application, components=tuple(components)), references, "compose.yaml", str(tmp_path))
    driver = DockerDriver(Engine(), "valtest", str(tmp_path), str(tmp_path))
    began = time.monotonic()
    with pytest.raises(ModelError) as error:
        deploy(Context(driver, specification, "test", print), Scope(), 5.0, dry=False)
    assert str(error.value) == (
        "compose.yaml: services.api.x-mesh.policy.outlier_detection.interval: found 0s;"
        " Envoy says: OutlierDetectionValidationError.Interval: value must be greater than 0s"
    )
    assert time.monotonic() - began < 15
    list_containers = ["docker", "ps", "-aq", "--filter", "label=io.evenkeel.application=valtest"]
    assert subprocess.run(list_containers, check=True, capture_output=True, text=True).stdout == ""
    assert driver.config.read() == {} and driver.state.read().specification is None
