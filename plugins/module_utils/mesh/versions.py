"""What a proxy has taken in: the version of each file that it reads, as its subscriptions tell it.

Source: Envoy's ``version_text`` of each xDS subscription, at its admin interface with ``type=TextReadouts``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .clusters import cluster_name, endpoints_of, in_statistics
from .listeners import component_directory
from .routes import ROUTES, ROUTES_FILE

PATH = "/stats?format=json&type=TextReadouts&filter=version_text$"
_VERSION = re.compile(r'"version_info": "(\w*)"')


def written(files: Mapping[str, str]) -> dict[str, str]:
    """Return the version of each of ``files``, contents by path; an empty one where it has none."""
    found = {path: _VERSION.search(content) for path, content in files.items()}
    return {path: version[1] if version else "" for path, version in found.items()}


def behind(answer: Mapping[str, Any], versions: Mapping[str, str], component: str) -> list[str]:
    """Return the paths of those files of which a proxy of ``component`` has another version than the one in ``versions``.

    ``answer`` is what it gives at ``PATH``. A file that it does not read, or not yet, is none of them: the clusters, which
    tell it what to read, come first.
    """
    has = {each["name"]: each["value"] for each in answer["stats"]}
    found = []
    for path, wanted in versions.items():
        ending = _subscription(path, component)
        taken = {version for name, version in has.items() if ending and name.endswith(ending)}
        if taken - {wanted}:
            found.append(path)
    return found


def _subscription(path: str, component: str) -> str:
    """Return how the name of the statistic ends that tells of the file at ``path``, nothing where none does."""
    here = component_directory(component)
    own = {
        ROUTES_FILE: f".rds.{ROUTES}.version_text",
        f"{here}/clusters.json": "cluster_manager.cds.version_text",
        f"{here}/listeners.json": "listener_manager.lds.version_text",
    }
    if path in own:
        return own[path]
    endpoints = endpoints_of(path)
    return f"cluster.{in_statistics(cluster_name(*endpoints))}.version_text" if endpoints else ""
