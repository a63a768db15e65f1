"""Files that a file includes: each a project of its own folder and variables, whose resources become the includer's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .faults import Faults, Place
from .paths import join

RESOURCES = ("services", "volumes", "networks", "secrets", "configs", "models")


@dataclass(frozen=True)
class Inclusion:
    """One entry of ``include``: the ``paths`` of a file and those that override it, their folder, their variables' files."""

    paths: tuple[str, ...]
    folder: str
    env_files: tuple[str, ...]


def read_inclusion(entry: str | Mapping[str, Any], folder: str) -> Inclusion:
    """Return an entry of ``include`` with its paths resolved; those that are relative are below ``folder``."""
    entry = {"path": entry} if isinstance(entry, str) else entry
    paths = tuple(join(folder, path) for path in _texts(entry.get("path")))
    own = join(folder, entry["project_directory"]) if entry.get("project_directory") else "".join(paths[:1]).rpartition("/")[0]
    env_files = tuple(join(folder, path) for path in _texts(entry.get("env_file")))
    if not env_files and Path(own, ".env").is_file():
        env_files = (f"{own}/.env",)
    return Inclusion(paths, own, env_files)


def take_over(included: dict[str, Any], content: dict[str, Any], place: Place, faults: Faults) -> None:
    """Add an included project's resources to a file's content; two of one name have to be the same."""
    for key in RESOURCES:
        own = content.get(key)
        if included.get(key) is None or not isinstance(own, dict | None):
            continue
        own = content.setdefault(key, {}) if own is None else own
        for name, resource in included[key].items():
            if own.setdefault(name, resource) != resource:
                found = f"{key}.{name}, which stands in this file as well"
                faults.add(place, found, "another name, or an override: a second file of the project, or of path in this entry")


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())
