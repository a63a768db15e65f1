"""The archive of the collection's code that is sent to hosts."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ..module_utils.runtime.library import PACKAGE

SOURCES = Path(__file__).resolve().parents[1] / "module_utils"


@cache
def version() -> str:
    """Return the hash of the code."""
    digest = hashlib.sha256()
    for name, content in _files():
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def archive() -> bytes:
    """Return the code as a zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _files():
            archive.writestr(name, content)
    return buffer.getvalue()


def _files() -> Iterator[tuple[str, bytes]]:
    for path in sorted(SOURCES.rglob("*.py")):
        yield f"{PACKAGE}/{path.relative_to(SOURCES).as_posix()}", path.read_bytes()
