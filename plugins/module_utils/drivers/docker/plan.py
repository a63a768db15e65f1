"""The plan from the observed to the desired state: pure, and the source of the text of check mode and diff.

The unit of change is the instance. A serving one that has to be replaced is withdrawn from the endpoints, drained, replaced, and
admitted again once it is healthy, one instance of a version at a time; a single one is removed when its successor serves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from ...mesh.clusters import endpoints_file
from ...mesh.listeners import component_directory
from ...mesh.routes import ROUTES_FILE
from ...model.application import Component
from ...model.instance import Instance, Version, version_name
from ...plan.graph import Operation, Plan, make_plan
from ..base import DeploymentPart, Scope
from . import names
from .desired import Desired
from .differences import Change, container_change, instance_changes
from .names import Role, former_name
from .observe import Inventory, ObservedContainer
from .operations import (
    Admit,
    AwaitInstance,
    CreateContainer,
    CreateNetwork,
    CreateVolume,
    DeleteFile,
    DetachContainer,
    Drain,
    GenerateSecret,
    HandOverProxy,
    RemoveContainer,
    RemoveNetwork,
    Withdraw,
    WriteFile,
)
from .placement import replaced_in_place

INSTANCE_ROLES = (Role.SANDBOX, Role.PROXY, Role.WORKLOAD)
WRITE_ROUTES = WriteFile.key_of(ROUTES_FILE)


@dataclass(frozen=True)
class Current:
    """The observed state: the engine's resources, contents of the mesh's files by path, and names of the stored secrets.

    ``serving`` has the instances in the endpoints, by the version's name; it lacks versions without endpoint files.
    """

    engine: Inventory = field(default_factory=Inventory)
    files: Mapping[str, str] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    serving: Mapping[str, frozenset[Instance]] = field(default_factory=dict)


def plan_application(desired: Desired, current: Current, scope: Scope) -> Plan:
    """Return the operations within ``scope`` that bring ``current`` to ``desired``."""
    operations: list[Operation] = []
    if DeploymentPart.INFRASTRUCTURE in scope.parts:
        operations += _infrastructure(desired, current)
    if DeploymentPart.MESH in scope.parts:
        operations += _files(desired, current)
    if DeploymentPart.COMPONENTS in scope.parts:
        operations += _Components(desired, current, scope.only).operations()
    return make_plan(operations)


def _infrastructure(desired: Desired, current: Current) -> Iterator[Operation]:
    infrastructure, inventory = desired.infrastructure, current.engine
    network = infrastructure.network
    for name, subnet in inventory.networks.items():
        if name != network:
            yield RemoveNetwork(subject=name, cause="not in the model", after=removal_keys(inventory, name))
        elif subnet != infrastructure.subnet:
            cause = f"its range is {subnet}, wanted {infrastructure.subnet}"
            # Remaining components are disconnected from it, and recreated on the new network.
            after = removal_keys(inventory, name, without={component.name for component in desired.application.components})
            yield RemoveNetwork(subject=name, cause=cause, after=after)
    if network and inventory.networks.get(network) != infrastructure.subnet:
        cause = "missing" if network not in inventory.networks else "its range has changed"
        after = frozenset({RemoveNetwork.key_of(network)})
        yield CreateNetwork(
            subject=network, cause=cause, after=after, subnet=infrastructure.subnet, labels=infrastructure.labels
        )
    for volume in sorted(set(infrastructure.volumes) - inventory.volumes):
        yield CreateVolume(subject=volume, cause="missing", labels=infrastructure.volumes[volume].labels)
    for secret in desired.application.secrets:
        if secret.name not in current.secrets:
            yield GenerateSecret(subject=secret.name, cause="missing")


def removal_keys(inventory: Inventory, network: str, without: Collection[str] = ()) -> frozenset[str]:
    """Return the keys of the removals of the containers on ``network``, except those of the components ``without``."""
    return frozenset(
        RemoveContainer.key_of(container.name)
        for container in inventory.containers.values()
        if network in container.networks and container.component not in without
    )


def _files(desired: Desired, current: Current) -> Iterator[Operation]:
    """Yield the writes of files: endpoints before clusters, then listeners, then routes."""
    before: frozenset[str] = frozenset()
    files = {**desired.files, **desired.endpoints(_initially_serving(desired, current))}
    for stage in _by_stage(files, current.files):
        for path, cause in stage:
            yield WriteFile(subject=path, cause=cause, after=before, content=files[path])
        before |= {WriteFile.key_of(path) for path, _cause in stage}
    for path in sorted(set(current.files) - set(files)):
        yield DeleteFile(subject=path, cause="not in the model", after=before)


def _initially_serving(desired: Desired, current: Current) -> dict[str, frozenset[Instance]]:
    """Return the instances in the endpoints at first: those that serve now, or all of a version that has no callers yet."""
    return {
        version_name(component.name, version): current.serving.get(
            version_name(component.name, version), frozenset(desired.topology.instances(component.name, version))
        )
        for component in desired.application.components
        for version in desired.application.versions(component.name)
    }


def _by_stage(files: Mapping[str, str], current: Mapping[str, str]) -> list[list[tuple[str, str]]]:
    stages: list[list[tuple[str, str]]] = [[], [], [], []]
    for path, content in sorted(files.items()):
        if current.get(path) == content:
            continue
        name = path.rpartition("/")[2]
        first = path.startswith("shared/endpoints/") or name.startswith(("inbound.", "bootstrap."))
        stage = 0 if first else 1 if name == "clusters.json" else 2 if name == "listeners.json" else 3
        stages[stage].append((path, "missing" if path not in current else "its content has changed"))
    return stages


class _Components:
    """Plans the containers, and the traffic to the instances while they change."""

    def __init__(self, desired: Desired, current: Current, only: tuple[str, ...]) -> None:
        self._desired = desired
        self._current = current
        self._application = desired.application
        self._network = desired.infrastructure.network
        self._components = {component.name: component for component in desired.application.components}
        self._only = only
        self._observed: dict[Instance, list[ObservedContainer]] = {}
        for container in current.engine.containers.values():
            if container.role in INSTANCE_ROLES and (not only or container.component in only):
                self._observed.setdefault(Instance.parse(container.instance), []).append(container)
        self._changes = {
            instance: instance_changes(
                containers, current.engine.containers, self._network, replaced_in_place(self._components[instance.component])
            )
            for instance, containers in desired.instances.items()
            if not only or instance.component in only
        }

    def operations(self) -> Iterator[Operation]:
        """Yield all operations. Removals come before new instances, which may publish the same port."""
        for component in self._application.components:
            if not self._only or component.name in self._only:
                for version in self._application.versions(component.name):
                    yield from self._version(component, version)
        for instance in self._observed:
            if instance.component not in self._components or instance.version not in self._application.versions(
                instance.component
            ):
                yield from self._remove(instance, frozenset())
        if not self._only:
            yield from self._other_containers()

    def _version(self, component: Component, version: Version) -> Iterator[Operation]:
        """Yield the operations of a version: kept and new instances first, then replacements, then removals.

        An instance that does not work is replaced first: until then, the others are needed.
        """
        placed = self._desired.topology.instances(component.name, version)
        replaced = sorted(
            (instance for instance in placed if len(placed) > 1 and self._is_replaced(instance)), key=self._works
        )
        removed = [
            instance
            for instance in self._observed
            if (instance.component, instance.version) == (component.name, version) and instance not in placed
        ]
        needed = bool(replaced) or any(self._serves(instance) for instance in removed)
        operations = [
            operation for instance in placed if instance not in replaced for operation in self._keep(instance, needed)
        ]
        yield from operations
        before = frozenset(operation.key for operation in operations if isinstance(operation, (AwaitInstance, Admit)))
        for instance in replaced:
            yield from self._replace(instance, before)
            before = frozenset({Admit.key_of(instance.name)})
        for instance in removed:
            yield from self._remove(instance, before)

    def _is_replaced(self, instance: Instance) -> bool:
        """Whether an instance has to be replaced while others of its version serve."""
        split = self._application.split(instance.component)
        closed = split is not None and split.closed == instance.version
        return self._serves(instance) and self._is_outdated(instance) and not closed

    def _is_outdated(self, instance: Instance) -> bool:
        return any(change.recreates for change in self._changes[instance])

    def _serves(self, instance: Instance) -> bool:
        return instance in self._current.serving.get(version_name(instance.component, instance.version), ())

    def _has_endpoints(self, instance: Instance) -> bool:
        """Whether callers read the endpoints of the instance's version already."""
        return version_name(instance.component, instance.version) in self._current.serving

    def _works(self, instance: Instance) -> bool:
        """Whether all containers of an instance run and are healthy, as far as the engine reports."""
        observed = [self._current.engine.containers.get(container.name) for container in self._desired.instances[instance]]
        return all(container and container.running and container.health in ("", "healthy") for container in observed)

    def _keep(self, instance: Instance, needed: bool) -> Iterator[Operation]:
        """Yield the operations of an instance that does not serve, or that no other can stand in for.

        If it is ``needed``, others are replaced or removed once it is healthy.
        """
        admit = self._has_endpoints(instance) and not self._serves(instance)
        drained: frozenset[str] = frozenset()
        if admit and self._is_outdated(instance):
            # An interrupted run may have withdrawn it.
            yield self._drain(instance, drained)
            drained = frozenset({Drain.key_of(instance.name)})
        yield from self._containers(instance, drained)
        yield from self._leftovers(instance)
        unhealthy = self._unhealthy(instance)
        if self._changes[instance] or unhealthy:
            yield self._await(instance, unhealthy or "healthy before the run ends")
        elif admit:
            yield self._await(instance, "healthy before callers send to it")
        elif needed:
            yield self._await(instance, "healthy before others leave")
        if admit:
            yield self._admit(instance)

    def _leftovers(self, instance: Instance) -> Iterator[Operation]:
        """Yield the removals of successors of proxies that a run left which was killed during a handover."""
        desired = {container.name for container in self._desired.instances[instance]}
        handed_over = {
            change.container.name for change in self._changes[instance] if change.operation in (HandOverProxy, CreateContainer)
        }
        for container in self._observed.get(instance, []):
            if container.name not in desired and former_name(container.name) not in handed_over:
                yield RemoveContainer(subject=container.name, cause="left by a run that was killed", component=instance.component)

    def _replace(self, instance: Instance, before: frozenset[str]) -> Iterator[Operation]:
        causes = [change.cause for change in self._changes[instance] if change.recreates]
        yield self._withdraw(instance, f"to be replaced: {causes[0]}", before)
        yield self._drain(instance, frozenset({Withdraw.key_of(instance.name)}))
        yield from self._containers(instance, frozenset({Drain.key_of(instance.name)}))
        yield self._await(instance, "healthy before callers send to it")
        yield self._admit(instance)

    def _remove(self, instance: Instance, before: frozenset[str]) -> Iterator[Operation]:
        """Yield the removal of an instance, once no caller knows it any more and its in-flight requests are finished."""
        withdrawn = {*before, *(WriteFile.key_of(path) for path in self._desired.files)}
        component = self._components.get(instance.component)
        has_callers = bool(component and component.ports)
        if component and self._serves(instance) and instance.version in self._application.versions(component.name):
            yield self._withdraw(instance, "to be removed", frozenset(before))
            withdrawn.add(Withdraw.key_of(instance.name))
        if has_callers or not component:
            yield self._drain(instance, frozenset(withdrawn))
        after = frozenset({*withdrawn, Drain.key_of(instance.name)})
        containers = self._observed[instance]
        joined = frozenset(
            RemoveContainer.key_of(container.name) for container in containers if container.role != Role.SANDBOX
        )
        sandbox_missing = all(container.role != Role.SANDBOX for container in containers)
        for container in containers:
            sandbox = container.role == Role.SANDBOX
            yield RemoveContainer(
                subject=container.name,
                cause="not in the model",
                after=after | joined if sandbox else after,
                component=instance.component,
                folder=instance.name if sandbox or sandbox_missing else "",
            )

    def _containers(self, instance: Instance, before: frozenset[str]) -> Iterator[Operation]:
        for change in self._changes[instance]:
            ready = self._before_sandbox() if change.container.role == Role.SANDBOX else self._before_joined(instance, change)
            yield self._operation(change, before | ready)

    def _operation(self, change: Change, after: frozenset[str]) -> Operation:
        container = change.container
        common = {"subject": container.name, "cause": change.cause, "after": after, "component": container.component}
        if change.operation is DetachContainer:
            return DetachContainer(**common, container=container, network=self._network)  # type: ignore[arg-type]
        return change.operation(**common, container=container)  # type: ignore[arg-type]

    def _other_containers(self) -> Iterator[Operation]:
        desired = {container.name for container in self._desired.others}
        for container in self._desired.others:
            change = container_change(container, self._current.engine.containers.get(container.name), self._network)
            if change:
                yield self._operation(change, self._before_sandbox())
        for observed in self._current.engine.containers.values():
            if observed.role not in INSTANCE_ROLES and observed.name not in desired:
                yield RemoveContainer(subject=observed.name, cause="not in the model")

    def _before_sandbox(self) -> frozenset[str]:
        """Return the keys of what a sandbox starts after."""
        removals = {
            RemoveContainer.key_of(container.name)
            for instance, containers in self._observed.items()
            if instance.component not in self._components
            for container in containers
        }
        return frozenset({CreateNetwork.key_of(self._network), WRITE_ROUTES, *removals})

    def _before_joined(self, instance: Instance, change: Change) -> frozenset[str]:
        """Return the keys of what a proxy or a workload starts after."""
        application, component = self._application, self._components[instance.component]
        directory = f"{component_directory(component.name)}/"
        before = {WriteFile.key_of(path) for path in self._desired.files if path.startswith(directory)}
        before |= {other.key for other in self._changes[instance] if other.container.role == Role.SANDBOX}
        if change.container.role == Role.WORKLOAD:
            before |= {GenerateSecret.key_of(secret.source) for secret in component.secrets}
            before |= {CreateVolume.key_of(names.volume_name(application.name, mount.source)) for mount in component.mounts}
            for dependency in component.dependencies:
                before |= self._before_dependent(dependency.name, dependency.condition == "service_healthy")
        return frozenset(before)

    def _before_dependent(self, component: str, healthy: bool) -> set[str]:
        """Return the keys of what starts the instances of a dependency, and, if ``healthy``, waits for their health."""
        before: set[str] = set()
        for instance in self._desired.topology.instances(component, Version.STABLE):
            if healthy:
                before.add(AwaitInstance.key_of(instance.name))
            changes = self._changes.get(instance, [])
            before |= {change.key for change in changes if change.container.role == Role.WORKLOAD}
        return before

    def _await(self, instance: Instance, cause: str) -> AwaitInstance:
        return AwaitInstance(
            subject=instance.name,
            cause=cause,
            after=frozenset(change.key for change in self._changes[instance]),
            component=instance.component,
            containers=self._desired.instances[instance],
            model=self._components[instance.component],
        )

    def _admit(self, instance: Instance) -> Admit:
        component = self._components[instance.component]
        return Admit(
            subject=instance.name,
            cause="healthy",
            after=frozenset({AwaitInstance.key_of(instance.name), *self._endpoints_written(instance)}),
            component=component.name,
            instance=instance,
            model=component,
            topology=self._desired.topology,
        )

    def _withdraw(self, instance: Instance, cause: str, before: frozenset[str]) -> Withdraw:
        component = self._components[instance.component]
        return Withdraw(
            subject=instance.name,
            cause=cause,
            after=before | self._endpoints_written(instance),
            component=component.name,
            instance=instance,
            model=component,
            topology=self._desired.topology,
        )

    def _endpoints_written(self, instance: Instance) -> frozenset[str]:
        """Return the keys of the writes that an operation on the endpoints of a version comes after."""
        target = version_name(instance.component, instance.version)
        ports = self._components[instance.component].ports
        return frozenset(WriteFile.key_of(endpoints_file(target, port.number)) for port in ports)

    def _drain(self, instance: Instance, before: frozenset[str]) -> Drain:
        cause = "finish in-flight requests first"
        return Drain(subject=instance.name, cause=cause, after=before, component=instance.component, instance=instance)

    def _unhealthy(self, instance: Instance) -> str:
        containers = self._current.engine.containers
        workload = containers.get(names.container_name(self._application.name, instance.name, Role.WORKLOAD))
        return "it is unhealthy" if workload and workload.health == "unhealthy" else ""
