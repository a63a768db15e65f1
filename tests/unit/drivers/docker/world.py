"""A model of a host with one application, on which plans are made and carried out without an engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import Scope
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.containers import Container, HostSettings
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.layout import Layout
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.names import Role
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.observation import DockerObservation
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.observe import Inventory, ObservedContainer
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
from ansible_collections.evenkeel.mesh.plugins.module_utils.images.required import PLATFORM, platform_image
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.clusters import endpoints_file
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.files import endpoint_files, served_addresses
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Application
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.effective import EffectiveApplication, without_state
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Instance, Version, instances, version_name
from ansible_collections.evenkeel.mesh.plugins.module_utils.plan.graph import Operation, Plan

SETTING = HostSettings(Layout("app"), Path("/app"))
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
    """Return a shop of three services, with each service changed by ``changes``, or removed by None.

    ``images`` are platform references that differ from the defaults.
    """
    services = {name: {**service, **(changes.get(name) or {})} for name, service in SERVICES.items()}
    services.update((name, service) for name, service in changes.items() if name not in SERVICES and service)
    remaining = {name: service for name, service in services.items() if changes.get(name, {}) is not None}
    secrets = {"password": {"file": "./password", "x-mesh": {"generate": True}}}
    content = {"name": "app", "services": remaining, "volumes": {"data": None}, "secrets": secrets}
    return effective(parse(content, "compose.yaml", {}, "app"), **(images or {}))


def effective(model: Application, **images: str) -> EffectiveApplication:
    """Return ``model`` without releases, with its own images and those of the platform."""
    references = {platform_image(name): f"{name}:1" for name in PLATFORM}
    references.update((platform_image(name), reference) for name, reference in images.items())
    references.update((component.name, component.image) for component in model.components if not component.gateway)
    return without_state(model, references)


def placed_topology(model: EffectiveApplication) -> DockerTopology:
    """Return the addresses of ``model`` on an empty engine, with the first instances of each version placed."""
    addresses = topology(allocate(model, {}))
    versions = [(component.name, version) for component in model.components for version in model.versions(component.name)]
    return replace(addresses, placement={key: instances(*key, model.replicas(*key)) for key in versions})


@dataclass
class World:
    """A host, and the address allocation in its state store.

    ``healthy`` are the instances that have become healthy; ``model`` is the last planned model.
    """

    networks: dict[str, str] = field(default_factory=dict)
    other_ranges: tuple[str, ...] = ()
    volumes: set[str] = field(default_factory=set)
    containers: dict[str, ObservedContainer] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    allocation: dict[str, str] = field(default_factory=dict)
    healthy: set[Instance] = field(default_factory=set)
    model: EffectiveApplication = field(default_factory=lambda: EffectiveApplication("app", ()))
    _keys: Iterator[int] = field(default_factory=count)

    def observation(self) -> DockerObservation:
        """Return what a driver observes."""
        volumes = frozenset(self.volumes)
        engine = Inventory(dict(self.networks), self.other_ranges, volumes, volumes, dict(self.containers))
        return DockerObservation(engine, dict(self.files), frozenset(self.secrets), SETTING)

    def plan(self, model: EffectiveApplication, scope: Scope | None = None) -> Plan:
        """Return the plan for ``model``, and keep its address allocation."""
        self.model = model
        observation = self.observation()
        self.allocation = observation.allocation(model, self.allocation)
        return observation.plan(model, self.allocation, scope or Scope())

    def deploy(self, model: EffectiveApplication) -> World:
        """Carry out the whole plan for ``model``, in its order."""
        return self.carry_out(self.plan(model).operations.values())

    def carry_out(self, operations: Iterable[Operation]) -> World:
        """Carry out ``operations``."""
        for operation in operations:
            self.apply(operation)
        return self

    def deploy_until(self, model: EffectiveApplication, last_key: str) -> World:
        """Carry out the plan for ``model`` up to the operation ``last_key``, as a run that dies then."""
        operations = list(self.plan(model).operations.values())
        position = [operation.key for operation in operations].index(last_key)
        return self.carry_out(operations[: position + 1])

    def change(self, name: str, **changes: Any) -> World:
        """Change a container by hand."""
        self.containers[name] = replace(self.containers[name], **changes)
        return self

    def serving(self, component: str) -> frozenset[Instance]:
        """Return the instances in the endpoints of both versions of ``component``."""
        addresses, model = topology(self.allocation), self.model
        ports = model.component(component).ports if component in {service.name for service in model.components} else ()
        serving: set[Instance] = set()
        for version in Version:
            target = version_name(component, version)
            paths = {endpoints_file(target, port.number) for port in ports}
            files = {path: content for path, content in self.files.items() if path in paths}
            serving |= addresses.instances_at(served_addresses(files).get(target, ()), target)
        return frozenset(serving)

    def apply(self, operation: Operation) -> None:  # noqa: C901 (a line a type)
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
                self._create_container(operation.container)
            case RecreateContainer():
                self._stop_container(operation.subject)
                self._create_container(operation.container)
            case HandOverProxy():
                # The new proxy runs before the old one stops.
                self._create_container(operation.container)
            case RemoveContainer():
                self._stop_container(operation.subject)
                del self.containers[operation.subject]
            case StartContainer() | UpdateContainer():
                limits = {"memory": operation.container.memory, "cpus": operation.container.cpus}
                self.change(operation.subject, state="running", restarts=True, **limits)
            case DetachContainer():
                self.change(operation.subject, networks=(operation.network,))
            case Admit():
                self._write_endpoints(operation, self._served(operation) | {operation.instance})
            case Withdraw():
                self._write_endpoints(operation, self._served(operation) - {operation.instance})
            case AwaitInstance():
                self._await_instance(operation)
            case Drain():
                pass
            case _:
                raise TypeError(type(operation).__name__)

    def _create_container(self, container: Container) -> None:
        host = container.body["HostConfig"]
        sandbox = str(host["NetworkMode"]).partition("container:")[2]
        mesh_endpoint = container.body.get("NetworkingConfig", {}).get("EndpointsConfig", {}).get(NETWORK)
        published = {
            port for ports in host.get("PortBindings", {}).values() for port in (binding["HostPort"] for binding in ports)
        }
        assert not published & set(self._published(container.name)), f"{container.name}: its port is held"
        assert not mesh_endpoint or NETWORK in self.networks
        self.containers[container.name] = ObservedContainer(
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
            networks=(NETWORK,) if mesh_endpoint else (),
            address=mesh_endpoint["IPAMConfig"]["IPv4Address"] if mesh_endpoint else "",
            sandbox_id=sandbox and self.containers[sandbox].id,
            kind=container.kind,
            id=f"{next(self._keys)}" + "".join(f" {port}" for port in sorted(published)),
        )

    def _published(self, excluded: str) -> list[str]:
        """Return the ports that containers other than ``excluded`` hold: the model keeps them in their ids."""
        return [
            port for container in self.containers.values() if container.name != excluded for port in container.id.split()[1:]
        ]

    def _stop_container(self, name: str) -> None:
        container = self.containers[name]
        if container.role in INSTANCE_ROLES:
            self.healthy.discard(Instance.parse(container.instance))
            self._set_health(container.instance, "starting")

    def _served(self, operation: Admit | Withdraw) -> frozenset[Instance]:
        instance = operation.instance
        target = instance.version_name
        current = {path: self.files[path] for port in operation.model.ports for path in [endpoints_file(target, port.number)]}
        addresses = served_addresses(current).get(target, frozenset())
        return operation.topology.instances_at(addresses, target)

    def _write_endpoints(self, operation: Admit | Withdraw, serving: frozenset[Instance]) -> None:
        self.files.update(endpoint_files(operation.model, operation.instance.version, serving, operation.topology))

    def _await_instance(self, operation: AwaitInstance) -> None:
        sandbox, *joining = (self.containers[container.name] for container in operation.containers)
        assert all(container.running for container in (sandbox, *joining)), f"{operation.subject} does not run"
        assert all(container.sandbox_id == sandbox.id for container in joining), f"{operation.subject} has lost its sandbox"
        assert sandbox.role == Role.SANDBOX
        self.healthy.add(Instance.parse(operation.subject))
        self._set_health(operation.subject, "healthy")

    def _set_health(self, instance: str, health: str) -> None:
        """Set the health of the workload, as the engine does for one with a health check."""
        for name, container in self.containers.items():
            if container.instance == instance and container.role == Role.WORKLOAD:
                self.change(name, health=health)


def render_plan(plan: Plan) -> str:
    """Return a plan with its order: under each operation its dependencies, without those that others imply."""
    ancestors: dict[str, frozenset[str]] = {}
    lines = []
    for key, operation in plan.operations.items():
        direct = operation.after & set(plan.operations)
        implied = frozenset().union(*(ancestors[dependency] for dependency in direct))
        ancestors[key] = direct | implied
        lines.append(str(operation))
        lines += [f"    after {dependency}" for dependency in plan.operations if dependency in direct - implied]
    return "".join(f"{line}\n" for line in lines)
