"""The plan that brings what is observed to what is desired: pure, and the text of check mode and diff."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ...mesh.clusters import endpoints_file, targets
from ...model.application import Component
from ...plan.graph import Operation, Plan, make_plan
from . import names
from .containers import Container
from .desired import Desired
from .observe import Found, Observed

INFRASTRUCTURE, MESH, COMPONENTS = "infrastructure", "mesh", "components"
PARTS = (INFRASTRUCTURE, MESH, COMPONENTS)


@dataclass(frozen=True)
class Current:
    """What is on the target: the engine's part, contents of the mesh's files by path, and names of the secrets' files."""

    engine: Observed = field(default_factory=Observed)
    files: Mapping[str, str] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()


def plan_application(wanted: Desired, current: Current, parts: tuple[str, ...] = PARTS, only: tuple[str, ...] = ()) -> Plan:
    """Return the operations that are needed, of ``parts``, and for the components in ``only`` where it names any."""
    operations: list[Operation] = []
    if INFRASTRUCTURE in parts:
        operations += _infrastructure(wanted, current)
    changes = dict(_container_changes(wanted, current.engine))
    if only:
        changes = {key: each for key, each in changes.items() if each.component in only}
    if MESH in parts:
        operations += _files(wanted, current, changes, COMPONENTS in parts)
    if COMPONENTS in parts:
        operations += _containers(wanted, current.engine, changes)
    return make_plan(operations)


def _infrastructure(wanted: Desired, current: Current) -> Iterator[Operation]:
    goal, found = wanted.infrastructure, current.engine
    for name, subnet in found.networks.items():
        if name != goal.network:
            yield Operation("remove network", name, "not in the model", _removals(found, name))
        elif subnet != goal.subnet:
            yield Operation("remove network", name, f"its range is {subnet}, wanted {goal.subnet}", _removals(found, name))
    if goal.network and found.networks.get(goal.network) != goal.subnet:
        cause = "missing" if goal.network not in found.networks else "its range has changed"
        yield Operation("create network", goal.network, cause, frozenset({f"remove network {goal.network}"}))
    for volume in sorted(set(goal.volumes) - found.volumes):
        yield Operation("create volume", volume, "missing")
    for secret in wanted.application.secrets:
        if secret.name not in current.secrets:
            yield Operation("create secret", secret.name, "missing")


def _removals(found: Observed, network: str) -> frozenset[str]:
    return frozenset(f"remove {each.name}" for each in found.containers.values() if network in each.networks)


@dataclass(frozen=True)
class Change:
    """What is to become of a container: ``verb`` is create, recreate, start, update, detach or remove."""

    verb: str
    container: str
    component: str
    instance: str
    role: str
    cause: str

    @property
    def key(self) -> str:
        """The key of its operation."""
        return f"{self.verb} {self.container}"


def _container_changes(wanted: Desired, found: Observed) -> Iterator[tuple[str, Change]]:
    """Yield the change of each container that needs one, by the container's name."""
    renewed: set[str] = set()
    for name, container in wanted.containers.items():
        verb, cause = _difference(container, found.containers.get(name), wanted)
        sandbox = names.container_name(wanted.application.name, container.instance, names.SANDBOX)
        joins = container.role in (names.PROXY, names.WORKLOAD)
        if joins and verb != "create" and (sandbox in renewed or _lost(found, name, sandbox)):
            verb, cause = "recreate", "its sandbox is another one"
        if verb in ("create", "recreate") and container.role == names.SANDBOX:
            renewed.add(name)
        if verb:
            yield name, Change(verb, name, container.component, container.instance, container.role, cause)
    for name, stray in found.containers.items():
        if name not in wanted.containers:
            yield name, Change("remove", name, stray.component, stray.instance, stray.role, "not in the model")


def _lost(found: Observed, name: str, sandbox: str) -> bool:
    """Whether a container has joined a sandbox that is no more."""
    return sandbox not in found.containers or found.containers[name].joined != found.containers[sandbox].key


