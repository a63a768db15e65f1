"""The driver for each target."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..model.errors import Refused
from .base import Driver


class Target(StrEnum):
    """The kinds of targets."""

    DOCKER = "docker"
    KUBERNETES = "kubernetes"


@dataclass(frozen=True)
class TargetOptions:
    """How to reach the target.

    ``docker_host`` is as in DOCKER_HOST, ``docker_cert_path`` the folder of the TLS certificates for TCP, empty for none;
    ``directory`` is the folder on the host for the mesh's files, secrets and state.
    """

    target: Target
    docker_host: str
    docker_cert_path: str
    directory: str


def make_driver(options: TargetOptions, application: str, folder: str) -> Driver:
    """Return the driver for the application called ``application``, whose relative paths are relative to ``folder``.

    Raises ``Refused`` for a target that applications cannot be deployed to.
    """
    if options.target != Target.DOCKER:
        raise Refused(
            f"target: found {options.target}; allowed: {Target.DOCKER}; on a cluster only the infrastructure can be made, "
            "by pulumi up"
        )
    # Imported only if used, which keeps the start of a module fast.
    from .docker.client import Endpoint, Engine
    from .docker.driver import DockerDriver

    engine = Engine(Endpoint(options.docker_host, options.docker_cert_path))
    return DockerDriver(engine, application, options.directory, folder)
