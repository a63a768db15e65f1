"""A proxy's whole configuration in one document, for ``envoy --mode validate``, which reads no dynamic resources."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .envoy import DIRECTORY, Config
from .listeners import component_directory


def whole_configuration(component: str, files: Mapping[str, str]) -> Config:
    """Return what the proxies of ``component`` load, with every file that is referred to put in its place."""
    here = component_directory(component)
    bootstrap = json.loads(files[f"{here}/bootstrap.json"])
    del bootstrap["dynamic_resources"]
    bootstrap["static_resources"] = {
        "listeners": [_inlined(each, files) for each in _resources(f"{here}/listeners.json", files)],
        "clusters": [_static(each, files) for each in _resources(f"{here}/clusters.json", files)],
    }
    return dict(bootstrap)


def _resources(path: str, files: Mapping[str, str]) -> list[Config]:
    found: list[Config] = json.loads(files[path])["resources"]
    for resource in found:
        resource.pop("@type")
    return found


def _file(source: Config) -> str:
    return str(source["path_config_source"]["path"]).removeprefix(f"{DIRECTORY}/")


def _static(cluster: Config, files: Mapping[str, str]) -> Config:
    discovered = cluster.pop("eds_cluster_config", None)
    if discovered:
        cluster["type"] = "STATIC"
        cluster["load_assignment"] = _resources(_file(discovered["eds_config"]), files)[0]
    return cluster


def _inlined(value: Any, files: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_inlined(item, files) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _inlined(item, files) for key, item in value.items() if key != "rds"}
    if "rds" in value:
        found["route_config"] = _resources(_file(value["rds"]["config_source"]), files)[0]
    return found
