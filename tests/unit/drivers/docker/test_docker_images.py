"""The docker command lines for images, and their results."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.client import Endpoint, Engine, EngineError
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.images import DockerImages, registry
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.errors import ImageError
from ansible_collections.evenkeel.mesh.plugins.module_utils.images.recipe import Recipe

# Prints a prepared output, records its arguments and input, and has the engine know the image.
CLIENT = """#!/bin/sh
folder=$(dirname "$0")
[ "$3" != version ] || { echo 20.10.24; exit; }
printf '%s\\n' "$@" > "$folder/arguments"
[ "$3" = pull ] || cat > "$folder/stdin"
cat "$folder/output" 2> /dev/null
[ ! -e "$folder/status" ] || exit "$(cat "$folder/status")"
touch "$folder/created"
"""
RECIPE = Recipe("web", "evenkeel/web:1", (), "Dockerfile", {"A": "1", "B": "two words"}, "last", False)


class KnownEngine(Engine):
    """An engine with the images ``known``, and with every image once a client in ``folder`` has created one."""

    def __init__(self, folder: Path, *known: str) -> None:
        super().__init__(Endpoint("unix:///engine"))
        self.folder, self.known = folder, known
        self.requests: list[str] = []

    def answers(self) -> bool:
        return True

    def get(self, path: str, **query: Any) -> Any:
        self.requests.append(path)
        if path == "/images/json":
            created = (RECIPE.reference,) if (self.folder / "created").exists() else ()
            return [{"RepoTags": [*self.known, *created]}, {"RepoTags": None}]
        if path in [f"/images/{reference}/json" for reference in self.known] or (self.folder / "created").exists():
            return {}
        raise EngineError(404, "no such image")


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the only docker command of this host."""
    file = tmp_path / "docker"
    file.write_text(CLIENT)
    file.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path


def store(folder: Path, *known: str, timeout: float = 30) -> DockerImages:
    return DockerImages(KnownEngine(folder, *known), timeout)


def client_arguments(folder: Path) -> list[str]:
    return (folder / "arguments").read_text().splitlines()


def ignore_progress(step: str) -> None:
    pass


def archive(folder: Path, **files: str) -> Path:
    path = folder / "web.tar"
    with tarfile.open(path, "w") as content:
        for name, text in files.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
            content.add(folder / name, name)
    return path


def test_missing_images_built_here_are_found_with_one_request(tmp_path: Path) -> None:
    engine = KnownEngine(tmp_path, "evenkeel/a:1", "mysql:8")
    references = ["evenkeel/b:1", "evenkeel/a:1", "", "redis:7", "mysql:8", "evenkeel/b:1", "evenkeel/a:2"]
    assert DockerImages(engine).missing(references) == ["evenkeel/b:1", "redis:7", "evenkeel/a:2"]
    assert engine.requests.count("/images/json") == 1 and len(engine.requests) == 3


def test_without_an_engine_all_images_are_missing(tmp_path: Path) -> None:
    engine = Engine(Endpoint(f"unix://{tmp_path}/none"))
    assert DockerImages(engine).missing(["a:1", "", "evenkeel/b:1"]) == ["a:1", "evenkeel/b:1"]


def test_a_pull_names_the_engine_and_the_image(host: Path) -> None:
    (host / "output").write_text("0a1b2c3d4e5f: Pull complete\n1a1b2c3d4e5f: Pulling fs layer\n")
    steps: list[str] = []
    store(host).pull("r.example/a:1", steps.append)
    assert client_arguments(host) == ["--host", "unix:///engine", "pull", "--", "r.example/a:1"]
    assert "1 of 2 layers" in steps


def test_missing_credentials_are_reported_with_the_registry_and_the_remedy(host: Path) -> None:
    (host / "output").write_text('Error response from daemon: Head "https://r.example/v2/": no basic auth credentials\n')
    (host / "status").write_text("1")
    with pytest.raises(ImageError) as failed:
        store(host).pull("r.example/a:1", ignore_progress)
    assert str(failed.value).startswith('r.example/a:1 could not be pulled: Head "https://r.example/v2/": no basic auth cred')
    assert "docker login r.example as " in str(failed.value) and "DOCKER_CONFIG" in str(failed.value)


