"""The resources of the stack, and its outputs, which are the same on both targets."""

from __future__ import annotations

import pulumi
from components.docker import DockerInfrastructure, DockerInfrastructureArgs
from components.kubernetes import KubernetesInfrastructure, KubernetesInfrastructureArgs
from components.target import OUTPUTS, TargetInfrastructure
from config import DOCKER, Settings
from protection import check_model, refuse_unprotected


def export(settings: Settings) -> None:
    """Register the resources for ``settings``, and export the outputs. Raises ``UnprotectedError``."""
    check_model(settings.application)
    if settings.protect:
        refuse_unprotected()
    name = settings.application.name
    infrastructure: TargetInfrastructure
    if settings.target == DOCKER:
        infrastructure = DockerInfrastructure(name, DockerInfrastructureArgs(settings))
    else:
        infrastructure = KubernetesInfrastructure(name, KubernetesInfrastructureArgs(settings))
    pulumi.export("application", name)
    pulumi.export("application_file", str(settings.file))
    pulumi.export("target", settings.target)
    for output in OUTPUTS:
        pulumi.export(output, getattr(infrastructure, output))
