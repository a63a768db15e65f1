"""Files on the target host, replaced by rename: a reader sees the old content or the new, never part of it."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from ...model.application import SecretMount
from .layout import Layout

SECRET_BYTES = 32
# Only root can enter an application's folder on the host; containers mount the parts that they need.
HOME_MODE = 0o700


def read_files(folder: Path) -> dict[str, str]:
    """Return the contents of all files below ``folder`` by path.

    Unfinished files of killed runs are left out, and so are files that another run deletes meanwhile.
    """
    contents = {}
    for parent, _folders, names in os.walk(folder):
        for path in (Path(parent, name) for name in names if not name.startswith(".")):
            with suppress(FileNotFoundError):
                contents[str(path.relative_to(folder))] = path.read_text(encoding="utf-8")
    return contents


def write(path: Path, content: bytes, mode: int = 0o644, owner: tuple[int, int] = (0, 0)) -> None:
    """Replace ``path`` by one rename, durably."""
    if not path.parent.is_dir():
        ensure_directory(path.parent, 0o755)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            os.fchown(file.fileno(), *owner)
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
        _sync(path.parent)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _sync(folder: Path) -> None:
    """Sync a folder to disk: only then is a rename in it durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def ensure_directory(path: Path, mode: int, owner: int = 0) -> None:
    """Create a folder and its parents if missing; set its mode and owner if they differ."""
    path.mkdir(parents=True, exist_ok=True)
    if path.stat().st_uid != owner or path.stat().st_mode & 0o777 != mode:
        os.chown(path, owner, owner)
        path.chmod(mode)


def ensure_admin_folder(layout: Layout, instance: str, user: int) -> None:
    """Create the folder of a proxy's admin socket; only the proxy, which runs as ``user``, and root can enter it."""
    ensure_directory(layout.admin_folder(instance), 0o700, user)


def secret_names(layout: Layout) -> frozenset[str]:
    """Return the names of the stored secrets."""
    return frozenset(path.name for path in layout.secrets.glob("*") if not path.name.startswith("."))


def generate_secret(layout: Layout, name: str) -> None:
    """Generate a random secret and store it with mode 0600."""
    ensure_directory(layout.secrets, 0o700)
    write(layout.secrets / name, secrets.token_urlsafe(SECRET_BYTES).encode(), 0o600)


def copy_secret(layout: Layout, component: str, secret: SecretMount) -> None:
    """Copy a secret for a component's user: only root can read the stored one."""
    ensure_directory(layout.home / "mounted", 0o711)
    ensure_directory(layout.home / "mounted" / component, 0o711)
    content = (layout.secrets / secret.source).read_bytes()
    path = layout.mounted_secret(component, secret)
    if not path.is_file() or path.read_bytes() != content:
        write(path, content, secret.mode, (secret.uid, secret.gid))
