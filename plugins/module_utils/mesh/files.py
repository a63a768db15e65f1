"""All files of an application's mesh, by their path below the folder that the proxies mount."""

from __future__ import annotations

import json

from ..model.application import HTTP, Application, Component
from .addresses import Addresses
from .bootstrap import bootstrap
from .clusters import caller_clusters, component_endpoints, endpoints_file
from .envoy import Config, resources
from .listeners import component_directory, listeners
from .routes import ROUTES_FILE, inbound_name, inbound_routes, shared_routes

CLUSTER, ENDPOINTS = "cluster.v3.Cluster", "endpoint.v3.ClusterLoadAssignment"
LISTENER, ROUTES = "listener.v3.Listener", "route.v3.RouteConfiguration"


def mesh_files(application: Application, known: Addresses) -> dict[str, str]:
    """Return the content of every file. Equal models give equal bytes."""
    files: dict[str, Config] = {}
    for component in application.components:
        for port in component.ports:
            for target, assignment in component_endpoints(component, port, known).items():
                files[endpoints_file(target, port.number)] = resources(ENDPOINTS, [assignment])
        here = component_directory(component.name)
        files.update((f"{here}/{name}", content) for name, content in _own_files(component, application, known).items())
    written = {ROUTES_FILE: routes_file(application), **{path: _written(content) for path, content in files.items()}}
    return dict(sorted(written.items()))


def routes_file(application: Application) -> str:
    """Return the content of the one file that all callers route by."""
    return _written(resources(ROUTES, [shared_routes(application)]))


def _written(content: Config) -> str:
    # Without indentation, which Python's encoder in C does not know: a weight waits for this.
    return json.dumps(content, sort_keys=True) + "\n"


def _own_files(component: Component, application: Application, known: Addresses) -> dict[str, Config]:
    files = {
        "bootstrap.json": bootstrap(component),
        "listeners.json": resources(LISTENER, listeners(component, application, known)),
        "clusters.json": resources(CLUSTER, caller_clusters(component, application, known)),
    }
    for port in component.ports:
        if port.protocol in HTTP and not component.gateway:
            routes = inbound_routes(component, port.number, application.dependents(component.name))
            files[f"{inbound_name(port.number)}.json"] = resources(ROUTES, [routes])
    return files
