"""The plan that brings what is observed to what is desired: pure, and the text of check mode and diff.

The unit of change is the instance. One that serves and has to be replaced is withdrawn from the endpoints, drained, replaced,
and admitted again once it is healthy, one after another of a version; a single one leaves when its successor serves.
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
from .observe import Found, Inventory
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
from .placement import fixed

INSTANCE_ROLES = (Role.SANDBOX, Role.PROXY, Role.WORKLOAD)
ROUTES_WRITTEN = WriteFile.key_of(ROUTES_FILE)


@dataclass(frozen=True)
class Current:
    """What is on the target: the engine's part, contents of the mesh's files by path, and names of the secrets' files.

    ``serving`` are the instances that callers send to, by the version's name; a version without files is not in it.
    """

    engine: Inventory = field(default_factory=Inventory)
    files: Mapping[str, str] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    serving: Mapping[str, frozenset[Instance]] = field(default_factory=dict)


def plan_application(wanted: Desired, current: Current, scope: Scope) -> Plan:
    """Return the operations that are needed, as far as ``scope`` goes."""
    operations: list[Operation] = []
    if DeploymentPart.INFRASTRUCTURE in scope.parts:
        operations += _infrastructure(wanted, current)
    if DeploymentPart.MESH in scope.parts:
        operations += _files(wanted, current)
    if DeploymentPart.COMPONENTS in scope.parts:
        operations += _Components(wanted, current, scope.only).operations()
    return make_plan(operations)


def _infrastructure(wanted: Desired, current: Current) -> Iterator[Operation]:
    goal, found = wanted.infrastructure, current.engine
    for name, subnet in found.networks.items():
        if name != goal.network:
            yield RemoveNetwork(subject=name, cause="not in the model", after=removals(found, name))
        elif subnet != goal.subnet:
            cause = f"its range is {subnet}, wanted {goal.subnet}"
            # The instances of what stays are taken off it, and made anew on the one that comes.
            gone = removals(found, name, but={each.name for each in wanted.application.components})
            yield RemoveNetwork(subject=name, cause=cause, after=gone)
    if goal.network and found.networks.get(goal.network) != goal.subnet:
        cause = "missing" if goal.network not in found.networks else "its range has changed"
        after = frozenset({RemoveNetwork.key_of(goal.network)})
        yield CreateNetwork(subject=goal.network, cause=cause, after=after, subnet=goal.subnet, labels=goal.labels)
    for volume in sorted(set(goal.volumes) - found.volumes):
        yield CreateVolume(subject=volume, cause="missing", labels=goal.volumes[volume].labels)
    for secret in wanted.application.secrets:
        if secret.name not in current.secrets:
            yield GenerateSecret(subject=secret.name, cause="missing")


def removals(found: Inventory, network: str, but: Collection[str] = ()) -> frozenset[str]:
    """Return the keys of the removals of the containers on ``network``, without those of the components ``but``."""
    containers = [each for each in found.containers.values() if network in each.networks and each.component not in but]
    return frozenset(RemoveContainer.key_of(each.name) for each in containers)


def _files(wanted: Desired, current: Current) -> Iterator[Operation]:
    """Yield the writes of files: endpoints before clusters, those before listeners, and these before the routes."""
    before: frozenset[str] = frozenset()
    files = {**wanted.files, **wanted.endpoints(_admitted(wanted, current))}
    for stage in _by_stage(files, current.files):
        for path, cause in stage:
            yield WriteFile(subject=path, cause=cause, after=before, content=files[path])
        before |= {WriteFile.key_of(path) for path, _cause in stage}
    for path in sorted(set(current.files) - set(files)):
        yield DeleteFile(subject=path, cause="not in the model", after=before)


def _admitted(wanted: Desired, current: Current) -> dict[str, frozenset[Instance]]:
    """Return who serves to begin with: who does now, and of a version that nobody calls yet all that are to come."""
    return {
        version_name(component.name, version): current.serving.get(
            version_name(component.name, version), frozenset(wanted.topology.instances(component.name, version))
        )
        for component in wanted.application.components
        for version in wanted.application.versions(component.name)
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
    """Plans the containers, and the traffic to instances while these change."""

    def __init__(self, wanted: Desired, current: Current, only: tuple[str, ...]) -> None:
        self._wanted = wanted
        self._current = current
        self._application = wanted.application
        self._network = wanted.infrastructure.network
        self._components = {each.name: each for each in wanted.application.components}
        self._only = only
        self._found: dict[Instance, list[Found]] = {}
        for container in current.engine.containers.values():
            if container.role in INSTANCE_ROLES and (not only or container.component in only):
                self._found.setdefault(Instance.parse(container.instance), []).append(container)
        self._changes = {
            instance: instance_changes(
                containers, current.engine.containers, self._network, fixed(self._components[instance.component])
            )
            for instance, containers in wanted.instances.items()
            if not only or instance.component in only
        }

    def operations(self) -> Iterator[Operation]:
        """Yield all. What has left the model goes before anything new comes: it may hold a port that is published now."""
        for component in self._application.components:
            if not self._only or component.name in self._only:
                for version in self._application.versions(component.name):
                    yield from self._version(component, version)
        for instance in self._found:
            if instance.component not in self._components or instance.version not in self._application.versions(
                instance.component
            ):
                yield from self._leave(instance, frozenset())
        if not self._only:
            yield from self._others()

    def _version(self, component: Component, version: Version) -> Iterator[Operation]:
        """Yield what is done to a version: to what stays or comes, then to those that are replaced, then to those that leave.

        Of those that are replaced one that does not work comes first: until it does, the others are needed.
        """
        placed = self._wanted.topology.instances(component.name, version)
        rolling = sorted((each for each in placed if len(placed) > 1 and self._is_rolled(each)), key=self._works)
        found = [each for each in self._found if (each.component, each.version) == (component.name, version)]
        leaving = [each for each in found if each not in placed]
        relied = bool(rolling) or any(self._serves(each) for each in leaving)
        steady = [operation for each in placed if each not in rolling for operation in self._steady(each, relied)]
        yield from steady
        before = frozenset(operation.key for operation in steady if isinstance(operation, (AwaitInstance, Admit)))
        for instance in rolling:
            yield from self._rolled(instance, before)
            before = frozenset({Admit.key_of(instance.name)})
        for instance in leaving:
            yield from self._leave(instance, before)

    def _is_rolled(self, instance: Instance) -> bool:
        """Whether an instance has to be replaced while others of its version serve in its place."""
        split = self._application.split(instance.component)
        closed = split is not None and split.closed == instance.version
        return self._serves(instance) and self._is_outdated(instance) and not closed

    def _is_outdated(self, instance: Instance) -> bool:
        return any(change.renews for change in self._changes[instance])

    def _serves(self, instance: Instance) -> bool:
        return instance in self._current.serving.get(version_name(instance.component, instance.version), ())

    def _has_endpoints(self, instance: Instance) -> bool:
        """Whether there are callers who read the endpoints of the instance's version already."""
        return version_name(instance.component, instance.version) in self._current.serving

    def _works(self, instance: Instance) -> bool:
        """Whether an instance works, as far as the engine tells."""
        containers = [self._current.engine.containers.get(each.name) for each in self._wanted.instances[instance]]
        return all(each and each.running and each.health in ("", "healthy") for each in containers)

    def _steady(self, instance: Instance, relied: bool) -> Iterator[Operation]:
        """Yield what is done to an instance that does not serve, or that nothing can serve in place of.

        Where it is ``relied`` on, others are replaced or leave once it has been found healthy.
        """
        admitted = self._has_endpoints(instance) and not self._serves(instance)
        drained: frozenset[str] = frozenset()
        if admitted and self._is_outdated(instance):
            # A run may have died after it was withdrawn.
            yield self._drain(instance, drained)
            drained = frozenset({Drain.key_of(instance.name)})
        yield from self._containers(instance, drained)
        yield from self._strays(instance)
        unwell = self._unwell(instance)
        if self._changes[instance] or unwell:
            yield self._await(instance, unwell or "healthy before the run ends")
        elif admitted:
            yield self._await(instance, "healthy before callers send to it")
        elif relied:
            yield self._await(instance, "healthy before others leave")
        if admitted:
            yield self._admit(instance)

    def _strays(self, instance: Instance) -> Iterator[Operation]:
        """Yield the removal of proxies that a run has left which was killed while one handed over to another."""
        wanted = {each.name for each in self._wanted.instances[instance]}
        going_on = {
            change.container.name for change in self._changes[instance] if change.verb in (HandOverProxy, CreateContainer)
        }
        for container in self._found.get(instance, []):
            if container.name not in wanted and former_name(container.name) not in going_on:
                yield RemoveContainer(subject=container.name, cause="left by a run that was killed", component=instance.component)

    def _rolled(self, instance: Instance, before: frozenset[str]) -> Iterator[Operation]:
        causes = [change.cause for change in self._changes[instance] if change.renews]
        yield self._withdraw(instance, f"to be replaced: {causes[0]}", before)
        yield self._drain(instance, frozenset({Withdraw.key_of(instance.name)}))
        yield from self._containers(instance, frozenset({Drain.key_of(instance.name)}))
        yield self._await(instance, "healthy before callers send to it")
        yield self._admit(instance)

    def _leave(self, instance: Instance, before: frozenset[str]) -> Iterator[Operation]:
        """Yield the removal of an instance: callers know it no more, and it has finished its requests."""
        untold = {*before, *(WriteFile.key_of(path) for path in self._wanted.files)}
        component = self._components.get(instance.component)
        called = bool(component and component.ports)
        if component and self._serves(instance) and instance.version in self._application.versions(component.name):
            yield self._withdraw(instance, "to be removed", frozenset(before))
            untold.add(Withdraw.key_of(instance.name))
        if called or not component:
            yield self._drain(instance, frozenset(untold))
        after = frozenset({*untold, Drain.key_of(instance.name)})
        joined = frozenset(RemoveContainer.key_of(each.name) for each in self._found[instance] if each.role != Role.SANDBOX)
        lost = all(each.role != Role.SANDBOX for each in self._found[instance])
        for container in self._found[instance]:
            sandbox = container.role == Role.SANDBOX
            yield RemoveContainer(
                subject=container.name,
                cause="not in the model",
                after=after | joined if sandbox else after,
                component=instance.component,
                folder=instance.name if sandbox or lost else "",
            )

    def _containers(self, instance: Instance, before: frozenset[str]) -> Iterator[Operation]:
        for change in self._changes[instance]:
            ready = self._ready() if change.container.role == Role.SANDBOX else self._prepared(instance, change)
            yield self._operation(change, before | ready)

    def _operation(self, change: Change, after: frozenset[str]) -> Operation:
        container = change.container
        common = {"subject": container.name, "cause": change.cause, "after": after, "component": container.component}
        if change.verb is DetachContainer:
            return DetachContainer(**common, container=container, network=self._network)  # type: ignore[arg-type]
        return change.verb(**common, container=container)  # type: ignore[arg-type]

    def _others(self) -> Iterator[Operation]:
        wanted = {each.name for each in self._wanted.others}
        for container in self._wanted.others:
            change = container_change(container, self._current.engine.containers.get(container.name), self._network)
            if change:
                yield self._operation(change, self._ready())
        for stray in self._current.engine.containers.values():
            if stray.role not in INSTANCE_ROLES and stray.name not in wanted:
                yield RemoveContainer(subject=stray.name, cause="not in the model")

    def _ready(self) -> frozenset[str]:
        """Return what comes before a sandbox starts."""
        gone = {
            RemoveContainer.key_of(container.name)
            for instance, containers in self._found.items()
            if instance.component not in self._components
            for container in containers
        }
        return frozenset({CreateNetwork.key_of(self._network), ROUTES_WRITTEN, *gone})

    def _prepared(self, instance: Instance, change: Change) -> frozenset[str]:
        """Return what comes before a proxy or an application starts."""
        application, component = self._application, self._components[instance.component]
        here = f"{component_directory(component.name)}/"
        before = {WriteFile.key_of(path) for path in self._wanted.files if path.startswith(here)}
        before |= {each.key for each in self._changes[instance] if each.container.role == Role.SANDBOX}
        if change.container.role == Role.WORKLOAD:
            before |= {GenerateSecret.key_of(each.source) for each in component.secrets}
            before |= {CreateVolume.key_of(names.volume_name(application.name, each.source)) for each in component.mounts}
            for dependency in component.dependencies:
                before |= self._started(dependency.name, dependency.condition == "service_healthy")
        return frozenset(before)

    def _started(self, component: str, healthy: bool) -> set[str]:
        """Return what brings up the instances of a dependency, and makes sure that they are ``healthy`` where that is asked."""
        before: set[str] = set()
        for instance in self._wanted.topology.instances(component, Version.STABLE):
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
            containers=self._wanted.instances[instance],
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
            topology=self._wanted.topology,
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
            topology=self._wanted.topology,
        )

    def _endpoints_written(self, instance: Instance) -> frozenset[str]:
        """Return the writes that an operation on the endpoints of a version comes after."""
        target = version_name(instance.component, instance.version)
        ports = self._components[instance.component].ports
        return frozenset(WriteFile.key_of(endpoints_file(target, port.number)) for port in ports)

    def _drain(self, instance: Instance, before: frozenset[str]) -> Drain:
        cause = "finish in-flight requests first"
        return Drain(subject=instance.name, cause=cause, after=before, component=instance.component, instance=instance)

    def _unwell(self, instance: Instance) -> str:
        containers = self._current.engine.containers
        workload = containers.get(names.container_name(self._application.name, instance.name, Role.WORKLOAD))
        return "it is unhealthy" if workload and workload.health == "unhealthy" else ""
