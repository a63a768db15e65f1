"""The containers of an instance, as bodies of the Engine API: pure data from the model."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...images.required import platform_image
from ...mesh.bootstrap import proxy_arguments
from ...mesh.clusters import http_port
from ...mesh.envoy import DIRECTORY, TRACES_PATH
from ...mesh.resolution import host_names
from ...model.application import TRACES_PORT, Application, Component, Mount
from ...model.effective import EffectiveApplication
from ...model.instance import Instance
from . import names
from .client import DEFAULT_SOCKET
from .layout import Layout
from .names import Role
from .observe import ObservedContainer
from .rules import rules
from .topology import DockerTopology

Body = dict[str, Any]
SUPERVISOR_MEMORY = 64 << 20
_LOG = {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}
_SANDBOX_STOP_SECONDS, _PROXY_STOP_SECONDS = 1, 5


@dataclass(frozen=True)
class Container:
    """A desired container: ``memory`` and ``cpus`` can be changed while it runs, any change of ``body`` recreates it.

    ``memory`` is in bytes and ``cpus`` in billionths of a processor, both 0 for no limit.
    """

    name: str
    application: str
    component: str
    instance: str
    role: Role
    body: Body
    memory: int = 0
    cpus: int = 0
    kind: str = ""

    @property
    def image(self) -> str:
        """The reference of the image."""
        return str(self.body["Image"])

    @property
    def digest(self) -> str:
        """The hash of the body; a label of the container has it, so that a change of the body is detected."""
        return hashlib.sha256(json.dumps(self.body, sort_keys=True).encode()).hexdigest()[:16]

    def same_settings(self, observed: ObservedContainer) -> bool:
        """Whether ``observed`` was created from the same body, apart from the image."""
        return replace(self, body={**self.body, "Image": observed.image}).digest == observed.digest

    def limits(self) -> Body:
        """Return the limits in the terms of the Engine API; 0 for no limit."""
        return {"Memory": self.memory, "NanoCpus": self.cpus}

    def create_body(self) -> Body:
        """Return the whole body of the request that creates the container."""
        labels = {
            names.APPLICATION: self.application,
            names.COMPONENT: self.component,
            names.INSTANCE: self.instance,
            names.ROLE: self.role,
            names.KIND: self.kind,
            names.DIGEST: self.digest,
        }
        host = {**self.body["HostConfig"], **self.limits(), "RestartPolicy": {"Name": "always"}, "LogConfig": _LOG}
        return {**self.body, "HostConfig": host, "Labels": {**self.body.get("Labels", {}), **labels}}


@dataclass(frozen=True)
class HostSettings:
    """What containers depend on besides the model: the ``layout`` of the host, and ``folder``, the base of relative bind mounts.

    ``socket`` is the engine's, for the supervisor; ``migrates_connections`` says whether the kernel can move connections that
    are not accepted yet from one listener to another (tcp_migrate_req in ip-sysctl, since Linux 5.14).
    """

    layout: Layout
    folder: Path
    socket: str = DEFAULT_SOCKET
    migrates_connections: bool = False


def instance_containers(
    instance: Instance, application: EffectiveApplication, topology: DockerTopology, settings: HostSettings
) -> tuple[Container, ...]:
    """Return the containers of an instance, the sandbox first. A gateway has no workload."""
    component = application.as_version(application.component(instance.component), instance.version)
    sandbox = names.container_name(application.name, instance.name, Role.SANDBOX)
    joined = {"NetworkMode": f"container:{sandbox}", "PidMode": f"container:{sandbox}"}

    def container(role: Role, body: Body, memory: int = 0, cpus: float = 0.0) -> Container:
        return Container(
            name=names.container_name(application.name, instance.name, role),
            application=application.name,
            component=component.name,
            instance=instance.name,
            role=role,
            body=body,
            memory=memory,
            cpus=round(cpus * 1e9),
            kind=component.kind,
        )

    base = (
        container(Role.SANDBOX, _sandbox(component, instance, application, topology, settings.migrates_connections)),
        container(
            Role.PROXY, _proxy(component, instance, joined, application, topology, settings.layout), component.proxy_memory
        ),
    )
    if component.gateway:
        return base
    body = _workload(component, instance, joined, application, settings)
    return (*base, container(Role.WORKLOAD, body, component.memory or 0, component.cpus or 0.0))


def supervisor(application: EffectiveApplication, settings: HostSettings) -> Container:
    """Return the container that restarts stopped ones: an engine treats a kill as an intended stop."""
    body = {
        "Image": application.references[platform_image("supervisor")],
        "Cmd": [application.name],
        "HostConfig": {
            "NetworkMode": "none",
            "Mounts": [_bind(settings.socket, DEFAULT_SOCKET)],
            "CapDrop": ["ALL"],
            "ReadonlyRootfs": True,
            "SecurityOpt": ["no-new-privileges"],
        },
    }
    name = names.supervisor_name(application.name)
    return Container(name, application.name, "", Role.SUPERVISOR, Role.SUPERVISOR, body, SUPERVISOR_MEMORY)


def _sandbox(
    component: Component,
    instance: Instance,
    application: EffectiveApplication,
    topology: DockerTopology,
    migrates_connections: bool,
) -> Body:
    network = names.network_name(application.name)
    # A gateway has no workload that resolves names, so its dependencies may change without another sandbox.
    hosts = {} if component.gateway else host_names(component, application, topology)
    published: dict[str, list[dict[str, str]]] = {}
    for port in component.outer_ports:
        published.setdefault(f"{port.target}/tcp", []).append({"HostIp": port.host_ip, "HostPort": str(port.published)})
    # Clients of a published port cannot be redirected while its proxy is replaced.
    migration = {"net.ipv4.tcp_migrate_req": "1"} if published and migrates_connections else {}
    return {
        "Image": application.references[platform_image("sandbox")],
        "Hostname": instance.name,
        "Env": [f"EVENKEEL_RULES={rules(component, topology, topology.proxy_uid(instance))}"],
        "ExposedPorts": {port: {} for port in published},
        "StopTimeout": _SANDBOX_STOP_SECONDS,
        "HostConfig": {
            "NetworkMode": network,
            "ExtraHosts": [f"{name}:{address}" for name, address in sorted(hosts.items())],
            "PortBindings": published,
            "Sysctls": {"net.ipv4.ip_unprivileged_port_start": "0", **migration},
            "CapDrop": ["ALL"],
            "CapAdd": ["NET_ADMIN"],
            "ReadonlyRootfs": True,
            "SecurityOpt": ["no-new-privileges"],
        },
        "NetworkingConfig": {"EndpointsConfig": {network: {"IPAMConfig": {"IPv4Address": topology.address(instance)}}}},
    }


def _proxy(
    component: Component,
    instance: Instance,
    joined: Body,
    application: EffectiveApplication,
    topology: DockerTopology,
    layout: Layout,
) -> Body:
    user = topology.proxy_uid(instance)
    return {
        "Image": application.references[platform_image("envoy")],
        "Cmd": proxy_arguments(component, instance.name),
        "User": f"{user}:{user}",
        "StopTimeout": _PROXY_STOP_SECONDS,
        "HostConfig": {
            **joined,
            "Mounts": [
                _bind(str(layout.mesh), DIRECTORY, read_only=True),
                _bind(str(layout.admin_folder(instance.name)), "/run/evenkeel"),
            ],
            "CapDrop": ["ALL"],
            "ReadonlyRootfs": True,
            "SecurityOpt": ["no-new-privileges"],
        },
    }


def _workload(
    component: Component, instance: Instance, joined: Body, application: EffectiveApplication, settings: HostSettings
) -> Body:
    secrets = [
        _bind(str(settings.layout.mounted_secret(component.name, secret)), secret.target, read_only=True)
        for secret in component.secrets
    ]
    body: Body = {
        "Image": application.reference(component.name, instance.version),
        "Env": [f"{name}={value}" for name, value in sorted(environment(component, application).items())],
        "Labels": dict(component.labels),
        "StopTimeout": max(1, round(component.stop_grace_period)),
        "HostConfig": {
            **joined,
            "Mounts": [*(_mount(mount, application.name, settings.folder) for mount in component.mounts), *secrets],
            "CapAdd": list(component.cap_add),
            "CapDrop": list(component.cap_drop),
            "ReadonlyRootfs": component.read_only,
        },
    }
    optional = {
        "Cmd": component.command and list(component.command),
        "Entrypoint": component.entrypoint and list(component.entrypoint),
        "User": component.user,
        "WorkingDir": component.working_dir,
        "StopSignal": component.stop_signal,
        "Healthcheck": _healthcheck(component),
    }
    return {**body, **{key: value for key, value in optional.items() if value}}


def environment(component: Component, application: Application) -> dict[str, str]:
    """Return the component's variables: hosts and ports of its dependencies, the tracing endpoint, and its own, which win."""
    variables: dict[str, str] = {}
    for dependency in component.dependencies:
        callee = application.component(dependency.name)
        port = http_port(callee) or next(iter(callee.ports), None)
        prefix = dependency.name.upper().replace("-", "_")
        variables[f"{prefix}_HOST"] = dependency.name
        if port:
            variables[f"{prefix}_PORT"] = str(port.number)
    if application.tracing:
        variables["OTEL_EXPORTER_ZIPKIN_ENDPOINT"] = f"http://127.0.0.1:{TRACES_PORT}{TRACES_PATH}"
    return {**variables, **dict(component.environment)}


def _healthcheck(component: Component) -> Body | None:
    check = component.healthcheck
    if check is None:
        return None
    seconds = {"Interval": check.interval, "Timeout": check.timeout, "StartPeriod": check.start_period}
    return {"Test": list(check.test), "Retries": check.retries, **{key: round(value * 1e9) for key, value in seconds.items()}}


def _mount(mount: Mount, application: str, folder: Path) -> Body:
    if mount.kind == "tmpfs":
        return {"Type": "tmpfs", "Target": mount.target, "TmpfsOptions": {"Mode": 0o1777}}
    if mount.kind == "bind":
        return _bind(str((folder / Path(mount.source).expanduser()).resolve()), mount.target, mount.read_only)
    source = names.volume_name(application, mount.source)
    return {"Type": "volume", "Source": source, "Target": mount.target, "ReadOnly": mount.read_only}


def _bind(source: str, target: str, read_only: bool = False) -> Body:
    return {"Type": "bind", "Source": source, "Target": target, "ReadOnly": read_only}
