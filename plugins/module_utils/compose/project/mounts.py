"""The short form of a volume, ``source:target:options``, as compose-go's package ``format`` reads it."""

from __future__ import annotations

from typing import Any

from .faults import Fault, shown
from .paths import clean

_PROPAGATIONS = ("rprivate", "private", "rshared", "shared", "rslave", "slave")
_ALLOWED = "SOURCE:TARGET, with :ro or other options behind it, or TARGET alone"


def read_mount(text: str) -> dict[str, Any]:
    """Return the long form of a volume. Raises ``Fault``."""
    if not text:
        raise Fault("an empty volume", _ALLOWED)
    if len(text.encode()) < 3:
        return {"type": "volume", "target": clean(text)}
    parts = _parts(text)
    if "" in parts:
        raise Fault(f"{shown(text)}, in which nothing stands between two colons", _ALLOWED)
    if len(parts) > 3:
        raise Fault(f"{shown(text)}, which has too many colons", f"{_ALLOWED}; the long form for names with a colon")
    mount: dict[str, Any] = {}
    source = parts[0] if len(parts) > 1 else ""
    is_bind = _is_path(source)
    mount["type"] = "bind" if is_bind else "volume"
    if source:
        mount["source"] = source
    mount["target"] = clean(parts[1] if source else parts[0])
    for option in parts[2].split(",") if len(parts) == 3 else ():
        _apply(mount, option)
    if is_bind:
        # Docker makes the folder of a bind mount in the short form.
        mount.setdefault("bind", {})["create_host_path"] = True
    else:
        mount.setdefault("volume", {})
    return mount


def _apply(mount: dict[str, Any], option: str) -> None:
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


def _parts(text: str) -> list[str]:
    """Return what stands between the colons; that of a Windows drive separates nothing."""
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
