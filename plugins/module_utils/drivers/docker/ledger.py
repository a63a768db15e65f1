"""What is on record of releases, on the target host: a file for each, one for what was promoted, and who is at work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, TypeVar

from ...model.serialization import built
from ...release.state import Ledger, Promoted, Release, Scaled, release_from_wire, release_to_wire
from . import files, locks
from .layout import Layout

_PROMOTED, _SCALED = "promoted.json", "scaled.json"
Each = TypeVar("Each", Promoted, Scaled)
_RELEASE = ".release.json"


def read_ledger(layout: Layout) -> Ledger:
    """Return what is on record."""
    folder = layout.releases
    releases = [json.loads(path.read_text()) for path in sorted(folder.glob(f"*{_RELEASE}")) if not path.name.startswith(".")]
    return Ledger(
        tuple(map(release_from_wire, releases)),
        tuple(built(Promoted, each) for each in _list(layout, _PROMOTED)),
        tuple(built(Scaled, each) for each in _list(layout, _SCALED)),
    )


def _list(layout: Layout, name: str) -> list[Any]:
    path = layout.releases / name
    return list(json.loads(path.read_text())) if path.is_file() else []


def keep_release(layout: Layout, release: Release) -> None:
    """Put ``release`` on record."""
    path = layout.releases / f"{release.name}{_RELEASE}"
    files.write(path, (json.dumps(release_to_wire(release), indent=1) + "\n").encode(), 0o600)


def keep_promoted(layout: Layout, promoted: tuple[Promoted, ...]) -> None:
    """Put on record what ``promoted`` has of each component, beside what is there of others."""
    _keep(layout, _PROMOTED, read_ledger(layout).promoted, promoted)


def keep_scaled(layout: Layout, scaled: tuple[Scaled, ...]) -> None:
    """Put on record what ``scaled`` has of each component, beside what is there of others."""
    _keep(layout, _SCALED, read_ledger(layout).scaled, scaled)


def _keep(layout: Layout, name: str, before: tuple[Each, ...], changes: tuple[Each, ...]) -> None:
    kept = {each.component: asdict(each) for each in (*before, *changes)}
    content = list(kept.values())
    files.write(layout.releases / name, (json.dumps(content, indent=1) + "\n").encode(), 0o600)


@contextmanager
def conducting(layout: Layout, name: str, by: str) -> Iterator[None]:
    """Conduct the release ``name`` for one process at a time; one that dies lets go. Raises ``Busy``, naming the other."""
    files.directory(layout.releases, 0o755)
    refusal = (
        f"the release {name} is being conducted by {{by}}; wait for its end, or ask for its end, from anywhere, "
        "with -e action=abort"
    )
    with locks.held(layout.releases / f"{name}.lock", refusal, by):
        (layout.releases / f"{name}.request").unlink(missing_ok=True)
        yield


def is_conducted(layout: Layout, name: str) -> bool:
    """Whether a process is conducting the release ``name``."""
    return locks.is_held(layout.releases / f"{name}.lock")


def ask(layout: Layout, name: str, request: str) -> None:
    """Ask of whoever conducts the release ``name``; nothing takes back what was asked."""
    files.write(layout.releases / f"{name}.request", f"{request}\n".encode())


def asked(layout: Layout, name: str) -> str:
    """Return what is asked of the release ``name``."""
    path = layout.releases / f"{name}.request"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return ""
