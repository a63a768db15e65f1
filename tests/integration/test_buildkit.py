"""What only BuildKit builds, on the real engine, from images that no registry has."""

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
    echo {mark} >> /cache/kept && test -s /decoder/libmysql.so && cp /cache/kept /kept

FROM evenkeel/base
COPY --from=first /kept /kept
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
# By this a process of a build is told from all others.
SECONDS = "271.8"


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout.strip()


def engine_version() -> int:
    return int(docker("version", "--format", "{{.Server.Version}}").partition(".")[0])


def running(*words: str) -> bool:
    return subprocess.run(["pgrep", "--full", "--", " ".join(words)], capture_output=True, check=False).returncode == 0


class Application:
    """One component, which a test writes the Dockerfile of."""

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
        """Return what the build left, once the application runs."""
        done = echo.playbook("site", *self.options)
        assert done.returncode == 0, done.stdout + done.stderr
        # Its successor has another number.
        (container,) = docker("ps", "--quiet", "--filter", r"name=^buildkit-test-web-\d+$").split()
        self._images.add(docker("inspect", "-f", "{{.Config.Image}}", container))
        return docker("exec", container, "cat", "/kept")

    def remove(self) -> None:
        assert echo.playbook("teardown", *self.options).returncode == 0
        if self._images:
            docker("rmi", *self._images)


@pytest.fixture
def application(tmp_path: Path) -> Iterator[Application]:
    made = Application(tmp_path)
    yield made
    made.remove()


def test_a_build_has_mounts_and_keeps_a_cache_for_the_next(application: Application) -> None:
    # Marks of this run alone: a step that was built before would bring what the cache held then.
    one, two = uuid4().hex, uuid4().hex
    application.write(one)
    first = application.deploy().split()
    application.write(two)
    assert first[-1] == one
    assert application.deploy().split() == [*first, two]


def test_a_here_document_is_built_or_the_way_out_is_named(application: Application) -> None:
    application.write("here", HERE_DOCUMENT)
    if engine_version() >= 23:
        application.deploy()
        return
    done = echo.playbook("site", *application.options)
    assert done.returncode != 0
    assert "unknown instruction" in done.stdout + done.stderr
    assert "# syntax=docker/dockerfile:1" in done.stdout + done.stderr


def test_a_build_that_fails_shows_the_step_and_its_last_lines(application: Application) -> None:
    application.write("broken", "RUN echo beginning && seq 100 && exit 7")
    done = echo.playbook("site", *application.options)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "The image buildkit-test-web could not be built: " in said and "exit code: 7" in said
    assert "RUN echo beginning" in said and "| 100" in said and "| 85" not in said


def test_a_playbook_that_is_interrupted_leaves_no_build_behind(application: Application) -> None:
    application.write("slow", f"RUN sleep {SECONDS}")
    echo.kill_playbook("site", "RUN sleep", *application.options, by=signal.SIGINT)
    assert eventually(lambda: not running("sleep", SECONDS) and not running("docker .*build .*buildkit-test-web"))
