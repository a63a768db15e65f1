"""The collection's code on a host: unpacked and compiled once for each version.

Ansible would pack, send and compile all of it again for each task, which takes longer than most tasks.
"""

from __future__ import annotations

import compileall
import io
import os
import pwd
import shutil
import sys
import tempfile
import time
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

PACKAGE = "evenkeel_mesh"
# Longer than any run, as a run may import parts of its library late.
UNUSED_SECONDS = 7 * 24 * 3600.0


def cache_folder() -> Path:
    """Return the folder of this process's user for libraries. ``HOME`` is not used: `sudo` may keep that of another user."""
    return Path(pwd.getpwuid(os.geteuid()).pw_dir) / ".cache" / "evenkeel"


@dataclass(frozen=True)
class Library:
    """The code of one ``version``, the hash of its content, in a ``cache`` that only its user can write to."""

    version: str
    cache: Path

    @property
    def folder(self) -> Path:
        """Return the folder to import from."""
        return self.cache / self.version

    def installed(self) -> bool:
        """Whether the library is installed. Raises ``PermissionError`` if other users could have written it."""
        try:
            status = self.folder.stat()
        except FileNotFoundError:
            return False
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise PermissionError(
                f"{self.folder}: found owner {status.st_uid}, mode {status.st_mode & 0o777:o}; allowed: owner {os.geteuid()}, "
                "writable by no one else; remove it, and it is installed again"
            )
        return True

    def install(self, archive: bytes) -> None:
        """Unpack and compile a zip file of ``PACKAGE``; remove versions that no run has used for a week. Raises ``OSError``."""
        self.cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        unpacked = Path(tempfile.mkdtemp(prefix="incomplete-", dir=self.cache))
        try:
            with zipfile.ZipFile(io.BytesIO(archive)) as content:
                content.extractall(unpacked)
            # Imports would not compile everything, and nothing where PYTHONDONTWRITEBYTECODE is set.
            compileall.compile_dir(unpacked, quiet=2, stripdir=str(unpacked), prependdir=str(self.folder))
            # A host that loses power later must not find the folder without its files.
            os.sync()
            unpacked.rename(self.folder)
        except OSError:
            # The folder exists by now if another run has been faster.
            if not self.installed():
                raise
        finally:
            shutil.rmtree(unpacked, ignore_errors=True)
        self._remove_unused()

    def load(self, module: str) -> Any:
        """Import a module of the library by its name within ``PACKAGE``, and return it."""
        os.utime(self.folder)
        sys.path.insert(0, str(self.folder))
        return import_module(f"{PACKAGE}.{module}")

    def _remove_unused(self) -> None:
        for folder in self.cache.iterdir():
            # Another run may be removing the same folder.
            with suppress(FileNotFoundError):
                if folder != self.folder and folder.stat().st_mtime < time.time() - UNUSED_SECONDS:
                    shutil.rmtree(folder, ignore_errors=True)
