"""Which of a host's docker command lines is used, and the environment that it runs in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.command_line import (
    CommandLine,
    client_environment,
    find_clients,
    has_buildkit,
)
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.errors import ImageError

FAKE = """#!/bin/sh
echo "$*" >> "$0.asked"
[ "$1" != --host ] || shift 2
case "$1" in
version) {version};;
buildx) {buildx};;
esac
"""
REFUSAL = "echo 'client version 1.41 is too old' >&2; exit 1"


def client(folder: Path, version: str, buildx: bool = False) -> str:
    """Create a client of ``version``; an empty version is one that the engine refuses."""
    folder.mkdir()
    file = folder / "docker"
    output = f"echo {version}" if version else REFUSAL
    file.write_text(FAKE.format(version=output, buildx="exit 0" if buildx else "exit 1"))
    file.chmod(0o755)
    return str(file)


def command_line(*files: str, host: str = "") -> CommandLine:
    return CommandLine(host, environ={"PATH": os.pathsep.join([*(str(Path(file).parent) for file in files), os.environ["PATH"]])})


@pytest.mark.parametrize(
    ("version", "has"),
    [("20.10.24+dfsg1", True), ("18.09.1", True), ("19.03.15", True), ("18.06.3", False), ("23.0.0", False), ("28.2.2", False),
     ("dev", False), ("", False)],
)  # fmt: skip
def test_clients_before_version_23_contain_buildkit(version: str, has: bool) -> None:
    assert has_buildkit(version) == has


def test_the_first_client_that_can_build_is_used(tmp_path: Path) -> None:
    bare = client(tmp_path / "a", "28.2.2")
    old = client(tmp_path / "b", "20.10.24+dfsg1")
    whole = client(tmp_path / "c", "28.2.2", buildx=True)
    assert command_line(bare, old, whole).builder == [old]
    assert command_line(bare, whole, old).builder == [whole]
    assert command_line(bare, old).client == [bare]


def test_a_client_that_the_engine_refuses_is_skipped(tmp_path: Path) -> None:
    refused = client(tmp_path / "a", "", buildx=True)
    good = client(tmp_path / "b", "28.2.2", buildx=True)
    assert command_line(refused, good).client == command_line(refused, good).builder == [good]


def test_the_client_is_given_the_engines_address(tmp_path: Path) -> None:
    file = client(tmp_path / "a", "28.2.2", buildx=True)
    assert command_line(file, host="ssh://there").builder == [file, "--host", "ssh://there"]
    assert all(line.startswith("--host ssh://there ") for line in Path(f"{file}.asked").read_text().splitlines())


def test_without_a_client_that_can_build_all_clients_and_the_remedy_are_named(tmp_path: Path) -> None:
    path = os.pathsep.join(
        str(Path(file).parent) for file in (client(tmp_path / "a", "28.2.2"), client(tmp_path / "b", "", buildx=True))
    )
    with pytest.raises(ImageError) as refused:
        _unused = CommandLine(environ={"PATH": path}).builder
    message = str(refused.value)
    assert f"{tmp_path}/a/docker is version 28.2.2, without the plugin buildx; " in message
    assert f"{tmp_path}/b/docker does not work with the engine: client version 1.41 is too old; " in message
    assert "docker-buildx-plugin" in message
    with pytest.raises(ImageError, match="found none; allowed: a docker on the PATH"):
        _unused = CommandLine(environ={"PATH": str(tmp_path)}).client


def test_a_client_is_a_candidate_only_once(tmp_path: Path) -> None:
    file = client(tmp_path / "a", "28.2.2")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "docker").write_text("no program")
    path = os.pathsep.join(["", str(tmp_path / "c"), str(tmp_path / "a"), str(tmp_path / "b"), str(tmp_path / "none")])
    assert list(find_clients(path)) == [file]


def test_builds_use_the_engines_own_buildkit() -> None:
    inherited = {"HOME": "/home/x", "DOCKER_CONFIG": "/c", "BUILDX_BUILDER": "other", "DOCKER_BUILDKIT": "0", "HTTPS_PROXY": "p"}
    result = client_environment("", inherited)
    assert result["DOCKER_BUILDKIT"] == "1"
    assert "BUILDX_BUILDER" not in result
    assert {key: result[key] for key in ("HOME", "DOCKER_CONFIG", "HTTPS_PROXY")} == {
        key: inherited[key] for key in ("HOME", "DOCKER_CONFIG", "HTTPS_PROXY")
    }
    assert client_environment("unix:///s", inherited)["BUILDX_BUILDER"] == "default"


@pytest.mark.parametrize(("host", "passed"), [("tcp://a:2376", True), ("", True), ("unix:///s", False), ("ssh://a", False)])
def test_tls_variables_are_passed_for_tcp_only(host: str, passed: bool) -> None:
    assert ("DOCKER_TLS_VERIFY" in client_environment(host, {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/c"})) == passed
