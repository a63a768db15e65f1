"""Images of a Docker engine: looked up by its API, pulled and built by Docker's command line."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO

from ...images.context import unpack
from ...images.recipe import Recipe
from ...images.source import REPOSITORY, ROOTFS
from ...runtime.child import ChildTimeout, follow
from ..errors import ImageError
from .client import Engine, EngineError
from .command_line import CommandLine
from .output import MAX_LINES, BuildOutput, PullOutput

DEFAULT_TIMEOUT_SECONDS = 1800.0
ROOTFS_CHANGES = ('CMD ["/bin/bash"]',)
_ACCESS_DENIED = re.compile(
    r"no basic auth credentials|unauthorized|authentication required|(?<!permission )denied|forbidden", re.IGNORECASE
)
_UNKNOWN_SYNTAX = re.compile(r"unknown (instruction|flag)", re.IGNORECASE)


class DockerImages:
    """The images of one Docker engine, an ``ImageStore``.

    Its methods may be called from several threads at once. ``say`` is called several times a second with the current step of
    a pull or a build; if it raises, the pull or build is stopped, on the engine too.
    """

    def __init__(self, engine: Engine, timeout: float = DEFAULT_TIMEOUT_SECONDS) -> None:
        """The command line uses the same ``engine``. One pull or build may take ``timeout`` seconds."""
        self._engine = engine
        self._commands = CommandLine(engine.endpoint.host, engine.endpoint.certificates)
        self._timeout = timeout

    def missing(self, references: Iterable[str]) -> list[str]:
        """Return those of ``references`` that the engine lacks, all if no engine runs. Raises ``EngineError``."""
        unique = [reference for reference in dict.fromkeys(references) if reference]
        if not self._engine.answers():
            return unique
        ours = {reference for reference in unique if reference.startswith(f"{REPOSITORY}/")}
        present = self._built_references() if ours else set()
        return [
            reference for reference in unique if (reference not in present if reference in ours else not self._has(reference))
        ]

    def pull(self, reference: str, say: Callable[[str], None]) -> None:
        """Pull an image with the credentials of the user that this runs as. Raises ``ImageError``, ``EngineError``."""
        output = PullOutput()

        def on_lines(lines: list[str]) -> None:
            output.feed(lines)
            say(output.step)

        status = self._follow(reference, "pulled", [*self._commands.client, "pull", "--", reference], on_lines)
        if status:
            raise ImageError(f"{reference} could not be pulled: {output.error}{_pull_hint(reference, output.error)}")
        self._check(reference)

    def build(self, recipe: Recipe, archive: Path, say: Callable[[str], None]) -> None:
        """Build an image from ``archive``, a tar file of its context. Raises ``ImageError``, ``EngineError``, ``OSError``."""
        if recipe.from_nothing:
            self._import(recipe, archive, say)
        else:
            self._build(recipe, archive, say)
        self._check(recipe.reference)

    def read_file(self, reference: str, path: str) -> str:
        """Return the text of a file in an image. Raises ``EngineError``."""
        return self._engine.read_file(reference, path)

    def _build(self, recipe: Recipe, archive: Path, say: Callable[[str], None]) -> None:
        output = BuildOutput()

        def on_lines(lines: list[str]) -> None:
            output.feed(lines)
            say(output.step)

        # The context is passed by standard input: from a folder, its .dockerignore would be applied once more.
        with archive.open("rb") as context:
            command = [*self._commands.builder, "build", *_build_options(recipe), "-"]
            status = self._follow(recipe.name, "built", command, on_lines, context)
        if status:
            raise ImageError(_failure(recipe.name, output.lines, output.error + _build_hint(output)))

    def _import(self, recipe: Recipe, archive: Path, say: Callable[[str], None]) -> None:
        """Fill a folder with the source's own program, and import it as an image."""
        with tempfile.TemporaryDirectory(prefix="evenkeel-") as folder:
            source, root = Path(folder, "source"), Path(folder, "root")
            root.mkdir(mode=0o755)
            with tarfile.open(archive) as content:
                unpack(content, source)
            self._run_with_tail(recipe, ROOTFS, [*_private_mounts(), str(source / ROOTFS), str(root)], say)
            changes = [option for change in ROOTFS_CHANGES for option in ("--change", change)]
            command = [*self._commands.client, "import", *changes, "-", recipe.reference]
            with subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE) as tar:
                self._run_with_tail(recipe, "docker import", command, say, tar.stdout)
            if tar.returncode:
                raise ImageError(_failure(recipe.name, [], f"tar ended with status {tar.returncode}"))

    def _run_with_tail(
        self, recipe: Recipe, name: str, command: Sequence[str], say: Callable[[str], None], stdin: IO[bytes] | None = None
    ) -> None:
        """Run a command whose output is not parsed. Raises ``ImageError`` with its last lines."""
        tail: list[str] = []

        def on_lines(lines: list[str]) -> None:
            tail.extend(line for line in lines if line.strip())
            del tail[:-MAX_LINES]
            say(name)

        status = self._follow(recipe.name, "built", command, on_lines, stdin)
        if status:
            raise ImageError(_failure(recipe.name, tail, f"{name} ended with status {status}"))

    def _follow(
        self,
        name: str,
        participle: str,
        command: Sequence[str],
        on_lines: Callable[[list[str]], None],
        stdin: IO[bytes] | None = None,
    ) -> int:
        try:
            return follow(command, on_lines, self._timeout, self._commands.environment, stdin)
        except ChildTimeout as error:
            raise ImageError(f"{name} could not be {participle}: it took more than {self._timeout:g} s") from error

    def _check(self, reference: str) -> None:
        """Raise ``ImageError`` if the command line used another engine than this one."""
        if self.missing([reference]):
            raise ImageError(
                f"{reference} was created, but the engine does not have it: the docker command line uses another one; allowed: "
                "DOCKER_HOST and a docker context that select the engine that is deployed to, and no builder but its own"
            )

    def _built_references(self) -> set[str]:
        images = self._engine.get("/images/json", filters={"reference": [f"{REPOSITORY}/*"]})
        return {tag for image in images for tag in image["RepoTags"] or ()}

    def _has(self, reference: str) -> bool:
        try:
            self._engine.get(f"/images/{reference}/json")
        except EngineError as error:
            if error.status == 404:
                return False
            raise
        return True


