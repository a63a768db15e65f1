"""What ``envoy --mode validate`` is to accept before files are written: documents made of them, and what it says of one.

That mode reads no dynamic resources, so what proxies read from files stands in the document itself. All components share
one, since a run of Envoy costs more than what is in it.
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
_PLACED = re.compile(r".* @ (?:\S*\.)?(\S+): (.*), near [\d:]+ \(offset \d+\): (.*)")
_MAX_LETTERS = 300


def documents(files: Mapping[str, str], paths: Iterable[str] | None = None) -> list[Config]:
    """Return what Envoy has to accept for the files at ``paths`` of ``files``, for all of them where that is None.

    The first has all of it but further bootstraps: each that differs is a document of its own, since a process has one. Listeners
    bring the clusters of their component, which they may name. That routes name clusters that exist is looked for no more than
    by a proxy, which reads them apart.

    Weights of a release are figures in its routes, whose shape is the same at each of them: what is accepted when a release
    begins needs no other look when a weight changes.
    """
    looked_at = sorted(files if paths is None else paths)
    listeners = [each for component in _components(_LISTENERS, looked_at) for each in _listeners(component, files)]
    listeners += [_routes(path, files) for path in looked_at if _ROUTES.fullmatch(path)]
    clusters = _clusters(_components(_CLUSTERS, looked_at), files)
    clusters += [_endpoints(path, files) for path in looked_at if _ENDPOINTS.fullmatch(path)]
    static = {"listeners": [_placed(each, number) for number, each in enumerate(listeners, 1)], "clusters": clusters}
    bootstraps = [_bootstrap(path, files) for path in looked_at if path.endswith("/bootstrap.json")]
    first, *others = [each for index, each in enumerate(bootstraps) if each not in bootstraps[:index]] or [{}]
    return [{**first, "static_resources": static}, *others] if looked_at else []


def reason(output: str) -> str:
    """Return why Envoy rejects a configuration, in its words and in one line, from all that a run of it wrote.

    Empty where it says nothing of that. What it shows of the configuration is left out.
    """
    found = _INITIALIZING.search(output)
    if not found:
        return ""
    text = found[1]
    constraint, unparsable = _CONSTRAINT.search(text), _UNPARSABLE.search(text)
    if constraint:
        text = constraint[1].rpartition(_CAUSED_BY)[2]
    elif unparsable:
        text = unparsable[1]
    # Text of protobuf has spaces at random, so that nobody relies on them.
    line = _PLACED.sub(r"\1: \2: \3", " ".join(text.split()))
    return line if len(line) <= _MAX_LETTERS else f"{line[:_MAX_LETTERS]}…"


def _components(pattern: re.Pattern[str], paths: list[str]) -> list[str]:
    return sorted({found[1] for path in paths if (found := pattern.fullmatch(path))})


def _resources(path: str, files: Mapping[str, str]) -> list[Config]:
    found: list[Config] = json.loads(files[path])["resources"]
    return [{key: value for key, value in resource.items() if key != "@type"} for resource in found]


def _bootstrap(path: str, files: Mapping[str, str]) -> Config:
    return {key: value for key, value in json.loads(files[path]).items() if key != "dynamic_resources"}


def _listeners(component: str, files: Mapping[str, str]) -> list[Config]:
    found = _resources(f"components/{component}/listeners.json", files)
    return [{**_without_rds(each), "name": f"{component}/{each['name']}"} for each in found]


def _without_rds(value: Any) -> Any:
    """Return ``value`` with no routes where it says from where they are read: these are looked at by themselves, and once."""
    if isinstance(value, list):
        return [_without_rds(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _without_rds(item) for key, item in value.items() if key != "rds"}
    return {**found, "route_config": _NO_ROUTES} if "rds" in value else found


def _placed(listener: Config, number: int) -> Config:
    """Return ``listener`` at an address that no other has: proxies have theirs in namespaces of their own."""
    return {**listener, "address": socket_address("127.0.0.1", number)}


def _routes(path: str, files: Mapping[str, str]) -> Config:
    """Return a listener that has the routes at ``path``, and every filter that they may say something of."""
    (found,) = _resources(path, files)
    routes = {"route_config": {**found, "validate_clusters": False}}
    manager = connection_manager("routes", routes, traced=False, policed=True, deciding=True)
    return {"name": path, "filter_chains": [{"filters": [manager]}]}


def _endpoints(path: str, files: Mapping[str, str]) -> Config:
    (found,) = _resources(path, files)
    return {"name": path, "type": "STATIC", "connect_timeout": duration(CONNECT_SECONDS), "load_assignment": found}


def _clusters(components: list[str], files: Mapping[str, str]) -> list[Config]:
    """Return the clusters of ``components``: one that several have stands once, one of the same name that differs gets another.

    One that a component has twice stands twice, which Envoy rejects.
    """
    known: dict[str, Config] = {}
    merged = []
    for component in components:
        own: dict[str, Config] = {}
        for cluster in map(_static, _resources(f"components/{component}/clusters.json", files)):
            name = cluster["name"]
            if name in own or cluster != known.get(name):
                differs = known.get(name, cluster) != cluster
                merged.append({**cluster, "name": f"{component}/{name}"} if differs else cluster)
            own.setdefault(name, cluster)
        known = {**own, **known}
    return merged


def _static(cluster: Config) -> Config:
    """Return ``cluster`` with no endpoints where they are read from a file: these are looked at by themselves."""
    if "eds_cluster_config" not in cluster:
        return cluster
    kept = {key: value for key, value in cluster.items() if key != "eds_cluster_config"}
    return {**kept, "type": "STATIC", "load_assignment": {"cluster_name": cluster["name"]}}
