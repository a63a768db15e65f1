"""A Compose project on the controller's disk: which files, variables and profiles it has, as ``docker compose`` finds them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ..module_utils.compose.project.environment import read_dotenv
from ..module_utils.compose.project.faults import Warn
from ..module_utils.compose.project.load import Project, Source, load
from ..module_utils.model.errors import ModelError, Problem
from .compose_yaml import read_documents

NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDE_NAMES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)


def read_project(
    folder: Path,
    files: Sequence[Path] = (),
    variables: Mapping[str, str] | None = None,
    profiles: Sequence[str] = (),
    warn: Warn = lambda _text: None,
) -> Project:
    """Return the project that ``docker compose`` finds in ``folder``, or that ``files`` are, of which later ones override.

    ``variables`` are this process's environment, where none are given; they win over those of ``.env``. What is
    odd but no fault is told to ``warn``, also where a fault follows. Raises ``ModelError``.
    """
    environment = dict(os.environ if variables is None else variables)

    def add_dotenv(beside: Path) -> None:
        path = beside / ".env"
        if path.is_file():
            found = read_dotenv([str(path)], environment, warn)
            environment.update({name: value for name, value in found.items() if name not in environment})

    folder = folder.resolve() if not files else files[0].absolute().parent
    add_dotenv(folder)
    found = [file.absolute() for file in files] or _stated_files(folder, environment) or _default_files(folder, warn)
    add_dotenv(found[0].parent)
    active = profiles or [name.strip() for name in environment.get("COMPOSE_PROFILES", "").split(",")]
    source = Source(tuple(map(str, found)), str(found[0].parent), environment, tuple(active))
    return load(source, read_documents, _schema(), warn)


def _stated_files(folder: Path, environment: Mapping[str, str]) -> list[Path]:
    """Return the files that ``COMPOSE_FILE`` states."""
    stated = environment.get("COMPOSE_FILE")
    separator = environment.get("COMPOSE_PATH_SEPARATOR") or os.pathsep
    return [Path(os.path.normpath(folder / path)) for path in stated.split(separator)] if stated is not None else []


def _default_files(folder: Path, warn: Warn) -> list[Path]:
    """Return the file of a usual name in a folder or the nearest one above it, and the one that overrides it."""
    for parent in (folder, *folder.parents):
        found = _existing(parent, NAMES, warn)
        if found:
            return found + _existing(parent, OVERRIDE_NAMES, warn)
    allowed = f"a folder with {' or '.join(NAMES)}"
    raise ModelError(str(folder), [Problem("(folder)", "no Compose file", allowed)])


def _existing(folder: Path, names: tuple[str, ...], warn: Warn) -> list[Path]:
    found = [folder / name for name in names if (folder / name).exists()]
    for other in found[1:]:
        warn(f"{other}: {found[0].name} is used in place of it")
    return found[:1]


@cache
def _schema() -> Any:
    return json.loads(Path(__file__).with_name("compose_spec.json").read_text(encoding="utf-8"))
