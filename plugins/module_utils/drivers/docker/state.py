"""The state store on a host: one file, replaced as a whole, and a lease as a lock that is held by an open file."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ...release.state import ApplicationState, StateError, from_wire, migrated, to_wire
from ...runtime.polling import poll
from ..base import Holder, Lease, Purpose
from ..errors import Busy
from . import files, locks
from .layout import Layout

_TRY_SECONDS = 0.2
# What versions before 0.2 kept beside their records: a lock, and whether the tracing schema was loaded.
_FORMER_FILES = ("lock", "tracing")


@dataclass(frozen=True)
class FileLease:
    """A lease: the number of its holding, and the file that tells whose it is."""

    token: int
    path: Path


@dataclass
class FileTransaction:
    """The state while it is locked."""

    state: ApplicationState


class FileStateStore:
    """Keeps the state of one application below ``layout``."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def read(self) -> ApplicationState:
        """Return the state as it was last written. Raises ``StateError``."""
        path = self._layout.state
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return self._legacy()
        except ValueError as error:
            raise StateError(f"{path}: found no JSON ({error}); allowed: what Evenkeel wrote") from error
        return from_wire(content, str(path))

    @contextmanager
    def transaction(self, lease: Lease) -> Iterator[FileTransaction]:
        """Lock the state, and write what it is set to. Raises ``StateError``, and ``Busy`` where ``lease`` is lost."""
        files.directory(self._layout.home, files.HOME_MODE)
        files.directory(self._layout.leases, 0o755)
        with locks.held(self._layout.leases / "state", wait=True):
            self._check(lease)
            before = self.read()
            transaction = FileTransaction(before)
            yield transaction
            if transaction.state != before or not self._layout.state.exists():
                self._write(transaction.state)

    @contextmanager
    def lease(
        self, holder: Holder, patience: float = 0.0, waiting: Callable[[Holder], None] | None = None
    ) -> Iterator[FileLease]:
        """Hold the application, or the release that ``holder`` names. Raises ``Busy``."""
        files.directory(self._layout.leases, 0o755)
        path = self._layout.leases / (f"{holder.release}.release" if holder.release else "application")
        told = False
        with ExitStack() as stack:

            def take() -> FileLease | None:
                nonlocal told
                try:
                    file = stack.enter_context(locks.held(path))
                except locks.Locked as locked:
                    other = _parsed(locked.content)
                    if waiting and other and not told:
                        told = True
                        waiting(other)
                    return None
                file.seek(0)
                token = int(_content(file.read()).get("token", 0)) + 1
                file.truncate(0)
                json.dump({**asdict(replace(holder, since=time.time())), "token": token}, file)
                file.flush()
                return FileLease(token, path)

            lease = poll(take, patience, _TRY_SECONDS)
            if lease is None:
                raise Busy(refusal(_parsed(path.read_text(encoding="utf-8")), self._layout.application))
            yield lease

    def holders(self) -> tuple[Holder, ...]:
        """Return who is at work on the application and on its releases."""
        folder = self._layout.leases
        paths = [folder / "application", *sorted(folder.glob("*.release"))]
        held = [_parsed(path.read_text(encoding="utf-8")) for path in paths if locks.is_held(path)]
        return tuple(each for each in held if each)

    def demand(self, release: str, demand: str) -> None:
        """Leave ``demand`` for whoever takes ``release`` through its course."""
        files.write(self._layout.leases / f"{release}.demand", demand.encode())

    def demanded(self, release: str) -> str:
        """Return what is demanded of ``release``."""
        try:
            return (self._layout.leases / f"{release}.demand").read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return ""

    def _check(self, lease: Lease) -> None:
        """Raise ``Busy`` where another holds what ``lease`` was for."""
        if isinstance(lease, FileLease) and _content(lease.path.read_text(encoding="utf-8")).get("token") != lease.token:
            raise Busy(f"{lease.path.name}: the lease was lost to another run; run again")

    def _write(self, state: ApplicationState) -> None:
        files.write(self._layout.state, (json.dumps(to_wire(state)) + "\n").encode(), 0o600)
        if self._old_records.is_dir():
            shutil.move(self._old_records, self._layout.home / "releases.before-schema-2")
        for name in _FORMER_FILES:
            (self._layout.home / name).unlink(missing_ok=True)

    @property
    def _old_records(self) -> Path:
        return self._layout.home / "releases"

    def _legacy(self) -> ApplicationState:
        """Return what versions before 0.2 recorded: a file for each release, one for what was promoted, one for scaling."""
        folder = self._old_records

        def read(path: Path) -> Any:
            try:
                return json.loads(path.read_text(encoding="utf-8"))
            except FileNotFoundError:
                return []
            except ValueError as error:
                raise StateError(f"{path}: found no JSON ({error}); allowed: what Evenkeel wrote") from error

        releases = [read(path) for path in sorted(folder.glob("*.release.json")) if not path.name.startswith(".")]
        return migrated(releases, read(folder / "promoted.json"), read(folder / "scaled.json"), str(folder))


def refusal(holder: Holder | None, application: str) -> str:
    """Return the refusal of a run while ``holder`` is at work."""
    if holder is None:
        return f"another run is at work on {application}; wait for its end and run again"
    what = f"the release {holder.release}" if holder.release else f"a {holder.purpose}"
    return f"{what} of {application} is in progress: {holder.refusal}"


def _content(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _parsed(text: str) -> Holder | None:
    found = _content(text)
    try:
        return Holder(Purpose(found["purpose"]), found["by"], found["release"], found["since"])
    except (KeyError, ValueError):
        return None
