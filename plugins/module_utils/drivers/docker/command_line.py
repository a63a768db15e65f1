"""Docker's command line: which of the clients on a host is used, and its environment.

It has what the engine's API alone does not: BuildKit, the credentials of the user that it runs as, and proxies.
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
_ALLOWED = (
    "allowed: a docker on the PATH of the user who deploys, with its plugin buildx (Docker's packages docker-ce-cli and "
    "docker-buildx-plugin, or docker-cli and docker-buildx), or of a version before 23, as in Debian 12's docker.io"
)


class CommandLine:
    """Docker's command line for one engine; a client is chosen when it is first needed.

    The choice matters for builds: clients up to 20.10 include BuildKit, later ones have it in a plugin that may be missing.
    """

    def __init__(self, docker_host: str = "", certificates: str = "", environ: Mapping[str, str] | None = None) -> None:
        """``docker_host`` is the engine's address; if it is empty, ``environ`` (default: ``os.environ``) and contexts decide.

        ``certificates`` is the folder of the TLS certificates for a TCP connection, empty for those that ``environ`` names.
        """
        tls = {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": certificates} if certificates else {}
        self.environment = client_environment(docker_host, {**(os.environ if environ is None else environ), **tls})
        self._engine = ("--host", docker_host) if docker_host else ()

    @cached_property
    def client(self) -> list[str]:
        """The first client that works with the engine, with its options. Raises ``ImageError``."""
        for file in self._files:
            if self._probe(file, "version", "--format", "{{.Client.Version}}")[0]:
                return [file, *self._engine]
        raise ImageError(f"no docker command line is usable: {self._unusable_clients()}")

    @cached_property
    def builder(self) -> list[str]:
        """The first client that can build with BuildKit, with its options. Raises ``ImageError``."""
        for file in self._files:
            if not self._defect(file):
                return [file, *self._engine]
        raise ImageError(f"no docker command line can build: {self._unusable_clients()}")

    @cached_property
    def _files(self) -> list[str]:
        return list(find_clients(self.environment.get("PATH", os.defpath)))

    def _unusable_clients(self) -> str:
        defects = "; ".join(f"{file} {self._defect(file)}" for file in self._files)
        return f"found {defects or 'none'}; {_ALLOWED}"

    def _defect(self, file: str) -> str:
        """Return why a client cannot build with BuildKit, empty if it can."""
        works, line = self._probe(file, "version", "--format", "{{.Client.Version}}")
        if not works:
            return f"does not work with the engine: {line}"
        if has_buildkit(line) or self._probe(file, "buildx", "version")[0]:
            return ""
        return f"is version {line}, without the plugin buildx"

    def _probe(self, file: str, *arguments: str) -> tuple[bool, str]:
        """Return whether a client succeeds with ``arguments``, and the last line of its output or error."""
        try:
            process = subprocess.run(
                [file, *self._engine, *arguments],
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
        output = process.stderr if process.returncode else process.stdout
        return process.returncode == 0, (output.strip().splitlines() or ["no output"])[-1]


def client_environment(docker_host: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return ``environ`` with the variables that make a client build with BuildKit, by the engine's own builder.

    Another builder neither has the engine's images nor stores there what it builds. An attestation of when and how an image
    was built would make two images of the same content differ. Clients refuse TLS for addresses other than ``tcp://``.
    """
    environment = {**environ, "DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1", "DOCKER_CLI_HINTS": "false"}
    environment.pop("BUILDX_BUILDER", None)
    if docker_host:
        environment["BUILDX_BUILDER"] = "default"
        if not docker_host.startswith("tcp://"):
            environment.pop("DOCKER_TLS", None)
            environment.pop("DOCKER_TLS_VERIFY", None)
    return environment


def find_clients(path: str) -> Iterator[str]:
    """Yield the clients in the folders of ``path``, one only once even if several names lead to it."""
    known: set[Path] = set()
    for folder in path.split(os.pathsep):
        file = Path(folder, "docker")
        if folder and file.is_file() and os.access(file, os.X_OK) and file.resolve() not in known:
            known.add(file.resolve())
            yield str(file)


def has_buildkit(version: str) -> bool:
    """Whether clients of ``version`` include BuildKit; false for a text that is not a version."""
    match = re.match(r"v?(\d+)\.(\d+)", version)
    return match is not None and BUILDKIT_SINCE <= (int(match[1]), int(match[2])) < PLUGIN_SINCE
