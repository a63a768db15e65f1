"""Paths of a project: relative ones are below the folder of the file that states them."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path
from typing import Any

from .faults import Faults, Place
from .interpolate import below

_REMOTE_FILES = ("https://", "http://", "git://", "ssh://", "oci://", "/github.com/", "git@")
_REMOTE_CONTEXTS = ("https://", "http://", "git://", "ssh://", "github.com/", "git@")


def clean(path: str) -> str:
    """Return the shortest form of a path, as Go's ``path.Clean`` writes it: two slashes before it are one."""
    normal = posixpath.normpath(path)
    return normal[1:] if normal.startswith("//") else normal


def join(folder: str, path: str) -> str:
    """Return ``path`` below ``folder``, or itself where it is absolute."""
    path = expand_user(path)
    return path if path.startswith("/") else clean(f"{folder}/{path}" if folder else path)


def expand_user(path: str) -> str:
    """Return a path with the home folder in place of a tilde before it; names of other users are none here."""
    return clean(f"{Path.home()}/{path[1:]}") if path.startswith("~") else path


def is_file(path: str, place: Place, faults: Faults) -> bool:
    """Return whether there is a file at ``path``; record a fault where there is none."""
    if Path(path).is_file():
        return True
    # A path that has been joined with a folder keeps no two slashes.
    remote = any(each.replace("//", "/") in path for each in _REMOTE_FILES)
    way_out = "a file on this machine: fetch it first, then name the copy" if remote else "a file"
    faults.add(place, f"{path}, which is not there", way_out)
    return False


def resolve_paths(content: dict[str, Any], folder: str) -> None:
    """Make the relative paths of a file's content ones below ``folder``; the content is in its long forms."""
    _resolve(content, RULES, folder)


def _resolve(value: Any, rules: Any, folder: str) -> Any:
    if callable(rules):
        return rules(value, folder)
    if isinstance(value, dict) and rules:
        for key, item in value.items():
            value[key] = _resolve(item, below(rules, key), folder)
    elif isinstance(value, list) and rules:
        value[:] = [_resolve(item, below(rules, "*"), folder) for item in value]
    return value


def _path(value: Any, folder: str) -> Any:
    return join(folder, value) if isinstance(value, str) and value else value


def _context(value: Any, folder: str) -> Any:
    if not isinstance(value, str) or "://" in value or value.startswith(("service:", *_REMOTE_CONTEXTS)):
        return value
    return _path(value, folder)


def _host_path(value: Any, folder: str) -> Any:
    """A path of a host, which may be a Windows one."""
    if not isinstance(value, str):
        return value
    return value if _is_windows(value) else join(folder, value)


def _is_windows(path: str) -> bool:
    return path.startswith("\\\\") or (path[1:2] == ":" and path[2:3] in ("\\", "/"))


def _watched(value: Any, folder: str) -> Any:
    """A path whose first symbolic link is followed, as watchers of files need it."""
    path = _path(value, folder)
    if not isinstance(path, str) or not path.startswith("/"):
        return path
    for parent in (*reversed(Path(path).parents), Path(path)):
        if parent.is_symlink():
            return path.replace(str(parent), os.path.realpath(parent), 1)
    return path


def _mount(value: Any, folder: str) -> Any:
    if isinstance(value, dict) and value.get("type") == "bind" and "source" in value:
        value["source"] = _host_path(value["source"], folder)
    return value


def _volume(value: Any, folder: str) -> Any:
    """A volume of the local driver that is a bind mount in truth."""
    options = value.get("driver_opts") if isinstance(value, dict) and value.get("driver") == "local" else None
    if isinstance(options, dict) and options.get("o") == "bind" and "device" in options:
        options["device"] = _host_path(options["device"], folder)
    return value


_BUILD: dict[str, Any] = {
    "context": _context,
    "additional_contexts": {"*": _context},
    "ssh": {"*": _host_path},
}

# How the path at a place is resolved; "*" stands for any key and for every item of a list.
RULES: dict[str, Any] = {
    "services": {
        "*": {
            "build": _BUILD,
            "env_file": {"*": {"path": _path}},
            "label_file": {"*": _path},
            "extends": {"file": _path},
            "develop": {"watch": {"*": {"path": _watched}}},
            "volumes": {"*": _mount},
        }
    },
    "configs": {"*": {"file": _host_path}},
    "secrets": {"*": {"file": _host_path}},
    "volumes": {"*": _volume},
}
