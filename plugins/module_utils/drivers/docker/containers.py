"""The containers that make an instance, as the Engine API's bodies: pure data from the model."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...images.needed import platform_image
from ...mesh.bootstrap import arguments
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
from .observe import Found
from .rules import rules
from .topology import DockerTopology

Body = dict[str, Any]
SUPERVISOR_MEMORY = 64 << 20
_LOG = {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}
_SANDBOX_STOP_SECONDS, _PROXY_STOP_SECONDS = 1, 5


@dataclass(frozen=True)
class Container:
    """One container: ``memory`` and ``cpus`` can be changed while it runs, all else in ``body`` makes another one.

    ``memory`` is in bytes and ``cpus`` in billionths of a processor, both 0 for no limit; ``application`` is whose it is.
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
        """The reference of its image."""
        return str(self.body["Image"])

    @property
    def digest(self) -> str:
        """What the body comes to; kept as a label to tell a container that is as wanted from one that is not."""
        return hashlib.sha256(json.dumps(self.body, sort_keys=True).encode()).hexdigest()[:16]

    def same_settings(self, found: Found) -> bool:
        """Whether ``found`` was made from the same body, but for its image."""
        return replace(self, body={**self.body, "Image": found.image}).digest == found.digest

    def limits(self) -> Body:
        """Return the limits in the terms of the Engine API; 0 is none."""
        return {"Memory": self.memory, "NanoCpus": self.cpus}

    def creation(self) -> Body:
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
class Setting:
    """What containers depend on besides the model: the host's folders, and ``folder``, which relative bind mounts are meant from.

    ``socket`` is the engine's, which the supervisor asks; ``migrates`` tells whether the kernel can hand connections that nobody
    has accepted yet from one listener to another (tcp_migrate_req in ip-sysctl, since Linux 5.14).
    """

    layout: Layout
    folder: Path
    socket: str = DEFAULT_SOCKET
    migrates: bool = False


def instance_containers(
    instance: Instance, application: EffectiveApplication, topology: DockerTopology, setting: Setting
) -> tuple[Container, ...]:
    """Return the containers of an instance, the sandbox first. A gateway has no application."""
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

    own = (
        container(Role.SANDBOX, _sandbox(component, instance, application, topology, setting.migrates)),
        container(
            Role.PROXY, _proxy(component, instance, joined, application, topology, setting.layout), component.proxy_memory
        ),
    )
    if component.gateway:
        return own
    body = _workload(component, instance, joined, application, setting)
    return (*own, container(Role.WORKLOAD, body, component.memory or 0, component.cpus or 0.0))


def supervisor(application: EffectiveApplication, setting: Setting) -> Container:
    """Return the container that starts again what was stopped: an engine takes a kill for a wish to stop."""
    body = {
        "Image": application.references[platform_image("supervisor")],
        "Cmd": [application.name],
        "HostConfig": {
            "NetworkMode": "none",
            "Mounts": [_bind(setting.socket, DEFAULT_SOCKET)],
            "CapDrop": ["ALL"],
            "ReadonlyRootfs": True,
            "SecurityOpt": ["no-new-privileges"],
        },
    }
    name = names.supervisor_name(application.name)
    return Container(name, application.name, "", Role.SUPERVISOR, Role.SUPERVISOR, body, SUPERVISOR_MEMORY)


def _sandbox(
    component: Component, instance: Instance, application: EffectiveApplication, topology: DockerTopology, migrates: bool
) -> Body:
    network = names.network_name(application.name)
    # A gateway has no application that would resolve names, so what it depends on may change without another sandbox.
    hosts = {} if component.gateway else host_names(component, application, topology)
    published: dict[str, list[dict[str, str]]] = {}
    for port in component.outer_ports:
        published.setdefault(f"{port.target}/tcp", []).append({"HostIp": port.host_ip, "HostPort": str(port.published)})
    # Clients of a published port cannot be told to go elsewhere while its proxy is replaced.
    handed_over = {"net.ipv4.tcp_migrate_req": "1"} if published and migrates else {}
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
            "Sysctls": {"net.ipv4.ip_unprivileged_port_start": "0", **handed_over},
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
        "Cmd": arguments(component, instance.name),
        "User": f"{user}:{user}",
        "StopTimeout": _PROXY_STOP_SECONDS,
        "HostConfig": {
            **joined,
            "Mounts": [
                _bind(str(layout.mesh), DIRECTORY, read_only=True),
                _bind(str(layout.run(instance.name)), "/run/evenkeel"),
            ],
            "CapDrop": ["ALL"],
            "ReadonlyRootfs": True,
            "SecurityOpt": ["no-new-privileges"],
        },
    }


def _workload(
    component: Component, instance: Instance, joined: Body, application: EffectiveApplication, setting: Setting
) -> Body:
    secrets = [
        _bind(str(setting.layout.mounted_secret(component.name, each)), each.target, read_only=True) for each in component.secrets
    ]
    body: Body = {
        "Image": application.reference(component.name, instance.version),
        "Env": [f"{name}={value}" for name, value in sorted(environment(component, application).items())],
        "Labels": dict(component.labels),
        "StopTimeout": max(1, round(component.stop_grace_period)),
        "HostConfig": {
            **joined,
            "Mounts": [*(_mount(each, application.name, setting.folder) for each in component.mounts), *secrets],
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
    """Return the component's variables: where its dependencies are, where spans go, and its own, which win."""
    found: dict[str, str] = {}
    for dependency in component.dependencies:
        called = application.component(dependency.name)
        port = http_port(called) or next(iter(called.ports), None)
        key = dependency.name.upper().replace("-", "_")
        found[f"{key}_HOST"] = dependency.name
        if port:
            found[f"{key}_PORT"] = str(port.number)
    if application.tracing:
        found["OTEL_EXPORTER_ZIPKIN_ENDPOINT"] = f"http://127.0.0.1:{TRACES_PORT}{TRACES_PATH}"
    return {**found, **dict(component.environment)}


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
