"""All files of an application's mesh, by their path in the directory that the proxies mount."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from ..model.application import HTTP, Component
from ..model.effective import EffectiveApplication
from ..model.instance import Instance, Version, version_name
from .bootstrap import bootstrap
from .clusters import caller_clusters, endpoints_file, parse_endpoints_path, port_endpoints, version_names
from .envoy import Config, resources
from .listeners import component_directory, listeners
from .routes import ROUTES_FILE, inbound_name, inbound_routes, shared_routes
from .topology import Topology

CLUSTER, ENDPOINTS = "cluster.v3.Cluster", "endpoint.v3.ClusterLoadAssignment"
LISTENER, ROUTES = "listener.v3.Listener", "route.v3.RouteConfiguration"


def mesh_files(application: EffectiveApplication, topology: Topology) -> dict[str, str]:
    """Return the content of all files except endpoints. Equal models yield equal bytes."""
    files = {ROUTES_FILE: routes_file(application)}
    for component in application.components:
        directory = component_directory(component.name)
        own = _component_files(component, application, topology)
        files.update((f"{directory}/{name}", _to_json(content)) for name, content in own.items())
    return dict(sorted(files.items()))


def routes_file(application: EffectiveApplication) -> str:
    """Return the content of the route file that all callers share."""
    return _to_json(resources(ROUTES, [shared_routes(application)]))


def endpoint_files(
    component: Component, version: Version, serving: Collection[Instance], topology: Topology
) -> dict[str, str]:
    """Return the endpoint files of a version, one per port: the instances in ``serving``."""
    target = version_name(component.name, version)
    return {
        endpoints_file(target, port.number): _to_json(
            resources(ENDPOINTS, [port_endpoints(target, port, serving, topology)])
        )
        for port in component.ports
    }


def endpoint_paths(component: Component, application: EffectiveApplication) -> list[str]:
    """Return the paths of the endpoint files of all versions of ``component``."""
    targets = version_names(component.name, application)
    return [endpoints_file(target, port.number) for target in targets for port in component.ports]


def served_addresses(files: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """Return the addresses that are in the endpoint files of every port of a version, by the version's name."""
    served: dict[str, frozenset[str]] = {}
    for path, content in files.items():
        endpoints = parse_endpoints_path(path)
        if endpoints:
            target, _port = endpoints
            addresses = frozenset(_addresses(content))
            served[target] = served.get(target, addresses) & addresses
    return served


def _addresses(content: str) -> list[str]:
    (assignment,) = json.loads(content)["resources"]
    return [
        endpoint["endpoint"]["address"]["socket_address"]["address"]
        for locality in assignment["endpoints"]
        for endpoint in locality["lb_endpoints"]
    ]


def _to_json(content: Config) -> str:
    # Not indented: Python's fast C encoder cannot indent, and changes of weight wait for this.
    return json.dumps(content, sort_keys=True) + "\n"


def _component_files(component: Component, application: EffectiveApplication, topology: Topology) -> dict[str, Config]:
    files = {
        "bootstrap.json": bootstrap(component),
        "listeners.json": resources(LISTENER, listeners(component, application, topology)),
        "clusters.json": resources(CLUSTER, caller_clusters(component, application, topology)),
    }
    for port in component.ports:
        if port.protocol in HTTP and not component.gateway:
            routes = inbound_routes(component, port.number, application.dependents(component.name))
            files[f"{inbound_name(port.number)}.json"] = resources(ROUTES, [routes])
    return files
