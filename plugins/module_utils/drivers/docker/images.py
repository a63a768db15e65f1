"""Images of a Docker engine: looked up by its API, pulled and built by Docker's own command line."""

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
from .output import SHOWN_LINES, BuildOutput, PullOutput

DEFAULT_SECONDS = 1800.0
ROOTFS_CHANGES = ('CMD ["/bin/bash"]',)
_UNWELCOME = re.compile(
    r"no basic auth credentials|unauthorized|authentication required|(?<!permission )denied|forbidden", re.IGNORECASE
)
_LATER_SYNTAX = re.compile(r"unknown (instruction|flag)", re.IGNORECASE)


class DockerImages:
    """The images of one Docker engine, an ``ImageStore``.

    Its methods may be called from several threads at once. ``say`` reports several times a second what a pull or a build
    is at; when it raises, what has been started for that is ended, on the engine too.
    """

    def __init__(self, client: Engine, timeout: float = DEFAULT_SECONDS) -> None:
        """The command line speaks to the engine that ``client`` does. One pull or build may take ``timeout`` seconds."""
        self._engine = client
        self._commands = CommandLine(client.endpoint.host, client.endpoint.certificates)
        self._timeout = timeout

    def missing(self, references: Iterable[str]) -> list[str]:
        """Return those of ``references`` that the engine lacks, all where none answers. Raises ``EngineError``."""
        wanted = [each for each in dict.fromkeys(references) if each]
        if not self._engine.answers():
            return wanted
        ours = {each for each in wanted if each.startswith(f"{REPOSITORY}/")}
        known = self._built() if ours else set()
        return [each for each in wanted if (each not in known if each in ours else not self._has(each))]

    def pull(self, reference: str, say: Callable[[str], None]) -> None:
        """Pull an image with the credentials of the user that this runs as. Raises ``ImageError``, ``EngineError``."""
        output = PullOutput()

        def heard(lines: list[str]) -> None:
            output.hear(lines)
            say(output.step)

        status = self._follow(reference, "pulled", [*self._commands.client, "pull", "--", reference], heard)
        if status:
            raise ImageError(f"{reference} could not be pulled: {output.error}{_pull_way_out(reference, output.error)}")
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

        def heard(lines: list[str]) -> None:
            output.hear(lines)
            say(output.step)

        # The context comes by standard input as it is: as a folder its .dockerignore would be applied once more.
        with archive.open("rb") as context:
            command = [*self._commands.builder, "build", *_build_options(recipe), "-"]
            status = self._follow(recipe.name, "built", command, heard, context)
        if status:
            raise ImageError(_failure(recipe.name, output.lines, output.error + _build_way_out(output)))

    def _import(self, recipe: Recipe, archive: Path, say: Callable[[str], None]) -> None:
        """Fill a folder by the source's own program, and make an image of it."""
        with tempfile.TemporaryDirectory(prefix="evenkeel-") as folder:
            source, root = Path(folder, "source"), Path(folder, "root")
            root.mkdir(mode=0o755)
            with tarfile.open(archive) as content:
                unpack(content, source)
            self._followed_plainly(recipe, ROOTFS, [*_own_mounts(), str(source / ROOTFS), str(root)], say)
            changes = [option for change in ROOTFS_CHANGES for option in ("--change", change)]
            command = [*self._commands.client, "import", *changes, "-", recipe.reference]
            with subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE) as packed:
                self._followed_plainly(recipe, "docker import", command, say, packed.stdout)
            if packed.returncode:
                raise ImageError(_failure(recipe.name, [], f"tar ended with status {packed.returncode}"))

    def _followed_plainly(
        self, recipe: Recipe, name: str, command: Sequence[str], say: Callable[[str], None], stdin: IO[bytes] | None = None
    ) -> None:
        """Run what has no output of a form of its own. Raises ``ImageError`` with the last lines of it."""
        shown: list[str] = []

        def heard(lines: list[str]) -> None:
            shown.extend(line for line in lines if line.strip())
            del shown[:-SHOWN_LINES]
            say(name)

        status = self._follow(recipe.name, "built", command, heard, stdin)
        if status:
            raise ImageError(_failure(recipe.name, shown, f"{name} ended with status {status}"))

    def _follow(
        self,
        name: str,
        done: str,
        command: Sequence[str],
        heard: Callable[[list[str]], None],
        stdin: IO[bytes] | None = None,
    ) -> int:
        try:
            return follow(command, heard, self._timeout, self._commands.environment, stdin)
        except ChildTimeout as error:
            raise ImageError(f"{name} could not be {done}: it took more than {self._timeout:g} s") from error

    def _check(self, reference: str) -> None:
        """Raise ``ImageError`` where the command line spoke to another engine than this one."""
        if self.missing([reference]):
            raise ImageError(
                f"{reference} was made, but the engine does not have it: the docker command line uses another one; allowed: "
                "DOCKER_HOST and a docker context that lead to the engine that is deployed to, and no builder but its own"
            )

    def _built(self) -> set[str]:
        found = self._engine.get("/images/json", filters={"reference": [f"{REPOSITORY}/*"]})
        return {tag for image in found for tag in image["RepoTags"] or ()}

    def _has(self, reference: str) -> bool:
        try:
            self._engine.get(f"/images/{reference}/json")
        except EngineError as error:
            if error.status == 404:
                return False
            raise
        return True


def _own_mounts() -> list[str]:
    """Return what runs a program so that its mounts are gone with it, however it ends: debootstrap leaves one otherwise."""
    unshare = shutil.which("unshare") if os.geteuid() == 0 else None
    return [unshare, "--mount"] if unshare else []


def registry(reference: str) -> str:
    """Return the registry that an image comes from."""
    first, slash, _rest = reference.partition("/")
    return first if slash and (first == "localhost" or "." in first or ":" in first) else "docker.io"


def _build_options(recipe: Recipe) -> list[str]:
    arguments = [option for name, value in recipe.args.items() for option in ("--build-arg", f"{name}={value}")]
    target = ["--target", recipe.target] if recipe.target else []
    names = ["--tag", recipe.reference, "--file", recipe.dockerfile]
    return ["--progress=plain", "--network=host", *names, *arguments, *target]


def _pull_way_out(reference: str, error: str) -> str:
    return f"; {_login(reference)}" if _UNWELCOME.search(error) else ""


def _build_way_out(output: BuildOutput) -> str:
    if _UNWELCOME.search(output.error) and output.parent:
        return f"; {_login(output.parent)}"
    if _LATER_SYNTAX.search(output.error):
        return (
            "; an engine before 23 knows no here-documents nor what came after them; allowed: as the first line of the file "
            "# syntax=docker/dockerfile:1, an image that it gets from the registry, or a newer engine"
        )
    return ""


def _login(reference: str) -> str:
    where = registry(reference)
    return (
        f"the registry {where} wants credentials that it was not given, or has no such image; allowed: docker login {where} "
        f"as {_user()}, who deploys here, or DOCKER_CONFIG with the folder of a config.json that has them"
    )


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"user {os.geteuid()}"


def _failure(name: str, lines: Iterable[str], error: str) -> str:
    return "\n".join([f"The image {name} could not be built: {error}", *(f"  | {line}" for line in lines)])
