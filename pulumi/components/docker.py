"""An application's network and volumes on a Docker engine."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_docker as docker
from adoption import Existing, find_existing
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.infrastructure import infrastructure
from config import Settings

from components.storage import storage_options
from components.target import TargetInfrastructure


@dataclass(frozen=True)
class DockerInfrastructureArgs:
    """The settings of the stack."""

    settings: Settings


class DockerInfrastructure(TargetInfrastructure):
    """The mesh's network with its range of addresses, and the volumes that the model names."""

    def __init__(self, name: str, args: DockerInfrastructureArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("evenkeel:docker:Infrastructure", name, None, opts)
        settings = args.settings
        desired = infrastructure(settings.application)
        existing = find_existing(settings.docker_host, desired) if settings.adopt else Existing()
        engine = docker.Provider(
            "engine", docker.ProviderArgs(host=settings.docker_host), pulumi.ResourceOptions(parent=self)
        )
        network = docker.Network(
            desired.network,
            name=desired.network,
            driver="bridge",
            ipam_configs=[docker.NetworkIpamConfigArgs(subnet=desired.subnet)],
            labels=[docker.NetworkLabelArgs(label=key, value=value) for key, value in desired.labels.items()],
            opts=pulumi.ResourceOptions(parent=self, provider=engine, import_=existing.network),
        )
        volumes: dict[str, list[pulumi.Output[str]]] = {}
        for volume in desired.volumes.values():
            resource = docker.Volume(
                volume.name,
                name=volume.name,
                labels=[docker.VolumeLabelArgs(label=key, value=value) for key, value in volume.labels.items()],
                opts=storage_options(
                    self,
                    settings.protect,
                    provider=engine,
                    import_=volume.name if volume.name in existing.volumes else None,
                    # An engine cannot change labels: a volume that exists with others would be replaced, and its data lost.
                    ignore_changes=["labels"],
                ),
            )
            volumes.setdefault(volume.component, []).append(resource.name)
        self._set_outputs(volumes, network=network.name)
