"""Resolution of relative paths against the folder of the file that contains them."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path
from typing import Any

from .faults import Faults, Place
from .interpolate import rules_for

_REMOTE_FILES = ("https://", "http://", "git://", "ssh://", "oci://", "/github.com/", "git@")
_REMOTE_CONTEXTS = ("https://", "http://", "git://", "ssh://", "github.com/", "git@")


def clean(path: str) -> str:
    """Return the shortest form of a path like Go's ``path.Clean``, which does not keep a leading double slash."""
    normal = posixpath.normpath(path)
    return normal[1:] if normal.startswith("//") else normal


def join(folder: str, path: str) -> str:
    """Return ``path`` resolved against ``folder``."""
    path = expand_user(path)
    return path if path.startswith("/") else clean(f"{folder}/{path}" if folder else path)


def expand_user(path: str) -> str:
    """Replace a leading tilde by the home folder; ``~user`` is not supported."""
    return clean(f"{Path.home()}/{path[1:]}") if path.startswith("~") else path


def require_file(path: str, place: Place, faults: Faults) -> bool:
    """Return whether there is a file at ``path``; record a fault if not."""
    if Path(path).is_file():
        return True
    # Joining a path with a folder collapses double slashes.
    remote = any(prefix.replace("//", "/") in path for prefix in _REMOTE_FILES)
    allowed = "a local file: download it, and use the path of the copy" if remote else "a file"
    faults.add(place, f"{path}, which does not exist", allowed)
    return False


def resolve_paths(content: dict[str, Any], folder: str) -> None:
    """Resolve the relative paths of a content in long form against ``folder``."""
    _resolve(content, RULES, folder)


def _resolve(value: Any, rules: Any, folder: str) -> Any:
    if callable(rules):
        return rules(value, folder)
    if isinstance(value, dict) and rules:
        for key, item in value.items():
            value[key] = _resolve(item, rules_for(rules, key), folder)
    elif isinstance(value, list) and rules:
        value[:] = [_resolve(item, rules_for(rules, "*"), folder) for item in value]
    return value


def _path(value: Any, folder: str) -> Any:
    return join(folder, value) if isinstance(value, str) and value else value


def _context(value: Any, folder: str) -> Any:
    if not isinstance(value, str) or "://" in value or value.startswith(("service:", *_REMOTE_CONTEXTS)):
        return value
    return _path(value, folder)


def _host_path(value: Any, folder: str) -> Any:
    """A path on a host, which may be a Windows path."""
    if not isinstance(value, str):
        return value
    return value if _is_windows(value) else join(folder, value)


def _is_windows(path: str) -> bool:
    return path.startswith("\\\\") or (path[1:2] == ":" and path[2:3] in ("\\", "/"))


def _watch_path(value: Any, folder: str) -> Any:
    """A path whose first symbolic link is resolved, as file watchers require."""
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
    """A volume of the local driver that is effectively a bind mount."""
    options = value.get("driver_opts") if isinstance(value, dict) and value.get("driver") == "local" else None
    if isinstance(options, dict) and options.get("o") == "bind" and "device" in options:
        options["device"] = _host_path(options["device"], folder)
    return value


_BUILD: dict[str, Any] = {
    "context": _context,
    "additional_contexts": {"*": _context},
    "ssh": {"*": _host_path},
}

# The resolver of the path at each place; "*" matches any key and every list item.
RULES: dict[str, Any] = {
    "services": {
        "*": {
            "build": _BUILD,
            "env_file": {"*": {"path": _path}},
            "label_file": {"*": _path},
            "extends": {"file": _path},
            "develop": {"watch": {"*": {"path": _watch_path}}},
            "volumes": {"*": _mount},
        }
    },
    "configs": {"*": {"file": _host_path}},
    "secrets": {"*": {"file": _host_path}},
    "volumes": {"*": _volume},
}
