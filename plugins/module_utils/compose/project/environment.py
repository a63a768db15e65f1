"""Variables and labels from ``env_file`` and ``label_file``, and secrets and configs from variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ...model.errors import ModelError, Problem
from .dotenv import EnvironmentFile
from .faults import Fault, Faults, Place, Warn
from .template import Lookup

MAX_BYTES = 2**20
CONTENT = "x-#value"


def read_text(path: str) -> str:
    """Return the text of a file of at most ``MAX_BYTES`` in UTF-8. Raises ``ModelError``."""
    allowed = f"a UTF-8 text file of up to {MAX_BYTES >> 20} MB"
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{content[error.start]:02x}, which is not valid UTF-8"
        raise ModelError(path, [Problem(f"line {line}", found, f"{allowed}; convert with `iconv -f latin1 -t utf-8`")]) from None
    except OSError as error:
        raise ModelError(path, [Problem("(file)", error.strerror or str(error), allowed)]) from None
    if len(content) > MAX_BYTES:
        raise ModelError(path, [Problem("(file)", f"more than {MAX_BYTES >> 20} MB", allowed)])
    return text


def warn_unset(warn: Warn, path: str) -> Callable[[str], None]:
    """Return a function that warns of an unset variable in the file at ``path``."""
    return lambda name: warn(f"{path}: the variable {name} is not set, defaulting to an empty string")


def read_variables(path: str, variables: dict[str, str], lookup: Lookup, warn: Warn) -> None:
    """Add the variables of an environment file to ``variables``; see ``EnvironmentFile``. Raises ``ModelError``."""
    file = EnvironmentFile(read_text(path), variables, lookup, warn_unset(warn, path))
    try:
        file.read()
    except Fault as fault:
        raise ModelError(path, [Problem(f"line {file.line}", fault.found, fault.allowed)]) from None


def read_dotenv(paths: list[str], environment: Mapping[str, str], warn: Warn) -> dict[str, str]:
    """Return the variables of ``.env`` files; ``environment`` takes precedence in interpolation. Raises ``ModelError``."""
    variables: dict[str, str] = {}
    for path in paths:
        read_variables(path, variables, environment.get, warn)
    return variables


def resolve_environment(content: dict[str, Any], environment: Mapping[str, str]) -> None:
    """Set the values of listed service variables without one, and of secrets and configs, from ``environment``."""
    for service in (content.get("services") or {}).values():
        if isinstance(service.get("environment"), list):
            lines = service["environment"]
            service["environment"] = [f"{line}={environment[line]}" if line in environment else line for line in lines]
    for key in ("secrets", "configs"):
        for resource in (content.get(key) or {}).values():
            if resource.get("environment") in environment:
                resource[CONTENT] = environment[resource["environment"]]


def resolve_files(service: dict[str, Any], place: Place, environment: Mapping[str, str], faults: Faults, warn: Warn) -> None:
    """Replace ``env_file`` and ``label_file`` of a service by their variables and labels; its own take precedence."""
    declared = service.get("environment") or {}
    declared = {name: environment.get(name) if value is None else value for name, value in declared.items()}
    variables = {name: value for name, value in declared.items() if value is not None}

    def lookup(name: str) -> str | None:
        return environment.get(name, declared.get(name))

    for index, entry in enumerate(service.pop("env_file", ())):
        path, file_format, entry_place = entry.get("path", ""), entry.get("format", ""), (*place, "env_file", index)
        if file_format not in ("", "raw"):
            faults.add((*entry_place, "format"), repr(file_format), "raw, or no format")
        elif Path(path).exists():
            read = _read_raw if file_format == "raw" else partial(read_variables, warn=warn)
            read(path, variables, lookup)
        elif entry.get("required"):
            faults.add(entry_place, f"{path}, which does not exist", "a file, or path and required: false")
    labels: dict[str, str] = {}
    for index, path in enumerate(service.pop("label_file", ())):
        if Path(path).exists():
            read_variables(path, labels, lambda _name: None, warn)
        else:
            faults.add((*place, "label_file", index), f"{path}, which does not exist", "a file")
    for key, merged in (("environment", {**variables, **declared}), ("labels", {**labels, **(service.get("labels") or {})})):
        if merged:
            service[key] = merged


def _read_raw(path: str, variables: dict[str, str], lookup: Lookup) -> None:
    """Read an environment file as Docker does: values are taken literally."""
    for number, line in enumerate(read_text(path).removeprefix("\ufeff").split("\n"), 1):
        line = line.removesuffix("\r").lstrip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not name or " " in name or "\t" in name:
            raise ModelError(path, [Problem(f"line {number}", repr(name), "NAME=value, without spaces in the name")])
        if equals:
            variables[name] = value
        elif (inherited := lookup(name)) is not None:
            variables[name] = inherited
