"""The version of each file that a proxy has loaded, as reported by its xDS subscriptions.

Source: Envoy's ``version_text`` of each xDS subscription, at its admin interface with ``type=TextReadouts``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .clusters import cluster_name, parse_endpoints_path, statistics_name
from .listeners import component_directory
from .routes import ROUTES, ROUTES_FILE

PATH = "/stats?format=json&type=TextReadouts&filter=version_text$"
_VERSION = re.compile(r'"version_info": "(\w*)"')


def file_versions(files: Mapping[str, str]) -> dict[str, str]:
    """Return the version of each of ``files``, contents by path; empty for files without one."""
    matches = {path: _VERSION.search(content) for path, content in files.items()}
    return {path: match[1] if match else "" for path, match in matches.items()}


def outdated_files(answer: Mapping[str, Any], versions: Mapping[str, str], component: str) -> list[str]:
    """Return the paths of the files that a proxy of ``component`` has loaded in another version than in ``versions``.

    ``answer`` is the proxy's response at ``PATH``. Files that it does not read, or does not read yet, are not included: the
    clusters, which determine what it reads, are loaded first.
    """
    subscriptions = {statistic["name"]: statistic["value"] for statistic in answer["stats"]}
    outdated = []
    for path, expected in versions.items():
        suffix = _subscription(path, component)
        loaded = {version for name, version in subscriptions.items() if suffix and name.endswith(suffix)}
        if loaded - {expected}:
            outdated.append(path)
    return outdated


def _subscription(path: str, component: str) -> str:
    """Return the suffix of the statistic with the version of the file at ``path``, empty if there is none."""
    directory = component_directory(component)
    suffixes = {
        ROUTES_FILE: f".rds.{ROUTES}.version_text",
        f"{directory}/clusters.json": "cluster_manager.cds.version_text",
        f"{directory}/listeners.json": "listener_manager.lds.version_text",
    }
    if path in suffixes:
        return suffixes[path]
    endpoints = parse_endpoints_path(path)
    return f"cluster.{statistics_name(cluster_name(*endpoints))}.version_text" if endpoints else ""