def _difference(container: Container, found: Found | None, wanted: Desired) -> tuple[str, str]:
    """Return what is to be done, and why; nothing where ``found`` is as wanted. The engine cannot lift a limit in place."""
    if found is None:
        return "create", "missing"
    if found.image != container.body["Image"]:
        return "recreate", f"its image is {found.image}, wanted {container.body['Image']}"
    if found.digest != container.digest:
        return "recreate", "its settings have changed"
    if container.role == names.SANDBOX and wanted.infrastructure.network not in found.networks:
        return "recreate", f"it is not on the network {wanted.infrastructure.network}"
    limits = [("memory", found.memory, container.memory), ("cpus", found.cpus, container.cpus)]
    causes = [f"{what} {_shown(what, has)} → {_shown(what, wants)}" for what, has, wants in limits if has != wants]
    if not found.restarts:
        causes.append("it would not restart")
    if causes:
        lifted = any(has and not wants for _, has, wants in limits)
        return ("recreate" if lifted else "update"), ", ".join(causes)
    if not found.running:
        return "start", f"it is {found.state}"
    strays = sorted(set(found.networks) - {wanted.infrastructure.network}) if container.role == names.SANDBOX else []
    if strays:
        return "detach", f"it is on the network {', '.join(strays)} too"
    return "", ""


def _shown(what: str, value: float) -> str:
    if what != "memory":
        return f"{value:g}" if value else "unlimited"
    return f"{int(value) >> 20}M" if value else "unlimited"


def _files(wanted: Desired, current: Current, changes: Mapping[str, Change], with_components: bool) -> Iterator[Operation]:
    """Yield the writes of files. New instances take traffic once they are healthy, those that go lose it before.

    What has to wait for an instance is left for a plan that has the instances too.

    Endpoints come before clusters, those before listeners, and these before the routes that all callers read.
    """
    before: frozenset[str] = frozenset()
    for stage in _by_stage(wanted, current):
        later = {path: _healthy_first(path, wanted, current, changes) for path, _ in stage}
        for path, cause in stage:
            if with_components or not later[path]:
                yield Operation("write", path, cause, before | later[path])
        before |= {f"write {path}" for path, awaited in later.items() if not awaited}
    for path in sorted(set(current.files) - set(wanted.files)):
        yield Operation("delete", path, "not in the model", before)


def _by_stage(wanted: Desired, current: Current) -> list[list[tuple[str, str]]]:
    stages: list[list[tuple[str, str]]] = [[], [], [], []]
    for path, content in wanted.files.items():
        if current.files.get(path) == content:
            continue
        name = path.rpartition("/")[2]
        first = path.startswith("shared/endpoints/") or name.startswith(("inbound.", "bootstrap."))
        stage = 0 if first else 1 if name == "clusters.json" else 2 if name == "listeners.json" else 3
        stages[stage].append((path, "missing" if path not in current.files else "its content has changed"))
    return stages


def _healthy_first(path: str, wanted: Desired, current: Current, changes: Mapping[str, Change]) -> frozenset[str]:
    """Return the instances that ``path``, if it is one of endpoints that callers read already, has to wait for."""
    if path not in current.files:
        return frozenset()
    return frozenset(
        f"await {change.instance}"
        for change in changes.values()
        if change.verb == "create" and path in _endpoint_files(wanted.application.component(change.component))
    )


def _endpoint_files(component: Component) -> set[str]:
    return {endpoints_file(target, port.number) for port in component.ports for target in targets(component)}


