"""The desired state of an application on an engine: infrastructure, the mesh's files and the containers of every instance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...mesh.files import endpoint_files, mesh_files
from ...model.effective import EffectiveApplication
from ...model.instance import Instance, version_name
from .containers import Container, HostSettings, instance_containers, supervisor
from .infrastructure import Infrastructure, infrastructure
from .topology import DockerTopology


@dataclass(frozen=True)
class Desired:
    """The desired state of an application on an engine.

    ``files`` are the mesh's by path, without the endpoints; ``instances`` the containers of each instance, the sandbox first;
    ``others`` the containers that belong to no instance.
    """

    application: EffectiveApplication
    topology: DockerTopology
    infrastructure: Infrastructure = field(default_factory=Infrastructure)
    files: Mapping[str, str] = field(default_factory=dict)
    instances: Mapping[Instance, tuple[Container, ...]] = field(default_factory=dict)
    others: tuple[Container, ...] = ()

    def endpoints(self, serving: Mapping[str, frozenset[Instance]]) -> dict[str, str]:
        """Return the endpoint files with the instances in ``serving``, by the version's name."""
        contents: dict[str, str] = {}
        for component in self.application.components:
            for version in self.application.versions(component.name):
                instances = serving.get(version_name(component.name, version), frozenset())
                contents.update(endpoint_files(component, version, instances, self.topology))
        return contents


def desired(application: EffectiveApplication, topology: DockerTopology, settings: HostSettings) -> Desired:
    """Return the desired state of ``application``, with the instances that ``topology`` places."""
    return Desired(
        application=application,
        topology=topology,
        infrastructure=infrastructure(application, topology.mesh_range),
        files=mesh_files(application, topology),
        instances={
            instance: instance_containers(instance, application, topology, settings)
            for component in application.components
            for version in application.versions(component.name)
            for instance in topology.instances(component.name, version)
        },
        others=(supervisor(application, settings),),
    )
