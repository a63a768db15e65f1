"""An application's network and volumes on a Docker engine."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_docker as docker
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.infrastructure import infrastructure
from config import Settings
from present import Present, present

from components.storage import kept
from components.target import TargetInfrastructure


@dataclass(frozen=True)
class DockerInfrastructureArgs:
    """What it is made from."""

    settings: Settings


class DockerInfrastructure(TargetInfrastructure):
    """The mesh's network with its range of addresses, and a volume for each that the model names."""

    def __init__(self, name: str, args: DockerInfrastructureArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("evenkeel:docker:Infrastructure", name, None, opts)
        settings = args.settings
        wanted = infrastructure(settings.application)
        there = present(settings.docker_host, wanted) if settings.adopt else Present()
        engine = docker.Provider(
            "engine", docker.ProviderArgs(host=settings.docker_host), pulumi.ResourceOptions(parent=self)
        )
        network = docker.Network(
            wanted.network,
            name=wanted.network,
            driver="bridge",
            ipam_configs=[docker.NetworkIpamConfigArgs(subnet=wanted.subnet)],
            labels=[docker.NetworkLabelArgs(label=key, value=value) for key, value in wanted.labels.items()],
            opts=pulumi.ResourceOptions(parent=self, provider=engine, import_=there.network),
        )
        volumes: dict[str, list[pulumi.Output[str]]] = {}
        for volume in wanted.volumes.values():
            made = docker.Volume(
                volume.name,
                name=volume.name,
                labels=[docker.VolumeLabelArgs(label=key, value=value) for key, value in volume.labels.items()],
                opts=kept(
                    self,
                    settings.protect,
                    provider=engine,
                    import_=volume.name if volume.name in there.volumes else None,
                    # An engine cannot change them: one that is there with others would be replaced, its data lost.
                    ignore_changes=["labels"],
                ),
            )
            volumes.setdefault(volume.component, []).append(made.name)
        self._tell(volumes, network=network.name)