def _private_mounts() -> list[str]:
    """Return the prefix of a command whose mounts end with it, however it exits: debootstrap would leave one behind."""
    unshare = shutil.which("unshare") if os.geteuid() == 0 else None
    return [unshare, "--mount"] if unshare else []


def registry(reference: str) -> str:
    """Return the registry of an image."""
    first, slash, _rest = reference.partition("/")
    return first if slash and (first == "localhost" or "." in first or ":" in first) else "docker.io"


def _build_options(recipe: Recipe) -> list[str]:
    arguments = [option for name, value in recipe.args.items() for option in ("--build-arg", f"{name}={value}")]
    target = ["--target", recipe.target] if recipe.target else []
    names = ["--tag", recipe.reference, "--file", recipe.dockerfile]
    return ["--progress=plain", "--network=host", *names, *arguments, *target]


def _pull_hint(reference: str, error: str) -> str:
    return f"; {_login_hint(reference)}" if _ACCESS_DENIED.search(error) else ""


def _build_hint(output: BuildOutput) -> str:
    if _ACCESS_DENIED.search(output.error) and output.parent:
        return f"; {_login_hint(output.parent)}"
    if _UNKNOWN_SYNTAX.search(output.error):
        return (
            "; an engine before 23 supports neither here-documents nor later syntax; allowed: as the first line of the file "
            "# syntax=docker/dockerfile:1, an image that it pulls from the registry, or a newer engine"
        )
    return ""


def _login_hint(reference: str) -> str:
    host = registry(reference)
    return (
        f"the registry {host} requires credentials that it was not given, or has no such image; allowed: docker login {host} "
        f"as {_user_name()}, who deploys here, or DOCKER_CONFIG with the folder of a config.json that has them"
    )


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"user {os.geteuid()}"


def _failure(name: str, lines: Iterable[str], error: str) -> str:
    return "\n".join([f"The image {name} could not be built: {error}", *(f"  | {line}" for line in lines)])
