"""A build context: the files of a folder that ``.dockerignore`` does not exclude, and their fingerprint."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

HOST_CA = "host-ca.crt"
_NEVER = re.compile(rf"(.*/)?(__pycache__|\.git)(/.*)?|{re.escape(HOST_CA)}")


def context_files(folder: Path) -> Iterator[Path]:
    """Yield the files of the context, relative to ``folder``, in a stable order."""
    rules = _ignore_rules(folder / ".dockerignore")
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if (path.is_file() or path.is_symlink()) and not _NEVER.fullmatch(str(name)) and not _ignored(str(name), rules):
            yield name


def fingerprint(folder: Path) -> str:
    """Return a digest over names, contents and executable bits; times and owners do not matter."""
    digest = hashlib.sha256()
    for name in context_files(folder):
        path = folder / name
        link = _link(path, folder)
        content = link.encode() if link else path.read_bytes()
        executable = not link and bool(path.stat().st_mode & 0o100)
        digest.update(f"{name}\0{executable:d}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def context_tar(folder: Path, overrides: dict[str, bytes]) -> bytes:
    """Return the context as a tar archive owned by root; ``overrides`` are file contents by name that replace or add files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in context_files(folder):
            if str(name) not in overrides:
                path = folder / name
                archive.add(path if _link(path, folder) else path.resolve(), str(name), recursive=False, filter=_as_root)
        for file_name, content in sorted(overrides.items()):
            member = tarfile.TarInfo(file_name)
            member.size, member.mode = len(content), 0o644
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def unpack(archive: tarfile.TarFile, folder: Path) -> None:
    """Unpack a trusted archive. Debian's Python 3.11.2 does not know ``filter``; later versions warn without one."""
    archive.extraction_filter = getattr(tarfile, "fully_trusted_filter", None)
    archive.extractall(folder)


def _link(path: Path, folder: Path) -> str:
    """Return the target of a link within the context; a link out of the context counts as the file it points to."""
    return str(path.readlink()) if path.is_symlink() and path.resolve().is_relative_to(folder.resolve()) else ""


def _as_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = "root"
    member.mode = 0o755 if member.mode & 0o100 else 0o644
    return member


def _ignore_rules(file: Path) -> list[tuple[bool, re.Pattern[str]]]:
    """Return (included, pattern) for each line of a ``.dockerignore``, by the syntax in Docker's documentation."""
    rules = []
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else []:
        text = line.strip()
        if text and not text.startswith("#"):
            rules.append((text.startswith("!"), re.compile(_expression(text.lstrip("!").strip("/")) + "(/.*)?")))
    return rules


def _expression(pattern: str) -> str:
    parts = {"**/": "(.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(parts.get(part, re.escape(part)) for part in re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", pattern))


def _ignored(name: str, rules: list[tuple[bool, re.Pattern[str]]]) -> bool:
    ignored = False
    for included, pattern in rules:
        if pattern.fullmatch(name):
            ignored = not included
    return ignored
