"""A registry that requires a password: images are pulled with the deploying user's credentials, and not without."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import echo
import pytest
from crowd import Crowd
from eventually import eventually

PRIVATE = echo.FILE.parents[1] / "private" / "compose.yaml"
REGISTRY = "127.0.0.1:18122"
USER, PASSWORD = "tester", "not-secret"
EDGE = 18123
IMAGES = {version: f"{REGISTRY}/private/api:{version}" for version in ("1", "2")}
# The layer is unique: it can come only from the registry.
CHANGED = "FROM {image}\nUSER root\nRUN head -c 1000000 /dev/urandom > /new\nUSER nobody\nENV VERSION={version}\n"
APPLICATION = {
    "name": "pulled-test",
    "x-mesh": {"release": {"components": {"api": {"image": IMAGES["2"]}}, "gate": {"hold": "1s", "wait": "60s"}}},
    "services": {
        "edge": {
            "image": "envoyproxy/envoy:v1.40.0",
            "ports": [f"{EDGE}:80"],
            "depends_on": ["api"],
            "x-mesh": {"gateway": True},
        },
        "api": {"image": IMAGES["1"], "expose": ["8080"]},
    },
}


def docker(*words: str, stdin: str = "") -> str:
    return subprocess.run(["docker", *words], input=stdin, check=True, capture_output=True, text=True).stdout.strip()


def exists(image: str) -> bool:
    return subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode == 0


def containers() -> dict[str, str]:
    """Return the image of each container of the application, by id."""
    lines = docker("ps", "--filter", "label=io.evenkeel.application=pulled-test", "--format", "{{.ID}} {{.Image}}")
    return dict(line.split(" ", 1) for line in lines.splitlines())


def playbook(name: str, file: Path, *options: str) -> tuple[int, str]:
    """Run a playbook on the application of ``file``; return its status, and its output as one line."""
    result = echo.playbook(name, *echo.extra(application=str(file)), *options)
    return result.returncode, " ".join((result.stdout + result.stderr).split()).replace("\\'", "'")


@pytest.fixture(scope="module")
def logged_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the registry's credentials, written by ``docker login``."""
    assert playbook("site", PRIVATE)[0] == 0
    folder = tmp_path_factory.mktemp("docker")
    docker("--config", str(folder), "login", "--username", USER, "--password-stdin", REGISTRY, stdin=PASSWORD)
    yield folder
    assert playbook("teardown", PRIVATE)[0] == 0


@pytest.fixture(scope="module")
def published(logged_in: Path) -> Iterator[None]:
    """Two versions of an image that are in the registry but not on the engine."""
    base_image = docker("inspect", "-f", "{{.Config.Image}}", "private-test-server-1")
    for version, image in IMAGES.items():
        docker("build", "--tag", image, "-", stdin=CHANGED.format(image=base_image, version=version))
        docker("--config", str(logged_in), "push", image)
        docker("rmi", image)
    yield
    for image in filter(exists, IMAGES.values()):
        docker("rmi", image)


@pytest.fixture
def file(published: None, tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "compose.yaml"
    path.write_text(json.dumps(APPLICATION))
    yield path
    assert playbook("teardown", path)[0] == 0


def test_a_deployment_without_credentials_names_the_image_the_registry_and_what_to_do(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
    status, output = playbook("site", file)
    assert status != 0
    assert f"{IMAGES['1']} could not be pulled: " in output
    assert f"the registry {REGISTRY} requires credentials" in output
    assert f"docker login {REGISTRY} as " in output and "DOCKER_CONFIG" in output
    assert not containers() and not exists(IMAGES["1"])


def test_versions_are_pulled_released_and_rolled_back(
    file: Path, logged_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(logged_in))
    status, output = playbook("site", file)
    assert status == 0, output
    with Crowd(EDGE, "/chain").asking() as crowd:
        assert eventually(lambda: crowd.answers[-1:] and crowd.answers[-1].text == "1")

        before = containers()
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
        status, output = playbook("canary", file)
        assert status != 0
        assert f"components.api.image: found '{IMAGES['2']}'" in output and f"docker login {REGISTRY} as " in output
        assert containers() == before

        monkeypatch.setenv("DOCKER_CONFIG", str(logged_in))
        status, output = playbook("canary", file, *echo.extra(weight=50))
        assert status == 0, output
        assert f"pulling {IMAGES['2']}" in output
        assert eventually(lambda: {answer.text for answer in crowd.answers[-40:]} == {"1", "2"})
        assert set(IMAGES.values()) <= set(containers().values())

        assert playbook("canary", file, *echo.extra(action="abort"))[0] == 0
        assert eventually(lambda: {answer.text for answer in crowd.answers[-100:]} == {"1"})
    assert crowd.failed() == []
    assert IMAGES["1"] in containers().values() and IMAGES["2"] not in containers().values()
