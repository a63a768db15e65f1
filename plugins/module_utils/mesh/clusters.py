"""Where traffic can go: the clusters of a caller, and the endpoints that all callers read."""

from __future__ import annotations

import re
from collections.abc import Collection

from ..model.application import Component, Kind, Port
from ..model.effective import EffectiveApplication
from ..model.instance import Instance, Version, version_name
from ..model.policy import Policy
from .envoy import ADMIN_SOCKET, TRACES_CLUSTER, Config, config_source, duration, endpoints, extension, socket_address
from .topology import Topology

CONNECT_SECONDS = 2.0
_ENDPOINTS_FILE = re.compile(r"shared/endpoints/(.+)\.(\d+)\.json")
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def cluster_name(component: str, port: int) -> str:
    """Return the cluster of all instances of a component, or of one where ``component`` is an instance's name.

    No dot: Envoy takes what is before one for the whole name when it labels its statistics.
    """
    return f"{component}:{port}"


def in_statistics(cluster: str) -> str:
    """Return a cluster's name as Envoy writes it in statistics: colons separate parts there."""
    return cluster.replace(":", "_")


def endpoints_file(component: str, port: int) -> str:
    """Return the path of the file with the endpoints of a port of a component, or of a candidate."""
    return f"shared/endpoints/{component}.{port}.json"


def endpoints_of(path: str) -> tuple[str, int] | None:
    """Return the version's name and the port whose endpoints the file at ``path`` has, None where it has none."""
    found = _ENDPOINTS_FILE.fullmatch(path)
    return (found[1], int(found[2])) if found else None


def targets(component: str, application: EffectiveApplication) -> list[str]:
    """Return what stands for the versions of ``component`` in the names of clusters."""
    return [version_name(component, version) for version in application.versions(component)]


def http_port(component: Component) -> Port | None:
    """Return the port that HTTP callers mean who say only the name: the component's first."""
    return next((port for port in component.ports if port.protocol in ("http", "grpc")), None)


def port_endpoints(target: str, port: Port, serving: Collection[Instance], topology: Topology) -> Config:
    """Return where the instances in ``serving`` take calls to ``port`` of ``target``, a version's name."""
    addresses = [socket_address(topology.address(instance), port.number) for instance in sorted(serving)]
    return endpoints(cluster_name(target, port.number), addresses)


def caller_clusters(component: Component, application: EffectiveApplication, topology: Topology) -> list[Config]:
    """Return the clusters that the proxy of ``component`` may send to, and its application's own ports."""
    clusters = [_application(port) for port in component.ports if not component.gateway]
    if component.gateway:
        clusters.append(_admin())
    for dependency in component.dependencies:
        called = application.component(dependency.name)
        for port in called.ports:
            towards = _towards(called, port, called.policy.with_override(dependency.override))
            clusters.extend(
                _discovered(cluster_name(each, port.number), each, port, towards) for each in targets(called.name, application)
            )
            if called.kind == Kind.STATEFUL:
                stable = topology.instances(called.name, Version.STABLE)
                clusters.extend(_instance(each, port, topology, towards) for each in stable)
    if application.tracing:
        called = application.component(application.tracing)
        taking = http_port(called)
        if taking:
            clusters.append(_discovered(TRACES_CLUSTER, called.name, taking, _towards(called, taking, called.policy)))
    return clusters


def _discovered(name: str, target: str, port: Port, towards: Config) -> Config:
    source = config_source(endpoints_file(target, port.number))
    return {
        "name": name,
        "type": "EDS",
        "eds_cluster_config": {"service_name": cluster_name(target, port.number), "eds_config": source},
        **towards,
    }


def _instance(instance: Instance, port: Port, topology: Topology, towards: Config) -> Config:
    name = cluster_name(instance.name, port.number)
    address = socket_address(topology.address(instance), port.number)
    return {"name": name, "type": "STATIC", "load_assignment": endpoints(name, [address]), **towards}


def _towards(called: Component, port: Port, policy: Policy) -> Config:
    """Return what ``policy`` says of connections and of instances that fail."""
    return {
        "connect_timeout": duration(CONNECT_SECONDS),
        "lb_policy": "LEAST_REQUEST",
        "circuit_breakers": {"thresholds": [_thresholds(policy)]},
        "outlier_detection": _outliers(policy, called.replicas),
        **_protocol(port),
    }


def _thresholds(policy: Policy) -> Config:
    limits = policy.circuit_breaker
    return {
        "max_connections": limits.max_connections,
        "max_pending_requests": limits.max_pending_requests,
        "max_requests": limits.max_requests,
        "max_retries": limits.max_retries,
    }


def _outliers(policy: Policy, replicas: int) -> Config:
    """Return the detection, held so that one instance always stays: Envoy's own limit is a percentage, rounded down."""
    detection = policy.outlier_detection
    most = 100 * (replicas - 1) // replicas if replicas else 0
    return {
        "interval": duration(detection.interval),
        "consecutive_5xx": detection.consecutive_errors,
        "consecutive_gateway_failure": detection.consecutive_errors,
        "base_ejection_time": duration(detection.base_ejection_time),
        "max_ejection_percent": min(detection.max_ejection_percent, most),
        "always_eject_one_host": replicas > 1 and detection.max_ejection_percent > 0,
        "enforcing_success_rate": 0,
        "enforcing_failure_percentage": 0,
    }


def _application(port: Port) -> Config:
    name = application_cluster(port.number)
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": duration(CONNECT_SECONDS),
        "load_assignment": endpoints(name, [socket_address("127.0.0.1", port.number)]),
        "circuit_breakers": {"thresholds": [{"max_connections": 65536, "max_pending_requests": 65536, "max_requests": 65536}]},
        **_protocol(port),
    }


def application_cluster(port: int) -> str:
    """Return the cluster of the application beside the proxy."""
    return f"application:{port}"


def _admin() -> Config:
    return {
        "name": "admin",
        "type": "STATIC",
        "load_assignment": endpoints("admin", [{"pipe": {"path": ADMIN_SOCKET}}]),
    }


def _protocol(port: Port) -> Config:
    if port.protocol != "grpc":
        return {}
    options = extension("", "upstreams.http.v3.HttpProtocolOptions", explicit_http_config={"http2_protocol_options": {}})
    return {"typed_extension_protocol_options": {_HTTP_OPTIONS: options["typed_config"]}}
