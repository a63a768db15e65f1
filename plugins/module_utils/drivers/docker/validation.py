"""Envoy's own judgement of files before they are written, by the proxies' image in a container that is gone a moment later."""

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
SECONDS = 30.0
SEARCH_SECONDS = 3.0
LEFTOVER_SECONDS = 2 * SECONDS
_MEMORY = 256 << 20
_PROCESSES = 64
_NOBODY = "65534:65534"
_TARGET, _DOCUMENT = "/candidate", "candidate.json"
_SHOWN_LINES = 5


def validate(
    engine: Engine,
    image: str,
    layout: Layout,
    application: A,
    render: Callable[[A], Mapping[str, str]],
    paths: Collection[str],
) -> tuple[Rejection, ...]:
    """Return what Envoy rejects of the files at ``paths``, of those that ``render`` makes of ``application``.

    ``image`` is the proxies' own. Where it takes all, which is usual, that is one run of it; with no ``paths`` there is none.
    Where it does not, runs go on until the keys that are to blame are known, ``SEARCH_SECONDS`` and one key more at most.
    Nothing that proxies read is touched.

    Routes at each weight of a release are of one shape: who validates them when it begins need not when a weight changes.

    Raises ``EngineError``, also where Envoy could not be asked.
    """
    if not paths:
        return ()
    _remove_leftovers(engine, layout)
    began = time.monotonic()

    def judge(document: Config) -> str:
        return _judged(engine, image, layout, document)

    return find_rejections(application, render, paths, judge, lambda: time.monotonic() - began > SEARCH_SECONDS)


def _judged(engine: Engine, image: str, layout: Layout, document: Config) -> str:
    """Return why Envoy rejects ``document``, nothing where it does not. Raises ``EngineError``."""
    with _candidate(layout, document) as folder:
        body = _body(image, layout.application, folder)
        try:
            ended = engine.run_to_end(folder.name, body, SECONDS)
        except TimeoutError as error:
            raise EngineError(0, f"{image} has not judged the mesh's files within {SECONDS:.0f} s") from error
    return _verdict(image, ended)


def _verdict(image: str, ended: Result) -> str:
    if not ended.status:
        return ""
    found = rejection_reason(ended.output)
    if found:
        return found
    lines = [line for line in ended.output.splitlines() if line.strip()][-_SHOWN_LINES:]
    told = "\n".join([f"{image} could not judge the mesh's files, it ended with status {ended.status}", *lines])
    raise EngineError(0, told)


@contextmanager
def _candidate(layout: Layout, document: Config) -> Iterator[Path]:
    """Keep ``document`` in a folder of its own below the application's, which the image's user can read."""
    files.directory(layout.home, files.HOME_MODE)
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
            "--config-path", f"{_TARGET}/{_DOCUMENT}",
            "--concurrency", "1",
            "--disable-hot-restart",
            "--log-level", "critical",
        ],
        "User": _NOBODY,
        # Not one of the application's containers: these are started again when they end.
        "Labels": {names.VALIDATION: application},
        "HostConfig": {
            "NetworkMode": "none",
            "Mounts": [{"Type": "bind", "Source": str(folder), "Target": _TARGET, "ReadOnly": True}],
            "CapDrop": ["ALL"],
            "ReadonlyRootfs": True,
            "SecurityOpt": ["no-new-privileges"],
            "Memory": _MEMORY,
            "MemorySwap": _MEMORY,
            "PidsLimit": _PROCESSES,
            "LogConfig": {"Type": "none"},
        },
    }  # fmt: skip


def _remove_leftovers(engine: Engine, layout: Layout) -> None:
    """Remove what runs left that were killed; what is younger than a run can be may be another's that is under way."""
    oldest = time.time() - LEFTOVER_SECONDS
    mine = {"label": [f"{names.VALIDATION}={layout.application}"]}
    for container in engine.get("/containers/json", all=1, filters=mine):
        if container["Created"] < oldest:
            with suppress(EngineError):
                engine.delete(f"/containers/{container['Id']}", force=1)
    for folder in layout.home.glob(f"{names.validation_prefix(layout.application)}*"):
        with suppress(FileNotFoundError):
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)
