"""A test case: a small Compose project and its invocation; and its result, in a form to compare."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.evenkeel.mesh.plugins.module_utils.model.errors import ModelError
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.compose_project import read_project

HERE = Path(__file__).parent
FOLDER, PARENT = "<folder>", "<parent>"
# Mappings with user-defined keys, in which the prefix x- has no meaning.
_USER_KEYS = {
    "args",
    "annotations",
    "environment",
    "labels",
    "options",
    "driver_opts",
    "sysctls",
    "services",
    "networks",
    "volumes",
}


@dataclass(frozen=True)
class Case:
    """``files`` by path; ``selected`` are the arguments of ``-f``."""

    name: str
    files: Mapping[str, bytes]
    environment: Mapping[str, str] = field(default_factory=dict)
    selected: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()

    def write(self, parent: Path) -> Path:
        """Write the files to a folder in ``parent`` with the name of the case, and return it."""
        folder = parent / self.name
        for name, content in {**self.files, ".": b""}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name != ".":
                path.write_bytes(content)
        return folder

    def variables(self, folder: Path) -> dict[str, str]:
        """Return the environment of the case in ``folder``."""
        return {"HOME": "/home/user", "PATH": os.defpath, "PWD": str(folder), **self.environment}


def hand_written_cases() -> Iterator[Case]:
    """Yield the cases in folders; ``arguments.json`` has the fields other than files."""
    for folder in sorted((HERE / "cases").iterdir()):
        files = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
        arguments = json.loads(files.pop("arguments.json", b"{}"))
        yield Case(
            folder.name,
            files,
            arguments.get("environment", {}),
            tuple(arguments.get("files", ())),
            tuple(arguments.get("profiles", ())),
        )


@dataclass
class Outcome:
    """A canonical project, or ``None`` if the case is invalid; and the unset variables of its warnings."""

    project: Any
    unset: list[str]


def load(case: Case, folder: Path) -> tuple[Outcome, str]:
    """Return the outcome of the collection's loader for a case in ``folder``, and its error message."""
    warnings: list[str] = []
    selected = [folder / name for name in case.selected]
    try:
        project = read_project(folder, selected, case.variables(folder), case.profiles, warnings.append)
    except ModelError as error:
        return Outcome(None, []), str(error)
    unset = {text.split(" is not set")[0].rpartition(" ")[2] for text in warnings if " is not set" in text}
    return Outcome(comparable(project.content, folder), sorted(unset)), ""


def comparable(content: Mapping[str, Any], folder: Path) -> Any:
    """Return a project like Compose's JSON output: without models and nested extensions, and with placeholders of folders."""
    serialized = {
        key: value if key.startswith("x-") else _without_extensions(value, key)
        for key, value in content.items()
        if key != "models"
    }
    return json.loads(without_folder(json.dumps(serialized, default=_date), folder), parse_float=_number)


def without_folder(text: str, folder: Path) -> str:
    """Replace the folder of a case and its parent, which differ between runs, by placeholders."""
    return text.replace(str(folder), FOLDER).replace(str(folder.parent), PARENT)


def _number(text: str) -> float | int:
    return int(float(text)) if float(text).is_integer() else float(text)


def _without_extensions(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_extensions(item, name)
            for name, item in value.items()
            if key in _USER_KEYS or not name.startswith("x-")
        }
    return [_without_extensions(item, "") for item in value] if isinstance(value, list) else value


def _date(value: object) -> str:
    assert isinstance(value, datetime.datetime)
    return f"{value.isoformat()}Z"