@pytest.mark.parametrize("error", ["manifest unknown", "dial unix /s: connect: permission denied", "no such host"])
def test_other_failures_of_a_pull_are_reported_verbatim(host: Path, error: str) -> None:
    (host / "output").write_text(f"Error response from daemon: {error}\n")
    (host / "status").write_text("1")
    with pytest.raises(ImageError, match=f"^a:1 could not be pulled: {error}$"):
        store(host).pull("a:1", ignore_progress)


def test_a_build_gets_its_recipe_and_its_unchanged_context(host: Path) -> None:
    context = archive(host, Dockerfile="FROM scratch\n")
    store(host).build(RECIPE, context, ignore_progress)
    assert client_arguments(host) == [
        "--host", "unix:///engine", "build", "--progress=plain", "--network=host", "--tag", "evenkeel/web:1",
        "--file", "Dockerfile", "--build-arg", "A=1", "--build-arg", "B=two words", "--target", "last", "-",
    ]  # fmt: skip
    assert (host / "stdin").read_bytes() == context.read_bytes()


def test_a_failed_build_shows_the_step(host: Path) -> None:
    (host / "output").write_text("#1 [1/1] RUN make\n#1 0.1 no rule\n#1 ERROR: exit code: 2\n")
    (host / "status").write_text("1")
    with pytest.raises(ImageError) as failed:
        store(host).build(RECIPE, archive(host), ignore_progress)
    assert str(failed.value) == "The image web could not be built: exit code: 2\n  | [1/1] RUN make\n  | no rule"


@pytest.mark.parametrize(
    ("output", "remedy"),
    [
        ("#1 [internal] load metadata for r.example/a:1\n#1 ERROR: 401 Unauthorized\n", "docker login r.example"),
        ("#1 resolve image config for docker.io/b/c:1\n#1 ERROR: pull access denied\n", "docker login docker.io"),
        ("ERROR: failed to solve: dockerfile parse error on line 2: unknown instruction: hi\n", "# syntax=docker/dockerfile:1"),
    ],
)
def test_a_failed_build_that_a_user_can_fix_names_the_remedy(host: Path, output: str, remedy: str) -> None:
    (host / "output").write_text(output)
    (host / "status").write_text("1")
    with pytest.raises(ImageError, match=f"; .*allowed: .*{remedy}"):
        store(host).build(RECIPE, archive(host), ignore_progress)


def test_a_root_filesystem_is_imported(host: Path) -> None:
    recipe = Recipe("base", "evenkeel/web:1", (), "", {}, "", True)
    store(host).build(recipe, archive(host, rootfs='#!/bin/sh\necho made > "$1/file"\n'), ignore_progress)
    assert client_arguments(host)[2:] == ["import", "--change", 'CMD ["/bin/bash"]', "-", "evenkeel/web:1"]
    with tarfile.open(host / "stdin") as content:
        assert "./file" in content.getnames()


def test_a_failed_root_filesystem_shows_the_reason(host: Path) -> None:
    recipe = Recipe("base", "evenkeel/web:1", (), "", {}, "", True)
    with pytest.raises(ImageError, match=r"^The image base could not be built: rootfs ended with status 4\n  \| no mirror$"):
        store(host).build(recipe, archive(host, rootfs="#!/bin/sh\necho no mirror >&2\nexit 4\n"), ignore_progress)


def test_a_client_of_another_engine_is_detected(host: Path) -> None:
    (host / "docker").write_text(CLIENT.replace("touch", "#"))
    with pytest.raises(ImageError, match="the docker command line uses another one"):
        store(host).pull("a:1", ignore_progress)


def test_the_time_of_a_pull_is_bounded(host: Path) -> None:
    (host / "docker").write_text(CLIENT.replace("touch", "exec sleep 60 #"))
    with pytest.raises(ImageError, match=r"^a:1 could not be pulled: it took more than 0\.3 s$"):
        store(host, timeout=0.3).pull("a:1", ignore_progress)


@pytest.mark.parametrize(
    ("reference", "host"),
    [
        ("mysql:8", "docker.io"),
        ("weaveworksdemos/orders:0.4.7", "docker.io"),
        ("localhost/a", "localhost"),
        ("127.0.0.1:5000/a:1", "127.0.0.1:5000"),
        ("r.example/a/b@sha256:0", "r.example"),
    ],
)
def test_the_registry_of_an_image(reference: str, host: str) -> None:
    assert registry(reference) == host
