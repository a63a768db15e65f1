"""The observed state of an application on an engine, and the plans from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...mesh.files import endpoint_paths, served_addresses
from ...model.effective import EffectiveApplication
from ...model.instance import Instance, Version, version_name
from ...model.status import InstanceStatus
from ...plan.graph import Operation, Plan, make_plan
from ..base import Scope, TeardownScope
from . import names
from .containers import HostSettings, instance_containers
from .desired import desired
from .differences import instance_changes
from .names import Role
from .observe import RUNNING, Inventory, ObservedContainer
from .operations import CreateContainer, DeleteFolder, RemoveContainer, RemoveNetwork, RemoveVolume
from .placement import choose_ordinals, replaced_in_place
from .plan import INSTANCE_ROLES, Current, plan_application, removal_keys
from .topology import DockerTopology, allocate, topology


@dataclass(frozen=True)
class DockerObservation:
    """The engine's resources, contents of the mesh's files by path, and names of the stored secrets."""

    engine: Inventory
    files: Mapping[str, str]
    secrets: frozenset[str]
    settings: HostSettings

    def kinds(self) -> dict[str, str]:
        """Return the kinds of the components that are deployed, by name."""
        return {container.component: container.kind for container in self.engine.containers.values() if container.kind}

    def statuses(self) -> dict[Instance, InstanceStatus]:
        """Return the status of each existing instance: that of its workload, or of its proxy if it has none."""
        statuses: dict[Instance, InstanceStatus] = {}
        containers = self.engine.containers.values()
        serving = {address for addresses in served_addresses(self.files).values() for address in addresses}
        addresses = {container.instance: container.address for container in containers if container.address}
        for role in (Role.SANDBOX, Role.PROXY, Role.WORKLOAD):
            for container in containers:
                if container.role == role:
                    statuses[Instance.parse(container.instance)] = InstanceStatus(
                        image=container.image,
                        state=container.state,
                        health=container.health,
                        memory_limit=container.memory,
                        serving=addresses.get(container.instance, "") in serving,
                    )
        for container in containers:
            if container.role in INSTANCE_ROLES and container.state != RUNNING:
                instance = Instance.parse(container.instance)
                statuses[instance] = replace(statuses[instance], state=f"{container.role} {container.state}")
        return statuses

    def allocation(self, application: EffectiveApplication, recorded: Mapping[str, str]) -> dict[str, str]:
        """Return ``recorded`` with the additions that ``application`` needs. Raises ``Refused`` if the network is full."""
        network = names.network_name(application.name)
        running = {container.component: container.address for container in self.engine.containers.values() if container.address}
        return allocate(application, recorded, self.engine.networks.get(network, ""), running, self.engine.other_ranges)

    def render(self, application: EffectiveApplication, allocation: Mapping[str, str]) -> dict[str, str]:
        """Return the mesh's files for ``application``, by path, with all of its instances in the endpoints."""
        state = desired(application, self._placed(application, topology(allocation)), self.settings)
        placement = state.topology.placement
        serving = {version_name(*version): frozenset(instances) for version, instances in placement.items()}
        return {**state.files, **state.endpoints(serving)}

    def plan(self, application: EffectiveApplication, allocation: Mapping[str, str], scope: Scope) -> Plan:
        """Return the operations within ``scope`` that deploy ``application``."""
        addresses = topology(allocation)
        placed = self._placed(application, addresses)
        current = Current(self.engine, self.files, self.secrets, self._serving(application, addresses))
        return plan_application(desired(application, placed, self.settings), current, scope)

    def removal(self, application: str, scope: TeardownScope) -> Plan:
        """Return the operations that remove the application called ``application``."""
        return make_plan(self._removal(application, scope))

    def _placed(self, application: EffectiveApplication, addresses: DockerTopology) -> DockerTopology:
        """Return ``addresses`` with the instances that should run."""
        placement: dict[tuple[str, Version], tuple[Instance, ...]] = {}
        for component in application.components:
            for version in application.versions(component.name):
                running = self._running(component.name, version)
                current = [instance.ordinal for instance in running if self._is_current(instance, application, addresses)]
                model = application.as_version(component, version)
                replicas = application.replicas(component.name, version)
                ordinals = choose_ordinals(model, replicas, [instance.ordinal for instance in running], current)
                placement[component.name, version] = tuple(Instance(component.name, version, ordinal) for ordinal in ordinals)
        return replace(addresses, placement=placement)

    def _running(self, component: str, version: Version) -> list[Instance]:
        containers = [container for container in self.engine.containers.values() if container.component == component]
        instances = {Instance.parse(container.instance) for container in containers}
        return sorted(instance for instance in instances if instance.version == version)

    def _is_current(self, instance: Instance, application: EffectiveApplication, addresses: DockerTopology) -> bool:
        """Whether an instance can stay: no change of it replaces a running container."""
        containers = instance_containers(instance, application, addresses, self.settings)
        in_place = replaced_in_place(application.component(instance.component))
        network = names.network_name(application.name)
        changes = instance_changes(containers, self.engine.containers, network, in_place)
        sandbox_missing = any(
            change.operation is CreateContainer and change.container.role == Role.SANDBOX for change in changes
        )
        return not sandbox_missing and not any(change.recreates for change in changes)

    def _serving(self, application: EffectiveApplication, addresses: DockerTopology) -> dict[str, frozenset[Instance]]:
        """Return the serving instances by the version's name. Files of ports that a version still has take precedence."""
        paths = {path for component in application.components for path in endpoint_paths(component, application)}
        current = {path: content for path, content in self.files.items() if path in paths}
        serving = {**served_addresses(self.files), **served_addresses(current)}
        return {target: addresses.instances_at(served, target) for target, served in serving.items()}

    def _removal(self, application: str, scope: TeardownScope) -> list[Operation]:
        layout = self.settings.layout
        containers = self.engine.containers.values()
        joined = {
            instance: frozenset(
                RemoveContainer.key_of(container.name)
                for container in containers
                if container.instance == instance and container.role in (Role.PROXY, Role.WORKLOAD)
            )
            for instance in {container.instance for container in containers}
        }
        # The supervisor first: it would restart what is being removed.
        supervisors = frozenset(
            RemoveContainer.key_of(container.name) for container in containers if container.role not in INSTANCE_ROLES
        )

        def after(container: ObservedContainer) -> frozenset[str]:
            if container.role == Role.SANDBOX:
                return joined[container.instance]
            return supervisors if container.role in INSTANCE_ROLES else frozenset()

        operations: list[Operation] = [
            RemoveContainer(
                subject=container.name, cause="taken down", after=after(container), component=container.component
            )
            for container in containers
        ]
        removed = frozenset(operation.key for operation in operations)
        if scope.infrastructure:
            operations += [
                RemoveNetwork(subject=name, cause="taken down", after=removal_keys(self.engine, name))
                for name in self.engine.networks
            ]
        folders = [layout.home] if scope.data else [layout.mesh, layout.admin_folders]
        operations += [
            DeleteFolder(subject=str(folder), cause="requested" if scope.data else "taken down", after=removed)
            for folder in folders
            if folder.exists()
        ]
        if scope.data:
            operations += [
                RemoveVolume(subject=name, cause="requested", after=removed) for name in sorted(self.engine.own_volumes)
            ]
        return operations
