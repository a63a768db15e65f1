"""Variables and labels that stand in files beside the Compose file, and contents that stand in variables."""

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
    allowed = f"a text file in UTF-8, up to {MAX_BYTES >> 20} MB"
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{content[error.start]:02x}, which is no UTF-8"
        raise ModelError(path, [Problem(f"line {line}", found, f"{allowed}; `iconv -f latin1 -t utf-8` makes one")]) from None
    except OSError as error:
        raise ModelError(path, [Problem("(file)", error.strerror or str(error), allowed)]) from None
    if len(content) > MAX_BYTES:
        raise ModelError(path, [Problem("(file)", f"more than {MAX_BYTES >> 20} MB", allowed)])
    return text


def warn_unset(warn: Warn, path: str) -> Callable[[str], None]:
    """Return what is called with the name of a variable that has no value where the file at ``path`` has it."""
    return lambda name: warn(f"{path}: the variable {name} is not set: an empty text stands for it")


def read_variables(path: str, known: dict[str, str], lookup: Lookup, warn: Warn) -> None:
    """Add the variables of an environment file to those ``known``; see ``EnvironmentFile``. Raises ``ModelError``."""
    file = EnvironmentFile(read_text(path), known, lookup, warn_unset(warn, path))
    try:
        file.read()
    except Fault as fault:
        raise ModelError(path, [Problem(f"line {file.line}", fault.found, fault.allowed)]) from None


def read_dotenv(paths: list[str], environment: Mapping[str, str], warn: Warn) -> dict[str, str]:
    """Return the variables of ``.env`` files; those of ``environment`` win in what they refer to. Raises ``ModelError``."""
    known: dict[str, str] = {}
    for path in paths:
        read_variables(path, known, environment.get, warn)
    return known


def adopt_contents(content: dict[str, Any], environment: Mapping[str, str]) -> None:
    """Give variables of services that are lines without a value, secrets and configs what ``environment`` has for them."""
    for service in (content.get("services") or {}).values():
        if isinstance(service.get("environment"), list):
            lines = service["environment"]
            service["environment"] = [f"{line}={environment[line]}" if line in environment else line for line in lines]
    for key in ("secrets", "configs"):
        for resource in (content.get(key) or {}).values():
            if resource.get("environment") in environment:
                resource[CONTENT] = environment[resource["environment"]]


def resolve_files(service: dict[str, Any], place: Place, environment: Mapping[str, str], faults: Faults, warn: Warn) -> None:
    """Put the variables and labels of a service's files into it, and take the files away; what it states itself wins."""
    own = service.get("environment") or {}
    own = {name: environment.get(name) if value is None else value for name, value in own.items()}
    variables = {name: value for name, value in own.items() if value is not None}

    def lookup(name: str) -> str | None:
        return environment.get(name, own.get(name))

    for index, entry in enumerate(service.pop("env_file", ())):
        path, form, where = entry.get("path", ""), entry.get("format", ""), (*place, "env_file", index)
        if form not in ("", "raw"):
            faults.add((*where, "format"), repr(form), "raw, or no format")
        elif Path(path).exists():
            read = _read_raw if form == "raw" else partial(read_variables, warn=warn)
            read(path, variables, lookup)
        elif entry.get("required"):
            faults.add(where, f"{path}, which is not there", "a file, or path and required: false")
    labels: dict[str, str] = {}
    for index, path in enumerate(service.pop("label_file", ())):
        if Path(path).exists():
            read_variables(path, labels, lambda _name: None, warn)
        else:
            faults.add((*place, "label_file", index), f"{path}, which is not there", "a file")
    for key, merged in (("environment", {**variables, **own}), ("labels", {**labels, **(service.get("labels") or {})})):
        if merged:
            service[key] = merged


def _read_raw(path: str, variables: dict[str, str], lookup: Lookup) -> None:
    """Read an environment file as Docker does: a line is a variable, of which nothing is changed."""
    for number, line in enumerate(read_text(path).removeprefix("\ufeff").split("\n"), 1):
        line = line.removesuffix("\r").lstrip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not name or " " in name or "\t" in name:
            raise ModelError(path, [Problem(f"line {number}", repr(name), "NAME=value, the name without spaces")])
        if equals:
            variables[name] = value
        elif (inherited := lookup(name)) is not None:
            variables[name] = inherited
