"""``include``: each entry is a project with its own folder and variables, whose resources are imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .faults import Faults, Place
from .paths import join

RESOURCES = ("services", "volumes", "networks", "secrets", "configs", "models")


@dataclass(frozen=True)
class IncludeConfig:
    """An entry of ``include``: the ``paths`` of a file and its overrides, the project's folder and its environment files."""

    paths: tuple[str, ...]
    folder: str
    env_files: tuple[str, ...]


def read_include(entry: str | Mapping[str, Any], folder: str) -> IncludeConfig:
    """Return an entry of ``include`` with its paths resolved against ``folder``."""
    entry = {"path": entry} if isinstance(entry, str) else entry
    paths = tuple(join(folder, path) for path in _texts(entry.get("path")))
    directory = entry.get("project_directory")
    project_folder = join(folder, directory) if directory else "".join(paths[:1]).rpartition("/")[0]
    env_files = tuple(join(folder, path) for path in _texts(entry.get("env_file")))
    if not env_files and Path(project_folder, ".env").is_file():
        env_files = (f"{project_folder}/.env",)
    return IncludeConfig(paths, project_folder, env_files)


def import_resources(included: dict[str, Any], content: dict[str, Any], place: Place, faults: Faults) -> None:
    """Add an included project's resources to a file's content; resources with the same name must be equal."""
    for key in RESOURCES:
        resources = content.get(key)
        if included.get(key) is None or not isinstance(resources, dict | None):
            continue
        resources = content.setdefault(key, {}) if resources is None else resources
        for name, resource in included[key].items():
            if resources.setdefault(name, resource) != resource:
                found = f"{key}.{name}, which this file declares too"
                faults.add(place, found, "another name, or an override file: of the project, or in path of this entry")


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())
