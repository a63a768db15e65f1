"""The contract of drivers, tested on the Docker driver with the images of the echo application."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import Driver, TeardownScope
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.registry import Target, TargetOptions, make_driver
from ansible_collections.evenkeel.mesh.plugins.module_utils.images.recipe import Recipe
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.images import build_and_pull, missing_images, plan_images
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.teardown import tear_down
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.project import Project, read_project
from contract.scenarios import SCENARIOS, run_lifecycle
from contract.target import NAME, ContractTarget
from echo import FILE

SOCKET = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
VERSIONS = (f"{NAME}:2", f"{NAME}:3")
IMAGE = "api"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Return the echo application after building its images, the API's with two more tags of the same content."""
    project = read_project(str(FILE), "built", {})
    images = make_driver(TargetOptions(Target.DOCKER, SOCKET, "", "/"), NAME, "/").images
    recipes = {source.name: Recipe.of(source) for source in project.needed.built.values()}
    plan = plan_images(recipes, missing_images(images, recipes, project.needed.references))
    bundle = tmp_path_factory.mktemp("bundle") / "bundle.tar"
    with tarfile.open(bundle, "w") as archive:
        for operation in plan.operations.values():
            content = project.needed.built[operation.subject].context(b"")
            member = tarfile.TarInfo(f"{operation.subject}.tar")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    assert not str(build_and_pull(images, plan, bundle, lambda line: None))
    for version in VERSIONS:
        subprocess.run(["docker", "tag", project.specification.references[IMAGE], version], check=True)
    yield project
    subprocess.run(["docker", "rmi", *VERSIONS], check=False, capture_output=True)


@pytest.fixture
def place(project: Project, tmp_path: Path) -> Iterator[ContractTarget]:
    """Return an engine without resources of the application, with a separate state folder."""
    options = TargetOptions(Target.DOCKER, SOCKET, "", str(tmp_path))
    references = project.specification.references
    platform = {name: image for name, image in references.items() if name.startswith("platform/")}

    def driver() -> Driver:
        return make_driver(options, NAME, str(tmp_path))

    place = ContractTarget(driver, platform, (references[IMAGE], *VERSIONS), patience=120.0)
    tear_down(place.context(), TeardownScope(data=True), False)
    yield place
    tear_down(place.context(), TeardownScope(data=True), False)


def test_the_lifecycle_of_an_application(place: ContractTarget) -> None:
    run_lifecycle(place)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_part_of_the_contract(scenario: Callable[[ContractTarget], None], place: ContractTarget) -> None:
    scenario(place)
