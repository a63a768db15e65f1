"""Files on the target host, replaced by rename: a reader sees the old content or the new, never a part."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from ...model.application import SecretMount
from .layout import Layout

SECRET_BYTES = 32
# Nobody but root gets below an application's folder on the host; containers have what is theirs mounted.
HOME_MODE = 0o700


def read_files(folder: Path) -> dict[str, str]:
    """Return the contents of all files below ``folder`` by path; unfinished ones of a run that died are not among them.

    Nor is what another run deletes meanwhile.
    """
    contents = {}
    for parent, _folders, names in os.walk(folder):
        for path in (Path(parent, name) for name in names if not name.startswith(".")):
            with suppress(FileNotFoundError):
                contents[str(path.relative_to(folder))] = path.read_text(encoding="utf-8")
    return contents


def write(path: Path, content: bytes, mode: int = 0o644, owner: tuple[int, int] = (0, 0)) -> None:
    """Replace ``path`` in one rename, durably."""
    if not path.parent.is_dir():
        directory(path.parent, 0o755)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            os.fchown(file.fileno(), *owner)
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
        _sync(path.parent)
    finally:
        with suppress(FileNotFoundError):
            unfinished.unlink()


def _sync(folder: Path) -> None:
    """Have the kernel write a folder: a rename in it is durable only then."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def directory(path: Path, mode: int, owner: int = 0) -> None:
    """Make a folder, and those above it, where it is missing; give it to ``owner`` where it is another's."""
    path.mkdir(parents=True, exist_ok=True)
    if path.stat().st_uid != owner or path.stat().st_mode & 0o777 != mode:
        os.chown(path, owner, owner)
        path.chmod(mode)


def admin_directory(layout: Layout, instance: str, user: int) -> None:
    """Make the folder of a proxy's admin socket, which the proxy, running as ``user``, and root may enter."""
    directory(layout.run(instance), 0o700, user)


def secret_names(layout: Layout) -> frozenset[str]:
    """Return the names of the secrets that are there."""
    return frozenset(path.name for path in layout.secrets.glob("*") if not path.name.startswith("."))


def generate_secret(layout: Layout, name: str) -> None:
    """Make up a secret and keep it with mode 0600."""
    directory(layout.secrets, 0o700)
    write(layout.secrets / name, secrets.token_urlsafe(SECRET_BYTES).encode(), 0o600)


def mount_secret(layout: Layout, component: str, secret: SecretMount) -> None:
    """Give a component's user a copy of a secret: the stored one belongs to root alone."""
    directory(layout.home / "mounted", 0o711)
    directory(layout.home / "mounted" / component, 0o711)
    content = (layout.secrets / secret.source).read_bytes()
    path = layout.mounted_secret(component, secret)
    if not path.is_file() or path.read_bytes() != content:
        write(path, content, secret.mode, (secret.uid, secret.gid))
