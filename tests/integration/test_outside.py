"""A real registry and a real Prometheus: deployments and releases pull images, and a check runs a query."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import echo
import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import Check
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.checks import run_check
from crowd import Crowd
from eventually import eventually

OUTSIDE = echo.FILE.parents[1] / "outside" / "compose.yaml"
REGISTRY = "127.0.0.1:18120"
PROMETHEUS = "http://127.0.0.1:18121"
IMAGE = f"{REGISTRY}/echo/api:2"
# The layer is unique: it can come only from the registry.
CHANGED = "FROM {image}\nUSER root\nRUN head -c 1000000 /dev/urandom > /new\nUSER nobody\nENV VERSION=pulled\n"


def docker(*words: str, stdin: str = "") -> str:
    return subprocess.run(["docker", *words], input=stdin, check=True, capture_output=True, text=True).stdout.strip()


def application(file: Path) -> tuple[str, str]:
    """Return the options that make a playbook deploy ``file``."""
    return echo.extra(application=str(file))


def exists(image: str) -> bool:
    return subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module", autouse=True)
def outside() -> Iterator[None]:
    result = echo.playbook("site", *application(OUTSIDE))
    assert result.returncode == 0, result.stdout + result.stderr
    yield
    assert echo.playbook("teardown", *application(OUTSIDE)).returncode == 0


@pytest.fixture(scope="module")
def deployed() -> Iterator[None]:
    echo.deploy()
    yield
    assert echo.playbook("teardown").returncode == 0
    if exists(IMAGE):
        docker("rmi", IMAGE)


@pytest.fixture
def published(deployed: None) -> Iterator[str]:
    """An image that is in the registry but not on the engine."""
    image = docker("inspect", "-f", "{{.Config.Image}}", "echo-test-web-1")
    docker("build", "--tag", IMAGE, "-", stdin=CHANGED.format(image=image))
    docker("push", IMAGE)
    docker("rmi", IMAGE)
    assert not exists(IMAGE)
    yield IMAGE


def test_a_deployment_pulls_what_the_engine_lacks(published: str, tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(json.dumps({"name": "pull-test", "services": {"api": {"image": published, "expose": ["8080"]}}}))
    try:
        preview = echo.playbook("site", *application(file), "--check", "--diff")
        assert f"pull {published} (missing)" in preview.stdout
        assert not exists(published)
        result = echo.playbook("site", *application(file))
        assert result.returncode == 0, result.stdout + result.stderr
        assert docker("inspect", "-f", "{{.Config.Image}} {{.State.Running}}", "pull-test-api-1") == f"{published} true"
        assert "changed=0" in echo.playbook("site", *application(file)).stdout
    finally:
        assert echo.playbook("teardown", *application(file)).returncode == 0
        docker("rmi", published)


def test_a_release_pulls_what_the_engine_lacks(published: str) -> None:
    with Crowd(18100, "/chain").asking() as crowd:
        result = echo.playbook("canary", *echo.extra(component="api", image=published, weights=[50, 100]))
        assert result.returncode == 0, result.stdout + result.stderr
        assert eventually(lambda: crowd.answers[-1].text == "1 pulled")
    assert crowd.failed() == []
    assert f"pulling {published}" in result.stdout
    assert docker("inspect", "-f", "{{.Config.Image}}", "echo-test-api-1") == published


def test_an_image_that_is_not_in_the_registry_is_refused(deployed: None) -> None:
    before = echo.containers()
    missing = f"{REGISTRY}/echo/api:none"
    result = echo.playbook("canary", *echo.extra(component="api", image=missing))
    assert result.returncode != 0
    assert f"components.api.image: found '{missing}'" in (result.stdout + result.stderr).replace("\\'", "'")
    assert echo.containers() == before


def test_a_check_queries_prometheus() -> None:
    def check(query: str, least: float | None = None, most: float | None = None) -> str:
        return run_check(Check("query", url=PROMETHEUS, query=query, least=least, most=most), "t")

    assert eventually(lambda: check('up{job="prometheus"}', least=1) == "")
    assert check('up{job="prometheus"}', most=0.5) == "the query returns 1, expected from any to 0.5"
    assert check('scalar(up{job="prometheus"})', least=1) == ""
    assert check("up{job='nobody'}", least=1) == "the query returns no value"
    assert "parse error" in check("up{", least=1)
