"""Builds that need BuildKit, on the real engine, from images that are in no registry."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import echo
import pytest
from eventually import eventually

DOCKERFILE = """\
FROM evenkeel/base AS first
RUN --mount=type=cache,target=/cache,id=buildkit-test --mount=type=bind,from=evenkeel/decoder,target=/decoder \\
    echo {mark} >> /cache/marks && test -s /decoder/libmysql.so && cp /cache/marks /marks

FROM evenkeel/base
COPY --from=first /marks /marks
{more}
USER nobody
CMD ["sleep", "infinity"]
"""
HERE_DOCUMENT = """\
COPY <<FILE /here
FROM evenkeel/nothing
FILE
RUN <<SCRIPT
  test "$(cat /here)" = "FROM evenkeel/nothing"
SCRIPT
"""
# Unique, to identify the process of a build.
SECONDS = "271.8"


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout.strip()


def engine_version() -> int:
    return int(docker("version", "--format", "{{.Server.Version}}").partition(".")[0])


def running(*words: str) -> bool:
    return subprocess.run(["pgrep", "--full", "--", " ".join(words)], capture_output=True, check=False).returncode == 0


class Application:
    """An application of one component, whose Dockerfile the tests write."""

    def __init__(self, folder: Path) -> None:
        (folder / "web").mkdir()
        self._dockerfile = folder / "web" / "Dockerfile"
        self._file = folder / "compose.yaml"
        self._file.write_text(json.dumps({"name": "buildkit-test", "services": {"web": {"build": "web"}}}))
        self.options = echo.extra(application=str(self._file))
        self._images: set[str] = set()

    def write(self, mark: str, more: str = "") -> None:
        self._dockerfile.write_text(DOCKERFILE.format(mark=mark, more=more))

    def deploy(self) -> str:
        """Deploy, and return the marks in the built image."""
        result = echo.playbook("site", *self.options)
        assert result.returncode == 0, result.stdout + result.stderr
        # A successor has another ordinal.
        (container,) = docker("ps", "--quiet", "--filter", r"name=^buildkit-test-web-\d+$").split()
        self._images.add(docker("inspect", "-f", "{{.Config.Image}}", container))
        return docker("exec", container, "cat", "/marks")

    def remove(self) -> None:
        assert echo.playbook("teardown", *self.options).returncode == 0
        if self._images:
            docker("rmi", *self._images)


@pytest.fixture
def application(tmp_path: Path) -> Iterator[Application]:
    application = Application(tmp_path)
    yield application
    application.remove()


def test_a_build_has_mounts_and_keeps_a_cache_for_the_next(application: Application) -> None:
    # Unique marks: a cached step would bring the content of an earlier cache.
    one, two = uuid4().hex, uuid4().hex
    application.write(one)
    first = application.deploy().split()
    application.write(two)
    assert first[-1] == one
    assert application.deploy().split() == [*first, two]


def test_a_here_document_is_built_or_the_error_says_what_to_do(application: Application) -> None:
    application.write("here", HERE_DOCUMENT)
    if engine_version() >= 23:
        application.deploy()
        return
    result = echo.playbook("site", *application.options)
    assert result.returncode != 0
    assert "unknown instruction" in result.stdout + result.stderr
    assert "# syntax=docker/dockerfile:1" in result.stdout + result.stderr


def test_a_build_that_fails_shows_the_step_and_its_last_lines(application: Application) -> None:
    application.write("broken", "RUN echo beginning && seq 100 && exit 7")
    result = echo.playbook("site", *application.options)
    output = result.stdout + result.stderr
    assert result.returncode != 0
    assert "The image buildkit-test-web could not be built: " in output and "exit code: 7" in output
    assert "RUN echo beginning" in output and "| 100" in output and "| 85" not in output


def test_an_interrupted_playbook_leaves_no_build_behind(application: Application) -> None:
    application.write("slow", f"RUN sleep {SECONDS}")
    echo.kill_playbook("site", "RUN sleep", *application.options, by=signal.SIGINT)
    assert eventually(lambda: not running("sleep", SECONDS) and not running("docker .*build .*buildkit-test-web"))
