"""All files of an application's mesh, by their path below the folder that the proxies mount."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from ..model.application import HTTP, Component
from ..model.effective import EffectiveApplication
from ..model.instance import Instance, Version, version_name
from .bootstrap import bootstrap
from .clusters import caller_clusters, endpoints_file, endpoints_of, port_endpoints, targets
from .envoy import Config, resources
from .listeners import component_directory, listeners
from .routes import ROUTES_FILE, inbound_name, inbound_routes, shared_routes
from .topology import Topology

CLUSTER, ENDPOINTS = "cluster.v3.Cluster", "endpoint.v3.ClusterLoadAssignment"
LISTENER, ROUTES = "listener.v3.Listener", "route.v3.RouteConfiguration"


def mesh_files(application: EffectiveApplication, topology: Topology) -> dict[str, str]:
    """Return the content of every file but those of endpoints. Equal models give equal bytes."""
    files = {ROUTES_FILE: routes_file(application)}
    for component in application.components:
        here = component_directory(component.name)
        own = _own_files(component, application, topology)
        files.update((f"{here}/{name}", _written(content)) for name, content in own.items())
    return dict(sorted(files.items()))


def routes_file(application: EffectiveApplication) -> str:
    """Return the content of the one file that all callers route by."""
    return _written(resources(ROUTES, [shared_routes(application)]))


def endpoint_files(
    component: Component, version: Version, serving: Collection[Instance], topology: Topology
) -> dict[str, str]:
    """Return the files that tell callers where a version takes calls: the instances in ``serving``, on each port."""
    target = version_name(component.name, version)
    return {
        endpoints_file(target, port.number): _written(
            resources(ENDPOINTS, [port_endpoints(target, port, serving, topology)])
        )
        for port in component.ports
    }


def endpoint_paths(component: Component, application: EffectiveApplication) -> list[str]:
    """Return the paths of the files of endpoints of all versions of ``component``."""
    return [endpoints_file(target, port.number) for target in targets(component.name, application) for port in component.ports]


def served_addresses(files: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """Return the addresses that callers send to, by the version's name: what the files of endpoints have on every port."""
    found: dict[str, frozenset[str]] = {}
    for path, content in files.items():
        target = endpoints_of(path)
        if target:
            addresses = frozenset(_addresses(content))
            found[target[0]] = found.get(target[0], addresses) & addresses
    return found


def _addresses(content: str) -> list[str]:
    (assignment,) = json.loads(content)["resources"]
    return [
        endpoint["endpoint"]["address"]["socket_address"]["address"]
        for locality in assignment["endpoints"]
        for endpoint in locality["lb_endpoints"]
    ]


def _written(content: Config) -> str:
    # Without indentation, which Python's encoder in C does not know: a weight waits for this.
    return json.dumps(content, sort_keys=True) + "\n"


def _own_files(component: Component, application: EffectiveApplication, topology: Topology) -> dict[str, Config]:
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
