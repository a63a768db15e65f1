"""The state store on a host: one file, replaced as a whole; a lease is the lock of an open file."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ...release.state import ApplicationState, StateError, from_wire, migrate, to_wire
from ...runtime.polling import poll
from ..base import Holder, Lease, Purpose
from ..errors import Busy
from . import files, locks
from .layout import Layout

_RETRY_SECONDS = 0.2
# Versions before 0.2 had these beside their records: a lock, and a mark that the tracing schema was loaded.
_FORMER_FILES = ("lock", "tracing")


@dataclass(frozen=True)
class FileLease:
    """A lease: its fencing token, and the file that names the holder."""

    token: int
    path: Path


@dataclass
class FileTransaction:
    """The state while it is locked."""

    state: ApplicationState


class FileStateStore:
    """Stores the state of one application below ``layout``."""

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
        """Lock the state, and write it if it was changed. Raises ``StateError``, and ``Busy`` if ``lease`` was lost."""
        files.ensure_directory(self._layout.home, files.HOME_MODE)
        files.ensure_directory(self._layout.leases, 0o755)
        with locks.hold(self._layout.leases / "state", wait=True):
            self._check(lease)
            before = self.read()
            transaction = FileTransaction(before)
            yield transaction
            if transaction.state != before or not self._layout.state.exists():
                self._write(transaction.state)

    @contextmanager
    def lease(
        self, holder: Holder, timeout: float = 0.0, on_wait: Callable[[Holder], None] | None = None
    ) -> Iterator[FileLease]:
        """Hold the lease of the application, or of the release that ``holder`` names. Raises ``Busy``."""
        files.ensure_directory(self._layout.leases, 0o755)
        path = self._layout.leases / (f"{holder.release}.release" if holder.release else "application")
        notified = False
        with ExitStack() as stack:

            def take() -> FileLease | None:
                nonlocal notified
                try:
                    file = stack.enter_context(locks.hold(path))
                except locks.Locked as locked:
                    current = _parse_holder(locked.content)
                    if on_wait and current and not notified:
                        notified = True
                        on_wait(current)
                    return None
                file.seek(0)
                token = int(_parse_object(file.read()).get("token", 0)) + 1
                file.truncate(0)
                json.dump({**asdict(replace(holder, since=time.time())), "token": token}, file)
                file.flush()
                return FileLease(token, path)

            lease = poll(take, timeout, _RETRY_SECONDS)
            if lease is None:
                raise Busy(busy_message(_parse_holder(path.read_text(encoding="utf-8")), self._layout.application))
            yield lease

    def holders(self) -> tuple[Holder, ...]:
        """Return the holders of the leases of the application and of its releases."""
        folder = self._layout.leases
        paths = [folder / "application", *sorted(folder.glob("*.release"))]
        holders = [_parse_holder(path.read_text(encoding="utf-8")) for path in paths if locks.is_held(path)]
        return tuple(holder for holder in holders if holder)

    def set_demand(self, release: str, demand: str) -> None:
        """Leave ``demand`` for the run that has ``release``."""
        files.write(self._layout.leases / f"{release}.demand", demand.encode())

    def get_demand(self, release: str) -> str:
        """Return the demand for ``release``, empty if there is none."""
        try:
            return (self._layout.leases / f"{release}.demand").read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return ""

    def _check(self, lease: Lease) -> None:
        """Raise ``Busy`` if another run has taken over ``lease``."""
        if isinstance(lease, FileLease) and _parse_object(lease.path.read_text(encoding="utf-8")).get("token") != lease.token:
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
        """Return the state of versions before 0.2: a file for each release, one for promoted versions, one for scaling."""
        folder = self._old_records

        def read(path: Path) -> Any:
            try:
                return json.loads(path.read_text(encoding="utf-8"))
            except FileNotFoundError:
                return []
            except ValueError as error:
                raise StateError(f"{path}: found no JSON ({error}); allowed: what Evenkeel wrote") from error

        releases = [read(path) for path in sorted(folder.glob("*.release.json")) if not path.name.startswith(".")]
        return migrate(releases, read(folder / "promoted.json"), read(folder / "scaled.json"), str(folder))


def busy_message(holder: Holder | None, application: str) -> str:
    """Return the message for a run that is refused while ``holder`` has the lease."""
    if holder is None:
        return f"another run of {application} is in progress; wait for its end and run again"
    what = f"the release {holder.release}" if holder.release else f"a {holder.purpose}"
    return f"{what} of {application} is in progress: {holder.refusal}"


def _parse_object(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _parse_holder(text: str) -> Holder | None:
    fields = _parse_object(text)
    try:
        return Holder(Purpose(fields["purpose"]), fields["by"], fields["release"], fields["since"])
    except (KeyError, ValueError):
        return None
