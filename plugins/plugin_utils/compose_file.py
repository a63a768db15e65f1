"""Reads an application file on the controller, with PyYAML, which hosts do not need."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml

from ..module_utils.compose.parse import parse
from ..module_utils.model.application import Application, ImageSource
from ..module_utils.model.errors import ModelError, Problem

try:
    # Ten times as fast; PyYAML may have been built without it.
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

_REDEFINED = {
    "tag:yaml.org,2002:bool": re.compile(r"true|True|TRUE|false|False|FALSE"),
    "tag:yaml.org,2002:int": re.compile(r"[-+]?(0b[01_]+|0o?[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)"),
}


class _Loader(SafeLoader):
    """YAML as Compose's own parser reads it; a duplicate key is an error.

    PyYAML silently takes the last of duplicate keys, and follows YAML 1.1, where ``on`` is true and ``22:22`` a number.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys: set[str] = set()
        for key, _value in node.value:
            if key.tag != "tag:yaml.org,2002:merge" and isinstance(key.value, str):
                if key.value in keys:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"found the key {key.value!r} twice in one mapping", key.start_mark
                    )
                keys.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _REDEFINED]
    for first, resolvers in SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, _pattern in _REDEFINED.items():
    _Loader.add_implicit_resolver(_tag, re.compile(f"^(?:{_pattern.pattern})$"), list("-+0123456789tTfF"))


def load(path: str | Path, variables: Mapping[str, str], image_source: str = ImageSource.BUILT) -> Application:
    """Return the application of the Compose file at ``path``; the ``.env`` file beside it is read as Compose does.

    ``variables`` override ``.env``. Raises ``ModelError`` with all problems, also if the file cannot be read.
    """
    file = Path(path)
    content = read_yaml(file)
    return parse(content, str(file), {**_dotenv(file.parent / ".env"), **variables}, _default_name(file), image_source)


def read_yaml(file: Path) -> Any:
    """Return the content of a YAML file. Raises ``ModelError``."""
    try:
        return yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(str(file), [Problem("(file)", str(error), "a file that can be read")]) from error
    except yaml.YAMLError as error:
        message = " ".join(str(error).split())
        raise ModelError(str(file), [Problem("(file)", message, "well-formed YAML, each key once")]) from error


def _default_name(file: Path) -> str:
    """Return the folder's name, reduced to the characters that an application's name may have."""
    return re.sub("[^a-z0-9]+", "-", file.resolve().parent.name.lower()).strip("-") or "application"


def _dotenv(file: Path) -> dict[str, str]:
    """Return the variables of a ``.env`` file, none if it is missing. Raises ``ModelError`` for an invalid line."""
    variables: dict[str, str] = {}
    if not file.is_file():
        return variables
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.removeprefix("export ").partition("=")
        if not equals or not name.strip().isidentifier():
            raise ModelError(str(file), [Problem(f"line {number}", repr(line), "NAME=value, or a # comment")])
        variables[name.strip()] = _unquote(value.strip())
    return variables


def _unquote(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value.partition(" #")[0].rstrip()
