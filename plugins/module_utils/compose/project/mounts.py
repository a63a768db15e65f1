"""The short form of a volume, ``source:target:options``, as compose-go's package ``format`` reads it."""

from __future__ import annotations

from typing import Any

from .faults import Fault, describe
from .paths import clean

_PROPAGATIONS = ("rprivate", "private", "rshared", "shared", "rslave", "slave")
_ALLOWED = "SOURCE:TARGET, optionally followed by :ro or other options, or TARGET alone"


def read_mount(text: str) -> dict[str, Any]:
    """Return the long form of a volume. Raises ``Fault``."""
    if not text:
        raise Fault("an empty volume", _ALLOWED)
    if len(text.encode()) < 3:
        return {"type": "volume", "target": clean(text)}
    parts = _split(text)
    if "" in parts:
        raise Fault(f"{describe(text)}, with an empty part", _ALLOWED)
    if len(parts) > 3:
        raise Fault(f"{describe(text)}, with too many colons", f"{_ALLOWED}; the long form for names with a colon")
    mount: dict[str, Any] = {}
    source = parts[0] if len(parts) > 1 else ""
    is_bind = _is_path(source)
    mount["type"] = "bind" if is_bind else "volume"
    if source:
        mount["source"] = source
    mount["target"] = clean(parts[1] if source else parts[0])
    for option in parts[2].split(",") if len(parts) == 3 else ():
        _apply_option(mount, option)
    if is_bind:
        # Docker creates the source folder of a bind mount in the short form.
        mount.setdefault("bind", {})["create_host_path"] = True
    else:
        mount.setdefault("volume", {})
    return mount


def _apply_option(mount: dict[str, Any], option: str) -> None:
    if option == "ro":
        mount["read_only"] = True
    elif option == "rw":
        mount.pop("read_only", None)
    elif option == "nocopy":
        mount["volume"] = {"nocopy": True}
    elif option in _PROPAGATIONS:
        mount.setdefault("bind", {})["propagation"] = option
    elif option in ("z", "Z"):
        mount.setdefault("bind", {})["selinux"] = option


def _split(text: str) -> list[str]:
    """Return the parts between colons, except the colon of a Windows drive."""
    parts = [""]
    for char in text:
        is_drive = len(parts[-1]) == 1 and parts[-1].isalpha()
        if char == ":" and not is_drive:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _is_path(source: str) -> bool:
    is_drive = source[1:2] == ":" and source[0].isalpha()
    return is_drive or source.startswith((".", "/", "~", "\\\\"))
