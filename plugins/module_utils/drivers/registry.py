"""Which driver works on which target."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..model.errors import Refused
from .base import Driver


class Target(StrEnum):
    """What an application is deployed to."""

    DOCKER = "docker"
    KUBERNETES = "kubernetes"


@dataclass(frozen=True)
class TargetOptions:
    """Where the target is.

    ``docker_host`` is as in DOCKER_HOST, ``docker_cert_path`` the folder of the certificates for TCP, empty for none;
    ``directory`` is the folder on the host for the mesh's files, secrets and state.
    """

    target: Target
    docker_host: str
    docker_cert_path: str
    directory: str


def make_driver(options: TargetOptions, application: str, folder: str) -> Driver:
    """Return the driver of the application called ``application``, whose relative paths are meant from ``folder``.

    Raises ``Refused`` for a target that applications cannot be deployed to.
    """
    if options.target != Target.DOCKER:
        raise Refused(
            f"target: found {options.target}; allowed: {Target.DOCKER}; of a cluster only the infrastructure can be made, "
            "by pulumi up"
        )
    # Only what is used is loaded: a module's start counts.
    from .docker.client import Endpoint, Engine
    from .docker.driver import DockerDriver

    engine = Engine(Endpoint(options.docker_host, options.docker_cert_path))
    return DockerDriver(engine, application, options.directory, folder)
