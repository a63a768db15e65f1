"""The containers that an application is to have, as the Engine API's bodies: pure data from the model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...mesh.addresses import TRACES_PORT, Addresses, host_names
from ...mesh.bootstrap import arguments
from ...mesh.clusters import http_port
from ...mesh.envoy import DIRECTORY, TRACES_PATH
from ...mesh.rules import rules
from ...model.application import FIRST_CANDIDATE, Application, Component, Mount
from . import names
from .client import SOCKET
from .layout import Layout

Body = dict[str, Any]
SUPERVISOR_MEMORY = 64 << 20
_LOG = {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}
_SANDBOX_STOP_SECONDS, _PROXY_STOP_SECONDS = 1, 5


@dataclass(frozen=True)
class Container:
    """One container: ``memory`` and ``cpus`` can be changed while it runs, all else in ``body`` makes another one."""

    name: str
    component: str
    instance: str
    role: str
    body: Body
    memory: int = 0
    cpus: float = 0.0
    kind: str = ""

    @property
    def digest(self) -> str:
        """What the body comes to; kept as a label to tell a container that is as wanted from one that is not."""
        return hashlib.sha256(json.dumps(self.body, sort_keys=True).encode()).hexdigest()[:16]

    def limits(self) -> Body:
        """Return the limits in the terms of the Engine API; 0 is none."""
        return {"Memory": self.memory, "NanoCpus": round(self.cpus * 1e9)}

    def creation(self, application: str) -> Body:
        """Return the whole body of the request that creates the container."""
        labels = {
            names.APPLICATION: application,
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
    """What containers depend on besides the model: the references of ``images`` by name, addresses, and folders.

    ``folder`` is that of the application file, from which relative bind mounts are meant.
    """

    images: Mapping[str, str]
    known: Addresses
    layout: Layout
    folder: Path

    def image(self, component: Component, number: int) -> str:
        """Return the reference of the image that instance ``number`` of ``component`` runs."""
        other = component.candidate.image if component.candidate and number >= FIRST_CANDIDATE else ""
        return other or self.images[component.name]


def containers(application: Application, setting: Setting) -> dict[str, Container]:
    """Return all containers of ``application`` by name, the supervisor last."""
    found: dict[str, Container] = {}
    for component in application.components:
        for number in component.numbers:
            for container in _instance(component.version(number), number, application, setting):
                found[container.name] = container
    supervisor = _supervisor(application, setting)
    return {**found, supervisor.name: supervisor}


def _instance(component: Component, number: int, application: Application, setting: Setting) -> list[Container]:
    instance = names.instance_name(component.name, number)
    roles = (names.SANDBOX, names.PROXY, names.WORKLOAD)
    called = {role: names.container_name(application.name, instance, role) for role in roles}
    joined = {"NetworkMode": f"container:{called[names.SANDBOX]}", "PidMode": f"container:{called[names.SANDBOX]}"}
    blank = Container("", component.name, instance, "", {}, kind=component.kind)
    sandbox = replace(
        blank, name=called[names.SANDBOX], role=names.SANDBOX, body=_sandbox(component, number, application, setting)
    )
    proxy = replace(
        blank,
        name=called[names.PROXY],
        role=names.PROXY,
        body=_proxy(component, number, joined, setting),
        memory=component.proxy_memory,
    )
    if component.gateway:
        return [sandbox, proxy]
    workload = replace(
        blank,
        name=called[names.WORKLOAD],
        role=names.WORKLOAD,
        body=_workload(component, number, joined, application, setting),
        memory=component.memory or 0,
        cpus=component.cpus or 0.0,
    )
    return [sandbox, proxy, workload]


def _sandbox(component: Component, number: int, application: Application, setting: Setting) -> Body:
    network = names.network_name(application.name)
    address = str(setting.known.instance(component.name, number))
    hosts = host_names(component, application, setting.known)
    published: dict[str, list[dict[str, str]]] = {}
    for port in component.outer_ports:
        published.setdefault(f"{port.target}/tcp", []).append({"HostIp": port.host_ip, "HostPort": str(port.published)})
    return {
        "Image": setting.images[names.SANDBOX],
        "Hostname": names.instance_name(component.name, number),
        "Env": [f"EVENKEEL_RULES={rules(component, setting.known.subnet, setting.known.proxy_uid(component.name, number))}"],
        "ExposedPorts": {port: {} for port in published},
        "StopTimeout": _SANDBOX_STOP_SECONDS,
        "HostConfig": {
            "NetworkMode": network,
            "ExtraHosts": [f"{name}:{address}" for name, address in sorted(hosts.items())],
            "PortBindings": published,
            "Sysctls": {"net.ipv4.ip_unprivileged_port_start": "0"},
            "CapDrop": ["ALL"],
            "CapAdd": ["NET_ADMIN"],
            "ReadonlyRootfs": True,
            "SecurityOpt": ["no-new-privileges"],
        },
        "NetworkingConfig": {"EndpointsConfig": {network: {"IPAMConfig": {"IPv4Address": address}}}},
    }


def _proxy(component: Component, number: int, joined: Body, setting: Setting) -> Body:
    instance, user = names.instance_name(component.name, number), setting.known.proxy_uid(component.name, number)
    return {
        "Image": setting.images["envoy"],
        "Cmd": arguments(component, instance),
        "User": f"{user}:{user}",
        "StopTimeout": _PROXY_STOP_SECONDS,
        "HostConfig": {
            **joined,
            "Mounts": [
                _bind(str(setting.layout.mesh), DIRECTORY, read_only=True),
                _bind(str(setting.layout.run(instance)), "/run/evenkeel"),
            ],
            "CapDrop": ["ALL"],
            "ReadonlyRootfs": True,
            "SecurityOpt": ["no-new-privileges"],
        },
    }


def _workload(component: Component, number: int, joined: Body, application: Application, setting: Setting) -> Body:
    secrets = [
        _bind(str(setting.layout.mounted_secret(component.name, each)), each.target, read_only=True) for each in component.secrets
    ]
    body: Body = {
        "Image": setting.image(component, number),
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
    return {"Test": list(check.test), "Retries": check.retries, **{key: int(value * 1e9) for key, value in seconds.items()}}


def _mount(mount: Mount, application: str, folder: Path) -> Body:
    if mount.kind == "tmpfs":
        return {"Type": "tmpfs", "Target": mount.target, "TmpfsOptions": {"Mode": 0o1777}}
    if mount.kind == "bind":
        return _bind(str((folder / Path(mount.source).expanduser()).resolve()), mount.target, mount.read_only)
    source = names.volume_name(application, mount.source)
    return {"Type": "volume", "Source": source, "Target": mount.target, "ReadOnly": mount.read_only}


def _bind(source: str, target: str, read_only: bool = False) -> Body:
    return {"Type": "bind", "Source": source, "Target": target, "ReadOnly": read_only}


def _supervisor(application: Application, setting: Setting) -> Container:
    """Return the container that starts again what was stopped: an engine counts a kill as a wish to stop."""
    body = {
        "Image": setting.images[names.SUPERVISOR],
        "Cmd": [application.name],
        "HostConfig": {
            "NetworkMode": "none",
            "Mounts": [_bind(SOCKET, SOCKET)],
            "CapDrop": ["ALL"],
            "ReadonlyRootfs": True,
            "SecurityOpt": ["no-new-privileges"],
        },
    }
    name = names.container_name(application.name, names.SUPERVISOR, names.WORKLOAD)
    return Container(name, "", names.SUPERVISOR, names.SUPERVISOR, body, SUPERVISOR_MEMORY)
