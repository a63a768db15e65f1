"""Reading a Compose project on the controller, with files, variables and profiles found as by ``docker compose``."""

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

DEFAULT_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
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
    """Return the project that ``docker compose`` finds in ``folder``, or that of ``files``, later ones overriding earlier ones.

    ``variables`` default to the environment of this process, and take precedence over ``.env``. Warnings are passed to
    ``warn``, also before an error. Raises ``ModelError``.
    """
    environment = dict(os.environ if variables is None else variables)

    def add_dotenv(directory: Path) -> None:
        path = directory / ".env"
        if path.is_file():
            dotenv = read_dotenv([str(path)], environment, warn)
            environment.update({name: value for name, value in dotenv.items() if name not in environment})

    folder = folder.resolve() if not files else files[0].absolute().parent
    add_dotenv(folder)
    paths = [file.absolute() for file in files] or _files_from_environment(folder, environment) or _default_files(folder, warn)
    add_dotenv(paths[0].parent)
    active = profiles or [name.strip() for name in environment.get("COMPOSE_PROFILES", "").split(",")]
    source = Source(tuple(map(str, paths)), str(paths[0].parent), environment, tuple(active))
    return load(source, read_documents, _schema(), warn)


def _files_from_environment(folder: Path, environment: Mapping[str, str]) -> list[Path]:
    """Return the files that ``COMPOSE_FILE`` names."""
    names = environment.get("COMPOSE_FILE")
    separator = environment.get("COMPOSE_PATH_SEPARATOR") or os.pathsep
    return [Path(os.path.normpath(folder / path)) for path in names.split(separator)] if names is not None else []


def _default_files(folder: Path, warn: Warn) -> list[Path]:
    """Return the file with a default name in the folder or its nearest parent, and its override file."""
    for parent in (folder, *folder.parents):
        files = _first_existing(parent, DEFAULT_NAMES, warn)
        if files:
            return files + _first_existing(parent, OVERRIDE_NAMES, warn)
    allowed = f"a folder with {' or '.join(DEFAULT_NAMES)}"
    raise ModelError(str(folder), [Problem("(folder)", "no Compose file", allowed)])


def _first_existing(folder: Path, names: tuple[str, ...], warn: Warn) -> list[Path]:
    files = [folder / name for name in names if (folder / name).exists()]
    for file in files[1:]:
        warn(f"{file}: ignored, {files[0].name} is used instead")
    return files[:1]


@cache
def _schema() -> Any:
    return json.loads(Path(__file__).with_name("compose_spec.json").read_text(encoding="utf-8"))
