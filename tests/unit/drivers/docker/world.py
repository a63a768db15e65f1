"""A model of the world that plans are made for and carried out on, without an engine: what a host has of one application."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import Scope
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.containers import Container, Setting
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.layout import Layout
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.names import Role
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.observation import DockerObservation
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.observe import Found, Inventory
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.operations import (
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
    RecreateContainer,
    RemoveContainer,
    RemoveNetwork,
    StartContainer,
    UpdateContainer,
    Withdraw,
    WriteFile,
)
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.plan import INSTANCE_ROLES
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.topology import DockerTopology, allocate, topology
from ansible_collections.evenkeel.mesh.plugins.module_utils.images.needed import PLATFORM, platform_image
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.clusters import endpoints_file
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.files import endpoint_files, served_addresses
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Application
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.effective import EffectiveApplication, unreleased
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Instance, Version, instances, version_name
from ansible_collections.evenkeel.mesh.plugins.module_utils.plan.graph import Operation, Plan

SETTING = Setting(Layout("app"), Path("/app"))
NETWORK = "app-mesh"
SERVICES: dict[str, Any] = {
    "edge": {"ports": ["80:80"], "depends_on": ["web"], "x-mesh": {"gateway": True}},
    "web": {
        "image": "web:1",
        "expose": ["8080"],
        "depends_on": {"db": {"condition": "service_healthy"}},
        "deploy": {"resources": {"limits": {"memory": "64M"}}},
    },
    "db": {"image": "db:1", "expose": ["3306"], "volumes": ["data:/data"], "secrets": ["password"]},
}


def application(images: Mapping[str, str] | None = None, **changes: dict[str, Any] | None) -> EffectiveApplication:
    """Return a shop of three, with each service changed as told, None for one that is not there.

    ``images`` are references of the platform that differ from the usual ones.
    """
    services = {name: {**service, **(changes.get(name) or {})} for name, service in SERVICES.items()}
    services.update((name, service) for name, service in changes.items() if name not in SERVICES and service)
    kept = {name: service for name, service in services.items() if changes.get(name, {}) is not None}
    secrets = {"password": {"file": "./password", "x-mesh": {"generate": True}}}
    content = {"name": "app", "services": kept, "volumes": {"data": None}, "secrets": secrets}
    return effective(parse(content, "compose.yaml", {}, "app"), **(images or {}))


def effective(model: Application, **images: str) -> EffectiveApplication:
    """Return ``model`` as it is without releases, with the images that it names and those of the platform."""
    references = {platform_image(name): f"{name}:1" for name in PLATFORM}
    references.update((platform_image(name), reference) for name, reference in images.items())
    references.update((component.name, component.image) for component in model.components if not component.gateway)
    return unreleased(model, references)


def placed(model: EffectiveApplication) -> DockerTopology:
    """Return the addresses of ``model`` on an engine that has had nothing of it, with the first instances of each version."""
    known = topology(allocate(model, {}))
    versions = [(component.name, version) for component in model.components for version in model.versions(component.name)]
    return replace(known, placement={key: instances(*key, model.replicas(*key)) for key in versions})


@dataclass
class World:
    """A host, and what its state store has given to the application.

    ``well`` are instances that have been found healthy; ``model`` is what was planned for last.
    """

    networks: dict[str, str] = field(default_factory=dict)
    other_ranges: tuple[str, ...] = ()
    volumes: set[str] = field(default_factory=set)
    containers: dict[str, Found] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    allocation: dict[str, str] = field(default_factory=dict)
    well: set[Instance] = field(default_factory=set)
    model: EffectiveApplication = field(default_factory=lambda: EffectiveApplication("app", ()))
    _keys: Iterator[int] = field(default_factory=count)

    def observation(self) -> DockerObservation:
        """Return what a driver sees."""
        volumes = frozenset(self.volumes)
        engine = Inventory(dict(self.networks), self.other_ranges, volumes, volumes, dict(self.containers))
        return DockerObservation(engine, dict(self.files), frozenset(self.secrets), SETTING)

    def plan(self, model: EffectiveApplication, scope: Scope | None = None) -> Plan:
        """Return the plan for ``model``, and keep what it was given."""
        self.model = model
        seen = self.observation()
        self.allocation = seen.allocation(model, self.allocation)
        return seen.plan(model, self.allocation, scope or Scope())

    def bring(self, model: EffectiveApplication) -> World:
        """Carry the whole plan for ``model`` out, in its order."""
        return self.carry_out(self.plan(model).operations.values())

    def carry_out(self, operations: Iterable[Operation]) -> World:
        """Carry ``operations`` out."""
        for operation in operations:
            self.do(operation)
        return self

    def until(self, model: EffectiveApplication, last: str) -> World:
        """Carry the plan for ``model`` out, and die once the operation ``last`` is done."""
        operations = list(self.plan(model).operations.values())
        place = [operation.key for operation in operations].index(last)
        return self.carry_out(operations[: place + 1])

    def change(self, name: str, **changes: Any) -> World:
        """Change a container by hand."""
        self.containers[name] = replace(self.containers[name], **changes)
        return self

    def serving(self, component: str) -> frozenset[Instance]:
        """Return the instances that callers send to, of both versions of ``component``."""
        known, model = topology(self.allocation), self.model
        ports = model.component(component).ports if component in {service.name for service in model.components} else ()
        found: set[Instance] = set()
        for version in Version:
            target = version_name(component, version)
            paths = {endpoints_file(target, port.number) for port in ports}
            files = {path: content for path, content in self.files.items() if path in paths}
            found |= known.instances_at(served_addresses(files).get(target, ()), target)
        return frozenset(found)

    def do(self, operation: Operation) -> None:  # noqa: C901 (a line a type)
        """Carry out one operation as an engine would."""
        match operation:
            case CreateNetwork():
                assert operation.subject not in self.networks
                self.networks[operation.subject] = operation.subnet
            case RemoveNetwork():
                del self.networks[operation.subject]
                for name, container in self.containers.items():
                    self.change(name, networks=tuple(sorted({*container.networks} - {operation.subject})))
            case CreateVolume():
                self.volumes.add(operation.subject)
            case GenerateSecret():
                self.secrets.add(operation.subject)
            case WriteFile():
                self.files[operation.subject] = operation.content
            case DeleteFile():
                del self.files[operation.subject]
            case CreateContainer():
                assert operation.subject not in self.containers
                self._make(operation.container)
            case RecreateContainer():
                self._stop(operation.subject)
                self._make(operation.container)
            case HandOverProxy():
                # Its successor is there before it leaves.
                self._make(operation.container)
            case RemoveContainer():
                self._stop(operation.subject)
                del self.containers[operation.subject]
            case StartContainer() | UpdateContainer():
                limits = {"memory": operation.container.memory, "cpus": operation.container.cpus}
                self.change(operation.subject, state="running", restarts=True, **limits)
            case DetachContainer():
                self.change(operation.subject, networks=(operation.network,))
            case Admit():
                self._admit(operation, self._served(operation) | {operation.instance})
            case Withdraw():
                self._admit(operation, self._served(operation) - {operation.instance})
            case AwaitInstance():
                self._await(operation)
            case Drain():
                pass
            case _:
                raise TypeError(type(operation).__name__)

    def _make(self, container: Container) -> None:
        host = container.body["HostConfig"]
        sandbox = str(host["NetworkMode"]).partition("container:")[2]
        own = container.body.get("NetworkingConfig", {}).get("EndpointsConfig", {}).get(NETWORK)
        published = {
            port for ports in host.get("PortBindings", {}).values() for port in (binding["HostPort"] for binding in ports)
        }
        assert not published & set(self._published(container.name)), f"{container.name}: its port is held"
        assert not own or NETWORK in self.networks
        self.containers[container.name] = Found(
            name=container.name,
            component=container.component,
            instance=container.instance,
            role=container.role,
            digest=container.digest,
            image=container.image,
            state="running",
            health="starting" if container.role == Role.WORKLOAD else "",
            memory=container.memory,
            cpus=container.cpus,
            restarts=True,
            networks=(NETWORK,) if own else (),
            address=own["IPAMConfig"]["IPv4Address"] if own else "",
            joined=sandbox and self.containers[sandbox].key,
            kind=container.kind,
            key=f"{next(self._keys)}" + "".join(f" {port}" for port in sorted(published)),
        )

    def _published(self, but: str) -> list[str]:
        """Return the ports that containers hold, but for the one called ``but``: the model keeps them in its key."""
        return [port for container in self.containers.values() if container.name != but for port in container.key.split()[1:]]

    def _stop(self, name: str) -> None:
        container = self.containers[name]
        if container.role in INSTANCE_ROLES:
            self.well.discard(Instance.parse(container.instance))
            self._tell_health(container.instance, "starting")

    def _served(self, operation: Admit | Withdraw) -> frozenset[Instance]:
        instance = operation.instance
        target = instance.version_name
        current = {path: self.files[path] for port in operation.model.ports for path in [endpoints_file(target, port.number)]}
        addresses = served_addresses(current).get(target, frozenset())
        return operation.topology.instances_at(addresses, target)

    def _admit(self, operation: Admit | Withdraw, serving: frozenset[Instance]) -> None:
        self.files.update(endpoint_files(operation.model, operation.instance.version, serving, operation.topology))

    def _await(self, operation: AwaitInstance) -> None:
        sandbox, *joining = (self.containers[container.name] for container in operation.containers)
        assert all(container.running for container in (sandbox, *joining)), f"{operation.subject} does not run"
        assert all(container.joined == sandbox.key for container in joining), f"{operation.subject} has lost its sandbox"
        assert sandbox.role == Role.SANDBOX
        self.well.add(Instance.parse(operation.subject))
        self._tell_health(operation.subject, "healthy")

    def _tell_health(self, instance: str, health: str) -> None:
        """Let the engine tell of the application, as of every one that has a health check."""
        for name, container in self.containers.items():
            if container.instance == instance and container.role == Role.WORKLOAD:
                self.change(name, health=health)


def rendered(plan: Plan) -> str:
    """Return a plan with its order: under each operation those that it waits for, but for what follows from the others."""
    before: dict[str, frozenset[str]] = {}
    lines = []
    for key, operation in plan.operations.items():
        own = operation.after & set(plan.operations)
        implied = frozenset().union(*(before[dependency] for dependency in own))
        before[key] = own | implied
        lines.append(str(operation))
        lines += [f"    after {dependency}" for dependency in plan.operations if dependency in own - implied]
    return "".join(f"{line}\n" for line in lines)
