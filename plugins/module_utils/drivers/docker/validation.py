"""Validates files with Envoy before they are written, in a short-lived container of the proxies' image."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from ...mesh.envoy import Config
from ...mesh.rejections import find_rejections
from ...mesh.validation import rejection_reason
from ...model.application import Application
from ...model.errors import Rejection
from . import files, names
from .client import Engine, EngineError, Result
from .layout import Layout

A = TypeVar("A", bound=Application)
TIMEOUT_SECONDS = 30.0
SEARCH_SECONDS = 3.0
LEFTOVER_SECONDS = 2 * TIMEOUT_SECONDS
_MEMORY = 256 << 20
_MAX_PROCESSES = 64
_NOBODY = "65534:65534"
_FOLDER, _DOCUMENT = "/candidate", "candidate.json"
_MAX_LINES = 5


def validate(
    engine: Engine,
    image: str,
    layout: Layout,
    application: A,
    render: Callable[[A], Mapping[str, str]],
    paths: Collection[str],
) -> tuple[Rejection, ...]:
    """Return what Envoy rejects in the files at ``paths``, which ``render`` returns for ``application``.

    ``image`` is the proxies'. If Envoy accepts all files, that takes one run, and none without ``paths``. Otherwise runs follow
    until the keys that cause the rejection are known, for ``SEARCH_SECONDS`` and one more key at most. No file that proxies read
    is changed.

    Routes have the same form at each weight of a release: they need validation when it begins, but not when a weight changes.

    Raises ``EngineError``, also if Envoy could not validate the files.
    """
    if not paths:
        return ()
    _remove_leftovers(engine, layout)
    began = time.monotonic()

    def reject_reason(document: Config) -> str:
        return _validate_document(engine, image, layout, document)

    return find_rejections(application, render, paths, reject_reason, lambda: time.monotonic() - began > SEARCH_SECONDS)


def _validate_document(engine: Engine, image: str, layout: Layout, document: Config) -> str:
    """Return why Envoy rejects ``document``, empty if it does not. Raises ``EngineError``."""
    with _stored(layout, document) as folder:
        body = _body(image, layout.application, folder)
        try:
            result = engine.run_to_end(folder.name, body, TIMEOUT_SECONDS)
        except TimeoutError as error:
            raise EngineError(0, f"{image} has not validated the mesh's files within {TIMEOUT_SECONDS:.0f} s") from error
    return _verdict(image, result)


def _verdict(image: str, result: Result) -> str:
    if not result.status:
        return ""
    rejection = rejection_reason(result.output)
    if rejection:
        return rejection
    lines = [line for line in result.output.splitlines() if line.strip()][-_MAX_LINES:]
    raise EngineError(
        0, "\n".join([f"{image} could not validate the mesh's files; it exited with status {result.status}", *lines])
    )


@contextmanager
def _stored(layout: Layout, document: Config) -> Iterator[Path]:
    """Store ``document`` in a temporary folder below the application's, which the image's user can read."""
    files.ensure_directory(layout.home, files.HOME_MODE)
    folder = Path(tempfile.mkdtemp(prefix=names.validation_prefix(layout.application), dir=layout.home))
    try:
        folder.chmod(0o755)
        (folder / _DOCUMENT).write_text(json.dumps(document), encoding="utf-8")
        (folder / _DOCUMENT).chmod(0o644)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _body(image: str, application: str, folder: Path) -> dict[str, Any]:
    return {
        "Image": image,
        "Cmd": [
            "--mode", "validate",
            "--config-path", f"{_FOLDER}/{_DOCUMENT}",
            "--concurrency", "1",
            "--disable-hot-restart",
            "--log-level", "critical",
        ],
        "User": _NOBODY,
        # Not one of the application's containers: the supervisor would restart it.
        "Labels": {names.VALIDATION: application},
        "HostConfig": {
            "NetworkMode": "none",
            "Mounts": [{"Type": "bind", "Source": str(folder), "Target": _FOLDER, "ReadOnly": True}],
            "CapDrop": ["ALL"],
            "ReadonlyRootfs": True,
            "SecurityOpt": ["no-new-privileges"],
            "Memory": _MEMORY,
            "MemorySwap": _MEMORY,
            "PidsLimit": _MAX_PROCESSES,
            "LogConfig": {"Type": "none"},
        },
    }  # fmt: skip


def _remove_leftovers(engine: Engine, layout: Layout) -> None:
    """Remove what killed runs have left, once it is older than any run in progress can be."""
    oldest = time.time() - LEFTOVER_SECONDS
    filters = {"label": [f"{names.VALIDATION}={layout.application}"]}
    for container in engine.get("/containers/json", all=1, filters=filters):
        if container["Created"] < oldest:
            with suppress(EngineError):
                engine.delete(f"/containers/{container['Id']}", force=1)
    for folder in layout.home.glob(f"{names.validation_prefix(layout.application)}*"):
        with suppress(FileNotFoundError):
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)
