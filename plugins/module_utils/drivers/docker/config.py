"""The configuration files of the mesh on a host."""

from __future__ import annotations

from ...mesh import versions
from . import files
from .layout import Layout


class FileConfigStore:
    """The files of one application in the folder that every proxy mounts; each is replaced by one rename."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def read(self) -> dict[str, str]:
        """Return the content of every file by its path."""
        return files.read_files(self._layout.mesh)

    def read_one(self, path: str) -> str:
        """Return the content of one file, empty if it does not exist."""
        try:
            return (self._layout.mesh / path).read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""

    def versions(self) -> dict[str, str]:
        """Return the version of every file by its path."""
        return versions.file_versions(self.read())

    def publish(self, path: str, content: str) -> None:
        """Replace one file."""
        files.write(self._layout.mesh / path, content.encode())
