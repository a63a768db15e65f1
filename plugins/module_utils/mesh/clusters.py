"""The clusters of a caller, and the endpoints that all callers share."""

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
    """Return the name of the cluster of all instances of a component, or of one if ``component`` is an instance's name.

    It has no dot: Envoy's tags for statistics would cut the name there.
    """
    return f"{component}:{port}"


def statistics_name(cluster: str) -> str:
    """Return a cluster's name as Envoy writes it in statistics, where colons are replaced."""
    return cluster.replace(":", "_")


def endpoints_file(component: str, port: int) -> str:
    """Return the path of the file with the endpoints of a version for one port; ``component`` is the version's name."""
    return f"shared/endpoints/{component}.{port}.json"


def parse_endpoints_path(path: str) -> tuple[str, int] | None:
    """Return the version's name and the port of an endpoints file, None if ``path`` is another file."""
    match = _ENDPOINTS_FILE.fullmatch(path)
    return (match[1], int(match[2])) if match else None


def version_names(component: str, application: EffectiveApplication) -> list[str]:
    """Return the names of the versions of ``component`` that should run, as in the names of clusters."""
    return [version_name(component, version) for version in application.versions(component)]


def http_port(component: Component) -> Port | None:
    """Return the default port for HTTP callers: the component's first HTTP port."""
    return next((port for port in component.ports if port.protocol in ("http", "grpc")), None)


def port_endpoints(target: str, port: Port, serving: Collection[Instance], topology: Topology) -> Config:
    """Return the endpoints of ``target``, a version's name, for ``port``: the instances in ``serving``."""
    addresses = [socket_address(topology.address(instance), port.number) for instance in sorted(serving)]
    return endpoints(cluster_name(target, port.number), addresses)


def caller_clusters(component: Component, application: EffectiveApplication, topology: Topology) -> list[Config]:
    """Return the clusters that the proxy of ``component`` may send to, and those of its own application's ports."""
    clusters = [_application_cluster(port) for port in component.ports if not component.gateway]
    if component.gateway:
        clusters.append(_admin_cluster())
    for dependency in component.dependencies:
        called = application.component(dependency.name)
        for port in called.ports:
            options = _options(called, port, called.policy.with_override(dependency.override))
            clusters.extend(
                _eds_cluster(cluster_name(target, port.number), target, port, options)
                for target in version_names(called.name, application)
            )
            if called.kind == Kind.STATEFUL:
                stable = topology.instances(called.name, Version.STABLE)
                clusters.extend(_instance_cluster(instance, port, topology, options) for instance in stable)
    if application.tracing:
        called = application.component(application.tracing)
        traces_port = http_port(called)
        if traces_port:
            options = _options(called, traces_port, called.policy)
            clusters.append(_eds_cluster(TRACES_CLUSTER, called.name, traces_port, options))
    return clusters


def _eds_cluster(name: str, target: str, port: Port, options: Config) -> Config:
    source = config_source(endpoints_file(target, port.number))
    return {
        "name": name,
        "type": "EDS",
        "eds_cluster_config": {"service_name": cluster_name(target, port.number), "eds_config": source},
        **options,
    }


def _instance_cluster(instance: Instance, port: Port, topology: Topology, options: Config) -> Config:
    name = cluster_name(instance.name, port.number)
    address = socket_address(topology.address(instance), port.number)
    return {"name": name, "type": "STATIC", "load_assignment": endpoints(name, [address]), **options}


def _options(called: Component, port: Port, policy: Policy) -> Config:
    """Return the options of a cluster of ``called``: connections, circuit breakers and outlier detection by ``policy``."""
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
    """Return the outlier detection, capped so that one instance always stays: Envoy's limit is a percentage, rounded down."""
    detection = policy.outlier_detection
    max_percent = 100 * (replicas - 1) // replicas if replicas else 0
    return {
        "interval": duration(detection.interval),
        "consecutive_5xx": detection.consecutive_errors,
        "consecutive_gateway_failure": detection.consecutive_errors,
        "base_ejection_time": duration(detection.base_ejection_time),
        "max_ejection_percent": min(detection.max_ejection_percent, max_percent),
        "always_eject_one_host": replicas > 1 and detection.max_ejection_percent > 0,
        "enforcing_success_rate": 0,
        "enforcing_failure_percentage": 0,
    }


def _application_cluster(port: Port) -> Config:
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
    """Return the name of the cluster of the proxy's own application."""
    return f"application:{port}"


def _admin_cluster() -> Config:
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
