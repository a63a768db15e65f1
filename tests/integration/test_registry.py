"""A registry that wants a password: images come from it with the credentials of who deploys, and not without."""

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
# A layer that no other image has: it comes from the registry, or not at all.
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


def docker(*words: str, told: str = "") -> str:
    return subprocess.run(["docker", *words], input=told, check=True, capture_output=True, text=True).stdout.strip()


def there(image: str) -> bool:
    return subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode == 0


def containers() -> dict[str, str]:
    """Return the image of each container of the application, by id."""
    shown = docker("ps", "--filter", "label=io.evenkeel.application=pulled-test", "--format", "{{.ID}} {{.Image}}")
    return dict(line.split(" ", 1) for line in shown.splitlines())


def playbook(name: str, file: Path, *options: str) -> tuple[int, str]:
    """Run a playbook on the application of ``file``; return its status, and what it said on one line."""
    done = echo.playbook(name, *echo.extra(application=str(file)), *options)
    return done.returncode, " ".join((done.stdout + done.stderr).split()).replace("\\'", "'")


@pytest.fixture(scope="module")
def logged_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the registry's credentials, as ``docker login`` leaves them."""
    assert playbook("site", PRIVATE)[0] == 0
    folder = tmp_path_factory.mktemp("docker")
    docker("--config", str(folder), "login", "--username", USER, "--password-stdin", REGISTRY, told=PASSWORD)
    yield folder
    assert playbook("teardown", PRIVATE)[0] == 0


@pytest.fixture(scope="module")
def published(logged_in: Path) -> Iterator[None]:
    """Two versions of an image, which the registry has and the engine has not."""
    was = docker("inspect", "-f", "{{.Config.Image}}", "private-test-server-1")
    for version, image in IMAGES.items():
        docker("build", "--tag", image, "-", told=CHANGED.format(image=was, version=version))
        docker("--config", str(logged_in), "push", image)
        docker("rmi", image)
    yield
    for image in filter(there, IMAGES.values()):
        docker("rmi", image)


@pytest.fixture
def file(published: None, tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "compose.yaml"
    path.write_text(json.dumps(APPLICATION))
    yield path
    assert playbook("teardown", path)[0] == 0


def test_a_deployment_without_credentials_names_the_image_the_registry_and_the_way_out(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
    status, said = playbook("site", file)
    assert status != 0
    assert f"{IMAGES['1']} could not be pulled: " in said
    assert f"the registry {REGISTRY} requires credentials" in said
    assert f"docker login {REGISTRY} as " in said and "DOCKER_CONFIG" in said
    assert not containers() and not there(IMAGES["1"])


def test_versions_are_pulled_released_and_rolled_back(
    file: Path, logged_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(logged_in))
    status, said = playbook("site", file)
    assert status == 0, said
    with Crowd(EDGE, "/chain").asking() as crowd:
        assert eventually(lambda: crowd.answers[-1:] and crowd.answers[-1].text == "1")

        before = containers()
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
        status, said = playbook("canary", file)
        assert status != 0
        assert f"components.api.image: found '{IMAGES['2']}'" in said and f"docker login {REGISTRY} as " in said
        assert containers() == before

        monkeypatch.setenv("DOCKER_CONFIG", str(logged_in))
        status, said = playbook("canary", file, *echo.extra(weight=50))
        assert status == 0, said
        assert f"pulling {IMAGES['2']}" in said
        assert eventually(lambda: {each.text for each in crowd.answers[-40:]} == {"1", "2"})
        assert set(IMAGES.values()) <= set(containers().values())

        assert playbook("canary", file, *echo.extra(action="abort"))[0] == 0
        assert eventually(lambda: {each.text for each in crowd.answers[-100:]} == {"1"})
    assert crowd.failed() == []
    assert IMAGES["1"] in containers().values() and IMAGES["2"] not in containers().values()
