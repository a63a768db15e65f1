"""Docker's own command line: which of those that a host has, and the environment that it runs in.

It brings what the engine's API alone does not: BuildKit, the credentials of the user that it runs as, and proxies.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from ..errors import ImageError

PROBE_SECONDS = 60.0
BUILDKIT_SINCE, PLUGIN_SINCE = (18, 9), (23, 0)
_WAY_OUT = (
    "allowed: a docker on the PATH of who deploys, with its plugin buildx (packages docker-ce-cli and docker-buildx-plugin "
    "of Docker, or docker-cli and docker-buildx), or of a version before 23, as Debian 12 has it in docker.io"
)


class CommandLine:
    """Docker's command line for one engine; a client is chosen when it is first needed.

    Which one matters for builds: clients up to 20.10 have BuildKit in them, later ones in a plugin that may not be there.
    """

    def __init__(self, docker_host: str = "", certificates: str = "", given: Mapping[str, str] | None = None) -> None:
        """``docker_host`` is the engine's address, empty for what ``given``, the environment by default, and contexts say.

        ``certificates`` is the folder of those that a TCP connection is encrypted by, empty for none of our own.
        """
        tls = {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": certificates} if certificates else {}
        self.environment = environment(docker_host, {**(os.environ if given is None else given), **tls})
        self._engine = ("--host", docker_host) if docker_host else ()

    @cached_property
    def client(self) -> list[str]:
        """The first client that the engine answers, with its options. Raises ``ImageError``."""
        for file in self._files:
            if self._answer(file, "version", "--format", "{{.Client.Version}}")[0]:
                return [file, *self._engine]
        raise ImageError(f"no docker command line is of use: {self._unfit()}")

    @cached_property
    def builder(self) -> list[str]:
        """The first client that builds by BuildKit, with its options. Raises ``ImageError``."""
        for file in self._files:
            if not self._lack(file):
                return [file, *self._engine]
        raise ImageError(f"no docker command line can build: {self._unfit()}")

    @cached_property
    def _files(self) -> list[str]:
        return list(candidates(self.environment.get("PATH", os.defpath)))

    def _unfit(self) -> str:
        found = "; ".join(f"{file} {self._lack(file)}" for file in self._files)
        return f"found {found or 'none'}; {_WAY_OUT}"

    def _lack(self, file: str) -> str:
        """Return what keeps a client from building by BuildKit, empty if nothing does."""
        works, answer = self._answer(file, "version", "--format", "{{.Client.Version}}")
        if not works:
            return f"does not work with the engine: {answer}"
        if has_buildkit(answer) or self._answer(file, "buildx", "version")[0]:
            return ""
        return f"is of version {answer}, without the plugin buildx"

    def _answer(self, file: str, *words: str) -> tuple[bool, str]:
        """Return whether a client knows an answer, and its last line, or that of why not."""
        try:
            done = subprocess.run(
                [file, *self._engine, *words],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PROBE_SECONDS,
                text=True,
                check=False,
                errors="replace",
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return False, str(error)
        said = done.stderr if done.returncode else done.stdout
        return done.returncode == 0, (said.strip().splitlines() or ["no answer"])[-1]


def environment(docker_host: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a client: ``given``, and in it BuildKit, by the engine's own builder.

    Another builder neither knows the images that the engine has nor leaves there what it builds. An attestation of when and
    how would make two images of the same content differ. TLS is for addresses ``tcp://``: clients refuse it for others.
    """
    made = {**given, "DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1", "DOCKER_CLI_HINTS": "false"}
    made.pop("BUILDX_BUILDER", None)
    if docker_host:
        made["BUILDX_BUILDER"] = "default"
        if not docker_host.startswith("tcp://"):
            made.pop("DOCKER_TLS", None)
            made.pop("DOCKER_TLS_VERIFY", None)
    return made


def candidates(path: str) -> Iterator[str]:
    """Yield the clients in the folders of ``path``, each once though several names lead to it."""
    known: set[Path] = set()
    for folder in path.split(os.pathsep):
        file = Path(folder, "docker")
        if folder and file.is_file() and os.access(file, os.X_OK) and file.resolve() not in known:
            known.add(file.resolve())
            yield str(file)


def has_buildkit(version: str) -> bool:
    """Whether clients of ``version`` have BuildKit in them; one that does not look like a version has not."""
    found = re.match(r"v?(\d+)\.(\d+)", version)
    return found is not None and BUILDKIT_SINCE <= (int(found[1]), int(found[2])) < PLUGIN_SINCE
