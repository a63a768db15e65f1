"""Validation of files by ``envoy --mode validate`` before they are written: its input documents, and its error messages.

That mode reads no dynamic resources, so the documents contain them statically. All components share one document, since
starting Envoy costs more than validating its content.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from .clusters import CONNECT_SECONDS
from .connection import connection_manager
from .envoy import Config, duration, socket_address

_LISTENERS = re.compile(r"components/([^/]+)/listeners\.json")
_CLUSTERS = re.compile(r"components/([^/]+)/(?:clusters|listeners)\.json")
_ROUTES = re.compile(r"shared/routes\.json|components/[^/]+/inbound\.\d+\.json")
_ENDPOINTS = re.compile(r"shared/endpoints/.+\.json")
_NO_ROUTES: Config = {"name": "none", "virtual_hosts": []}
_INITIALIZING = re.compile(r"error initializing configuration '[^']*':\s*(.*)", re.DOTALL)
_CAUSED_BY = "caused by "
_CONSTRAINT = re.compile(r"Proto constraint validation failed \((.*)\)", re.DOTALL)
_UNPARSABLE = re.compile(r"Unable to parse JSON as proto \((.*?)\): \{", re.DOTALL)
_LOCATION = re.compile(r".* @ (?:\S*\.)?(\S+): (.*), near [\d:]+ \(offset \d+\): (.*)")
_MAX_LENGTH = 300


def documents(files: Mapping[str, str], paths: Iterable[str] | None = None) -> list[Config]:
    """Return the documents that Envoy must accept for the files at ``paths``, None for all ``files``.

    The first document has all resources. Each further bootstrap that differs is a document of its own, as a process has only
    one. Listeners come with the clusters of their component, to which they may refer. As in a proxy, which loads routes
    separately, it is not checked that the clusters of routes exist.

    The weights of a release are numbers in its routes and do not change their structure, so routes that are validated when a
    release starts do not have to be validated at each weight.
    """
    selected = sorted(files if paths is None else paths)
    listeners = [listener for component in _components(_LISTENERS, selected) for listener in _listeners(component, files)]
    listeners += [_routes(path, files) for path in selected if _ROUTES.fullmatch(path)]
    clusters = _clusters(_components(_CLUSTERS, selected), files)
    clusters += [_endpoints(path, files) for path in selected if _ENDPOINTS.fullmatch(path)]
    numbered = [_with_unique_address(listener, number) for number, listener in enumerate(listeners, 1)]
    static = {"listeners": numbered, "clusters": clusters}
    bootstraps = [_bootstrap(path, files) for path in selected if path.endswith("/bootstrap.json")]
    first, *others = [item for index, item in enumerate(bootstraps) if item not in bootstraps[:index]] or [{}]
    return [{**first, "static_resources": static}, *others] if selected else []


def rejection_reason(output: str) -> str:
    """Return Envoy's reason for rejecting a configuration as one line, from the output of a run; empty if there is none.

    Excerpts of the configuration are left out.
    """
    match = _INITIALIZING.search(output)
    if not match:
        return ""
    text = match[1]
    constraint, unparsable = _CONSTRAINT.search(text), _UNPARSABLE.search(text)
    if constraint:
        text = constraint[1].rpartition(_CAUSED_BY)[2]
    elif unparsable:
        text = unparsable[1]
    # Protobuf randomizes spaces in its messages.
    line = _LOCATION.sub(r"\1: \2: \3", " ".join(text.split()))
    return line if len(line) <= _MAX_LENGTH else f"{line[:_MAX_LENGTH]}…"


def _components(pattern: re.Pattern[str], paths: list[str]) -> list[str]:
    return sorted({match[1] for path in paths if (match := pattern.fullmatch(path))})


def _resources(path: str, files: Mapping[str, str]) -> list[Config]:
    resources: list[Config] = json.loads(files[path])["resources"]
    return [{key: value for key, value in resource.items() if key != "@type"} for resource in resources]


def _bootstrap(path: str, files: Mapping[str, str]) -> Config:
    return {key: value for key, value in json.loads(files[path]).items() if key != "dynamic_resources"}


def _listeners(component: str, files: Mapping[str, str]) -> list[Config]:
    listeners = _resources(f"components/{component}/listeners.json", files)
    return [{**_without_rds(listener), "name": f"{component}/{listener['name']}"} for listener in listeners]


def _without_rds(value: Any) -> Any:
    """Return ``value`` with empty routes in place of RDS sources: routes are validated separately, and once."""
    if isinstance(value, list):
        return [_without_rds(item) for item in value]
    if not isinstance(value, dict):
        return value
    without = {key: _without_rds(item) for key, item in value.items() if key != "rds"}
    return {**without, "route_config": _NO_ROUTES} if "rds" in value else without


def _with_unique_address(listener: Config, number: int) -> Config:
    """Return ``listener`` with an address of its own: proxies listen on the same ones, in separate namespaces."""
    return {**listener, "address": socket_address("127.0.0.1", number)}


def _routes(path: str, files: Mapping[str, str]) -> Config:
    """Return a listener with the routes at ``path``, and with all filters that they may configure."""
    (configuration,) = _resources(path, files)
    routes = {"route_config": {**configuration, "validate_clusters": False}}
    manager = connection_manager("routes", routes, traced=False, enforces_policy=True, decides=True)
    return {"name": path, "filter_chains": [{"filters": [manager]}]}


def _endpoints(path: str, files: Mapping[str, str]) -> Config:
    (assignment,) = _resources(path, files)
    return {"name": path, "type": "STATIC", "connect_timeout": duration(CONNECT_SECONDS), "load_assignment": assignment}


def _clusters(components: list[str], files: Mapping[str, str]) -> list[Config]:
    """Return the clusters of ``components``: shared ones once, different ones with the same name under another name.

    A cluster that a component has twice is kept twice, so that Envoy rejects it.
    """
    known: dict[str, Config] = {}
    merged = []
    for component in components:
        own: dict[str, Config] = {}
        for cluster in map(_without_eds, _resources(f"components/{component}/clusters.json", files)):
            name = cluster["name"]
            if name in own or cluster != known.get(name):
                differs = known.get(name, cluster) != cluster
                merged.append({**cluster, "name": f"{component}/{name}"} if differs else cluster)
            own.setdefault(name, cluster)
        known = {**own, **known}
    return merged


def _without_eds(cluster: Config) -> Config:
    """Return ``cluster`` without endpoints if they come from a file: endpoints are validated separately."""
    if "eds_cluster_config" not in cluster:
        return cluster
    without = {key: value for key, value in cluster.items() if key != "eds_cluster_config"}
    return {**without, "type": "STATIC", "load_assignment": {"cluster_name": cluster["name"]}}