def _containers(wanted: Desired, found: Observed, changes: Mapping[str, Change]) -> Iterator[Operation]:
    """Yield what is done to containers, and the wait for the health of each instance that is touched or unwell.

    What has left the model goes before anything new comes: it may hold a port that is published now.
    """
    components = {each.name for each in wanted.application.components}
    gone = {change.key for change in changes.values() if change.verb == "remove" and change.component not in components}
    ready = {f"create network {wanted.infrastructure.network}", "write shared/routes.json", *gone}
    for change in changes.values():
        after: set[str] = set()
        if change.verb == "remove":
            after |= _leaving(wanted, change)
        elif change.role in (names.SANDBOX, names.SUPERVISOR):
            after |= ready
        else:
            after |= _prepared(wanted, change, changes)
        yield Operation(change.verb, change.container, change.cause, frozenset(after))
    yield from _drains(wanted, changes)
    yield from _waits(wanted, found, changes)


def _drains(wanted: Desired, changes: Mapping[str, Change]) -> Iterator[Operation]:
    """Yield the wait for the requests of each instance that goes, once no caller sends it any; not where all go."""
    for change in changes.values():
        if wanted.application.components and change.verb == "remove" and change.role == names.PROXY:
            cause = "it is to have no request under way when it goes"
            yield Operation("drain", change.instance, cause, _untold(wanted, change), idle=True)


def _waits(wanted: Desired, found: Observed, changes: Mapping[str, Change]) -> Iterator[Operation]:
    for component in wanted.application.components:
        for number in component.numbers:
            instance = names.instance_name(component.name, number)
            touched = [change for change in changes.values() if (change.component, change.instance) == (component.name, instance)]
            unwell = _unwell(wanted, found, instance)
            if touched or unwell:
                cause = "it is to be healthy before the run ends" if touched else unwell
                yield Operation("await", instance, cause, frozenset(change.key for change in touched), idle=True)


def _leaving(wanted: Desired, change: Change) -> set[str]:
    """Return what comes before a container is removed: it has no request any more, and what has joined it is gone."""
    before = {*_untold(wanted, change), f"drain {change.instance}"}
    if change.role == names.SANDBOX:
        others = (names.PROXY, names.WORKLOAD)
        before |= {f"remove {names.container_name(wanted.application.name, change.instance, role)}" for role in others}
    return before


def _untold(wanted: Desired, change: Change) -> frozenset[str]:
    """Return what comes before no caller sends anything to an instance that goes."""
    before = {"write shared/routes.json"}
    if change.component in {each.name for each in wanted.application.components}:
        before |= {f"write {path}" for path in _endpoint_files(wanted.application.component(change.component))}
    return frozenset(before)


def _prepared(wanted: Desired, change: Change, changes: Mapping[str, Change]) -> set[str]:
    """Return what comes before a proxy or a workload starts."""
    application = wanted.application
    before = {f"write {path}" for path in wanted.files if path.startswith(f"components/{change.component}/")}
    joined = changes.get(names.container_name(application.name, change.instance, names.SANDBOX))
    if joined:
        before.add(joined.key)
    if change.role != names.WORKLOAD:
        return before
    component = application.component(change.component)
    before |= {f"create secret {each.source}" for each in component.secrets}
    before |= {f"create volume {names.volume_name(application.name, each.source)}" for each in component.mounts}
    version, _, number = change.instance.rpartition("-")
    if change.verb == "recreate" and int(number) > 1:
        before.add(f"await {version}-{int(number) - 1}")
    for dependency in component.dependencies:
        called = application.component(dependency.name)
        for other in range(1, called.replicas + 1):
            instance = names.instance_name(called.name, other)
            if dependency.condition == "service_healthy":
                before.add(f"await {instance}")
            elif not called.gateway:
                workload = changes.get(names.container_name(application.name, instance, names.WORKLOAD))
                before |= {workload.key} if workload else set()
    return before


def _unwell(wanted: Desired, found: Observed, instance: str) -> str:
    workload = found.containers.get(names.container_name(wanted.application.name, instance, names.WORKLOAD))
    return "it is unhealthy" if workload and workload.health == "unhealthy" else ""
