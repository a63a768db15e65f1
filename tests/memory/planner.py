"""An application as observed in memory, and the plans from there, by the rules of every driver.

The unit of change is the instance. Serving instances are withdrawn, drained, replaced and admitted one at a time; a single
one is removed once its successor serves; those with data or published ports are replaced in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import DeploymentPart, Scope, TeardownScope
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.clusters import endpoints_file
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.files import endpoint_files, mesh_files, served_addresses
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.listeners import component_directory
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.routes import ROUTES_FILE
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Component, Kind
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.effective import EffectiveApplication
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Instance, Version, version_name
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.status import InstanceStatus
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.storage import volume_owners
from ansible_collections.evenkeel.mesh.plugins.module_utils.plan.graph import Operation, Plan, make_plan
from memory.addresses import MAX_ORDINAL, Addresses, addresses, allocate
from memory.instances import Shape, shape
from memory.operations import (
    Admit,
    Await,
    Create,
    Delete,
    Drain,
    DropData,
    DropNetwork,
    MakeNetwork,
    MakeSecret,
    MakeVolume,
    Remove,
    Replace,
    Resize,
    Start,
    Withdraw,
    Write,
)

InstanceOperation = type[Create] | type[Replace] | type[Start] | type[Resize]


@dataclass(frozen=True)
class ObservedInstance:
    """An instance as observed."""

    shape: Shape
    memory: int
    address: str
    runs: bool
    health: str


@dataclass(frozen=True)
class MemoryObservation:
    """The observed content of a target in memory."""

    instances: Mapping[Instance, ObservedInstance]
    files: Mapping[str, str]
    networks: frozenset[str] = frozenset()
    volumes: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()
    has_state: bool = False

    def kinds(self) -> Mapping[str, str]:
        """Return the kinds of the components that are deployed, by name."""
        return {instance.component: observed.shape.kind for instance, observed in self.instances.items()}

    def statuses(self) -> Mapping[Instance, InstanceStatus]:
        """Return the status of each existing instance."""
        serving = {address for addresses in served_addresses(self.files).values() for address in addresses}
        return {
            instance: InstanceStatus(
                observed.shape.image,
                "running" if observed.runs else "exited",
                observed.health,
                observed.memory,
                observed.address in serving,
            )
            for instance, observed in self.instances.items()
        }

    def allocation(self, application: EffectiveApplication, recorded: Mapping[str, str]) -> Mapping[str, str]:
        """Return ``recorded`` and a number for each new component."""
        return allocate(application, recorded)

    def render(self, application: EffectiveApplication, allocation: Mapping[str, str]) -> Mapping[str, str]:
        """Return the files of the mesh with all placed instances in the endpoints."""
        return _Planner(replace(self, files={}), application, addresses(allocation), Scope()).files()

    def plan(self, application: EffectiveApplication, allocation: Mapping[str, str], scope: Scope) -> Plan:
        """Return the operations that deploy ``application`` within ``scope``."""
        return make_plan(_Planner(self, application, addresses(allocation), scope).operations())

    def removal(self, application: str, scope: TeardownScope) -> Plan:
        """Return the operations that remove the application."""
        removed: list[Operation] = [
            Remove(subject=instance.name, cause="taken down", component=instance.component, instance=instance)
            for instance in self.instances
        ]
        removals = frozenset(operation.key for operation in removed)
        if scope.infrastructure:
            removed += [DropNetwork(subject=network, cause="taken down", after=removals) for network in sorted(self.networks)]
        removed += [Delete(subject=path, cause="taken down", after=removals) for path in sorted(self.files)]
        if scope.data and (self.volumes or self.secrets or self.has_state):
            removed.append(DropData(subject=application, cause="requested", after=removals))
        return make_plan(removed)


@dataclass(frozen=True)
class _Change:
    verb: InstanceOperation
    cause: str

    @property
    def replaces(self) -> bool:
        return self.verb is Replace


class _Planner:
    def __init__(
        self, observed: MemoryObservation, application: EffectiveApplication, places: Addresses, scope: Scope
    ) -> None:
        self._observed = observed
        self._application = application
        self._scope = scope
        self._components = {component.name: component for component in application.components}
        self._serving = {
            target: frozenset(instance for address in served if (instance := places.instance_at(address)))
            for target, served in served_addresses(observed.files).items()
        }
        self._places = replace(places, placed=self._placed())

    def operations(self) -> Iterator[Operation]:
        if DeploymentPart.INFRASTRUCTURE in self._scope.parts:
            yield from self._infrastructure()
        if DeploymentPart.MESH in self._scope.parts:
            yield from self._files()
        if DeploymentPart.COMPONENTS in self._scope.parts:
            yield from self._instances()

    def _placed(self) -> dict[tuple[str, Version], tuple[Instance, ...]]:
        placed = {}
        for component in self._application.components:
            for version in self._application.versions(component.name):
                running = {
                    instance.ordinal: instance
                    for instance in self._observed.instances
                    if (instance.component, instance.version) == (component.name, version)
                }
                good = [ordinal for ordinal, instance in running.items() if not self._needs_replacement(instance)]
                chosen = self._ordinals(component, version, sorted(running), sorted(good))
                placed[component.name, version] = tuple(Instance(component.name, version, ordinal) for ordinal in chosen)
        return placed

    def _ordinals(self, component: Component, version: Version, running: list[int], good: list[int]) -> list[int]:
        replicas = self._application.replicas(component.name, version)
        if component.kind == Kind.STATEFUL or self._application.as_version(component, version).outer_ports:
            return list(range(1, replicas + 1))
        free = [ordinal for ordinal in range(1, MAX_ORDINAL + 1) if ordinal not in running]
        if replicas == 1 and running and not good:
            return free[:1]
        return sorted([*good, *(ordinal for ordinal in running if ordinal not in good), *free][:replicas])

    def _needs_replacement(self, instance: Instance) -> bool:
        change = self._change(instance)
        return change is not None and change.replaces

    def _change(self, instance: Instance) -> _Change | None:
        component = self._components[instance.component]
        observed, expected = self._observed.instances.get(instance), shape(self._application, component, instance.version)
        if observed is None:
            return _Change(Create, "missing")
        if observed.shape != expected:
            names = [name for name, value in vars(expected).items() if value != vars(observed.shape)[name]]
            return _Change(Replace, f"another {', '.join(names)}")
        if not observed.runs:
            return _Change(Start, "it is stopped")
        if observed.memory != (component.memory or 0):
            return _Change(Resize, "another limit")
        return None

    def _infrastructure(self) -> Iterator[Operation]:
        for network in sorted({f"{self._application.name}-mesh"} - self._observed.networks):
            yield MakeNetwork(subject=network, cause="missing")
        for volume in sorted(set(volume_owners(self._application)) - self._observed.volumes):
            yield MakeVolume(subject=volume, cause="missing")
        for secret in self._application.secrets:
            if secret.name not in self._observed.secrets:
                yield MakeSecret(subject=secret.name, cause="missing")

    def files(self) -> dict[str, str]:
        """Return the files of the mesh; a version without endpoints gets all its placed instances."""
        files = mesh_files(self._application, self._places)
        for component in self._application.components:
            for version in self._application.versions(component.name):
                everyone = frozenset(self._places.instances(component.name, version))
                serving = self._serving.get(version_name(component.name, version), everyone)
                files.update(endpoint_files(component, version, serving, self._places))
        return files

    def _files(self) -> Iterator[Operation]:
        files = self.files()
        before: frozenset[str] = frozenset()
        for stage in range(4):
            paths = [path for path in sorted(files) if _stage(path) == stage and self._observed.files.get(path) != files[path]]
            for path in paths:
                cause = "its content has changed" if path in self._observed.files else "missing"
                yield Write(subject=path, cause=cause, after=before, content=files[path])
            before |= {Write.key_of(path) for path in paths}
        for path in sorted(set(self._observed.files) - set(files)):
            yield Delete(subject=path, cause="not in the model", after=before)

    def _instances(self) -> Iterator[Operation]:
        for component in self._application.components:
            if self._in_scope(component.name):
                for version in self._application.versions(component.name):
                    yield from self._version(component, version)
        for instance in sorted(self._observed.instances):
            known = instance.component in self._components
            if self._in_scope(instance.component) and not (
                known and instance.version in self._application.versions(instance.component)
            ):
                yield from self._remove(instance, frozenset())

    def _in_scope(self, component: str) -> bool:
        return not self._scope.only or component in self._scope.only

    def _version(self, component: Component, version: Version) -> Iterator[Operation]:
        placed = self._places.instances(component.name, version)
        split = self._application.split(component.name)
        closed = split is not None and split.closed == version
        rolling = [
            instance
            for instance in placed
            if len(placed) > 1 and self._serves(instance) and self._needs_replacement(instance) and not closed
        ]
        before: frozenset[str] = frozenset()
        for instance in placed:
            if instance not in rolling:
                for operation in self._in_place(instance):
                    yield operation
                    before |= {operation.key} if isinstance(operation, (Await, Admit)) else set()
        for instance in sorted(self._observed.instances):
            if (instance.component, instance.version) == (component.name, version) and instance not in placed:
                yield from self._remove(instance, before)
        for instance in rolling:
            yield self._endpoint(Withdraw, instance, "to be replaced", before | self._endpoints_written(instance))
            yield self._drain(instance, frozenset({Withdraw.key_of(instance.name)}))
            yield from self._create_or_update(instance, frozenset({Drain.key_of(instance.name)}))
            yield self._await(instance)
            yield self._admit(instance)
            before = frozenset({Admit.key_of(instance.name)})

    def _in_place(self, instance: Instance) -> Iterator[Operation]:
        target = version_name(instance.component, instance.version)
        admitted = target in self._serving and not self._serves(instance)
        drained: frozenset[str] = frozenset()
        if admitted and self._needs_replacement(instance):
            # A run may have died after the withdrawal.
            yield self._drain(instance, drained)
            drained = frozenset({Drain.key_of(instance.name)})
        yield from self._create_or_update(instance, drained)
        observed = self._observed.instances.get(instance)
        if self._change(instance) or admitted or (observed and observed.health != "healthy"):
            yield self._await(instance)
        if admitted:
            yield self._admit(instance)

    def _remove(self, instance: Instance, before: frozenset[str]) -> Iterator[Operation]:
        before_drain = before | {Write.key_of(ROUTES_FILE)}
        component = self._components.get(instance.component)
        if component and self._serves(instance) and instance.version in self._application.versions(component.name):
            yield self._endpoint(Withdraw, instance, "to be removed", before | self._endpoints_written(instance))
            before_drain |= {Withdraw.key_of(instance.name)}
        yield self._drain(instance, before_drain)
        after = before_drain | {Drain.key_of(instance.name)}
        yield Remove(
            subject=instance.name, cause="not in the model", after=after, component=instance.component, instance=instance
        )

    def _create_or_update(self, instance: Instance, before: frozenset[str]) -> Iterator[Operation]:
        change = self._change(instance)
        if change:
            component = self._components[instance.component]
            yield change.verb(
                subject=instance.name,
                cause=change.cause,
                after=before | self._prerequisites(component),
                component=component.name,
                instance=instance,
                shape=shape(self._application, component, instance.version),
                address=self._places.address(instance),
                memory=component.memory or 0,
            )

    def _prerequisites(self, component: Component) -> frozenset[str]:
        """Return the keys of the operations that precede an instance's start."""
        removals = {
            Remove.key_of(instance.name) for instance in self._observed.instances if instance.component not in self._components
        }
        before = {MakeNetwork.key_of(f"{self._application.name}-mesh"), Write.key_of(ROUTES_FILE), *removals}
        before |= {
            Write.key_of(f"{component_directory(component.name)}/{name}.json") for name in ("bootstrap", "clusters", "listeners")
        }
        before |= {MakeVolume.key_of(mount.source) for mount in component.mounts}
        before |= {MakeSecret.key_of(secret.source) for secret in component.secrets}
        for dependency in component.dependencies:
            for instance in self._places.instances(dependency.name, Version.STABLE):
                change = self._change(instance)
                before |= {change.verb.key_of(instance.name)} if change else set()
                if dependency.condition == "service_healthy":
                    before.add(Await.key_of(instance.name))
        return frozenset(before)

    def _await(self, instance: Instance) -> Await:
        change = self._change(instance)
        after = frozenset({change.verb.key_of(instance.name)} if change else ())
        return Await(
            subject=instance.name, cause="to be healthy", after=after, component=instance.component, instance=instance
        )

    def _admit(self, instance: Instance) -> Operation:
        after = frozenset({Await.key_of(instance.name), *self._endpoints_written(instance)})
        return self._endpoint(Admit, instance, "healthy", after)

    def _drain(self, instance: Instance, after: frozenset[str]) -> Drain:
        return Drain(
            subject=instance.name, cause="callers first", after=after, component=instance.component, instance=instance
        )

    def _endpoint(self, verb: type[Admit] | type[Withdraw], instance: Instance, cause: str, after: frozenset[str]) -> Operation:
        return verb(
            subject=instance.name,
            cause=cause,
            after=after,
            component=instance.component,
            instance=instance,
            model=self._components[instance.component],
            places=self._places,
        )

    def _serves(self, instance: Instance) -> bool:
        return instance in self._serving.get(version_name(instance.component, instance.version), ())

    def _endpoints_written(self, instance: Instance) -> frozenset[str]:
        target = version_name(instance.component, instance.version)
        ports = self._components[instance.component].ports
        return frozenset(Write.key_of(endpoints_file(target, port.number)) for port in ports)


def _stage(path: str) -> int:
    """Return the stage in which a file is written: endpoints, clusters, listeners, then routes."""
    name = path.rpartition("/")[2]
    if path.startswith("shared/endpoints/") or name.startswith(("inbound.", "bootstrap.")):
        return 0
    return {"clusters.json": 1, "listeners.json": 2}.get(name, 3)
