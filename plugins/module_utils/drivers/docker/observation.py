"""An application as it was observed on an engine, and the plans that lead from there."""

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
from .containers import Setting, instance_containers
from .desired import desired
from .differences import instance_changes
from .names import Role
from .observe import RUNNING, Inventory
from .operations import CreateContainer, DeleteFolder, RemoveContainer, RemoveNetwork, RemoveVolume
from .placement import fixed, ordinals
from .plan import INSTANCE_ROLES, Current, plan_application, removals
from .topology import DockerTopology, allocate, topology


@dataclass(frozen=True)
class DockerObservation:
    """What the engine has, contents of the mesh's files by path, and names of the secrets' files."""

    engine: Inventory
    files: Mapping[str, str]
    secrets: frozenset[str]
    setting: Setting

    def kinds(self) -> dict[str, str]:
        """Return the kinds of the components that are deployed, by name."""
        return {each.component: each.kind for each in self.engine.containers.values() if each.kind}

    def statuses(self) -> dict[Instance, InstanceStatus]:
        """Return how each instance is that is there: as its application is, or its proxy where it has none."""
        found: dict[Instance, InstanceStatus] = {}
        serving = {address for addresses in served_addresses(self.files).values() for address in addresses}
        addresses = {each.instance: each.address for each in self.engine.containers.values() if each.address}
        for role in (Role.SANDBOX, Role.PROXY, Role.WORKLOAD):
            for each in self.engine.containers.values():
                if each.role == role:
                    found[Instance.parse(each.instance)] = InstanceStatus(
                        image=each.image,
                        state=each.state,
                        health=each.health,
                        memory_limit=each.memory,
                        serving=addresses.get(each.instance, "") in serving,
                    )
        for each in self.engine.containers.values():
            if each.role in INSTANCE_ROLES and each.state != RUNNING:
                instance = Instance.parse(each.instance)
                found[instance] = replace(found[instance], state=f"{each.role} {each.state}")
        return found

    def allocation(self, application: EffectiveApplication, recorded: Mapping[str, str]) -> dict[str, str]:
        """Return ``recorded`` with what ``application`` needs besides. Raises ``Refused`` where there is no more to give."""
        network = names.network_name(application.name)
        running = {each.component: each.address for each in self.engine.containers.values() if each.address}
        return allocate(application, recorded, self.engine.networks.get(network, ""), running, self.engine.other_ranges)

    def render(self, application: EffectiveApplication, allocation: Mapping[str, str]) -> dict[str, str]:
        """Return the files of the mesh as ``application`` has them, by their paths; all of its instances serve."""
        wanted = desired(application, self._placed(application, topology(allocation)), self.setting)
        placement = wanted.topology.placement
        serving = {version_name(component, version): frozenset(each) for (component, version), each in placement.items()}
        return {**wanted.files, **wanted.endpoints(serving)}

    def plan(self, application: EffectiveApplication, allocation: Mapping[str, str], scope: Scope) -> Plan:
        """Return the operations that bring ``application`` about, as far as ``scope`` goes."""
        addresses = topology(allocation)
        placed = self._placed(application, addresses)
        current = Current(self.engine, self.files, self.secrets, self._serving(application, addresses))
        return plan_application(desired(application, placed, self.setting), current, scope)

    def removal(self, application: str, scope: TeardownScope) -> Plan:
        """Return the operations that remove the application called ``application``."""
        return make_plan(self._removal(application, scope))

    def _placed(self, application: EffectiveApplication, addresses: DockerTopology) -> DockerTopology:
        """Return ``addresses`` with the instances that are to run."""
        placement: dict[tuple[str, Version], tuple[Instance, ...]] = {}
        for component in application.components:
            for version in application.versions(component.name):
                running = self._running(component.name, version)
                current = [each.ordinal for each in running if self._is_current(each, application, addresses)]
                wanted = application.as_version(component, version)
                replicas = application.replicas(component.name, version)
                chosen = ordinals(wanted, replicas, [each.ordinal for each in running], current)
                placement[component.name, version] = tuple(Instance(component.name, version, each) for each in chosen)
        return replace(addresses, placement=placement)

    def _running(self, component: str, version: Version) -> list[Instance]:
        found = {Instance.parse(each.instance) for each in self.engine.containers.values() if each.component == component}
        return sorted(each for each in found if each.version == version)

    def _is_current(self, instance: Instance, application: EffectiveApplication, addresses: DockerTopology) -> bool:
        """Whether an instance can stay: what it lacks can be put right without ending what it does."""
        containers = instance_containers(instance, application, addresses, self.setting)
        keep = fixed(application.component(instance.component))
        network = names.network_name(application.name)
        changes = instance_changes(containers, self.engine.containers, network, keep)
        sandbox_missing = any(each.verb is CreateContainer and each.container.role == Role.SANDBOX for each in changes)
        return not sandbox_missing and not any(each.renews for each in changes)

    def _serving(self, application: EffectiveApplication, addresses: DockerTopology) -> dict[str, frozenset[Instance]]:
        """Return who serves by the version's name. The file of a port that is given up says nothing where another one does."""
        wanted = {path for component in application.components for path in endpoint_paths(component, application)}
        current = {path: content for path, content in self.files.items() if path in wanted}
        serving = {**served_addresses(self.files), **served_addresses(current)}
        return {target: addresses.instances_at(served, target) for target, served in serving.items()}

    def _removal(self, application: str, scope: TeardownScope) -> list[Operation]:
        layout = self.setting.layout
        joined = {
            each.instance: frozenset(
                RemoveContainer.key_of(other.name)
                for other in self.engine.containers.values()
                if other.instance == each.instance and other.role in (Role.PROXY, Role.WORKLOAD)
            )
            for each in self.engine.containers.values()
        }
        # The supervisor first: it would start again what is being removed.
        first = frozenset(
            RemoveContainer.key_of(each.name) for each in self.engine.containers.values() if each.role not in INSTANCE_ROLES
        )
        none: frozenset[str] = frozenset()
        operations: list[Operation] = [
            RemoveContainer(
                subject=each.name,
                cause="taken down",
                after=joined[each.instance] if each.role == Role.SANDBOX else first if each.role in INSTANCE_ROLES else none,
                component=each.component,
            )
            for each in self.engine.containers.values()
        ]
        gone = frozenset(operation.key for operation in operations)
        if scope.infrastructure:
            operations += [
                RemoveNetwork(subject=name, cause="taken down", after=removals(self.engine, name))
                for name in self.engine.networks
            ]
        folders = [layout.home] if scope.data else [layout.mesh, layout.runs]
        operations += [
            DeleteFolder(subject=str(folder), cause="requested" if scope.data else "taken down", after=gone)
            for folder in folders
            if folder.exists()
        ]
        if scope.data:
            operations += [RemoveVolume(subject=name, cause="requested", after=gone) for name in sorted(self.engine.own_volumes)]
        return operations
