"""Reading a folder while another run writes to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.files import read_files


def test_a_file_deleted_during_the_read_is_omitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    for name in ("a/kept.yaml", "a/gone.yaml", ".unfinished"):
        (tmp_path / name).write_text(name)
    read = Path.read_text

    def deleted(path: Path, encoding: str) -> str:
        if path.name == "gone.yaml":
            path.unlink()
        return read(path, encoding=encoding)

    monkeypatch.setattr(Path, "read_text", deleted)
    assert read_files(tmp_path) == {"a/kept.yaml": "a/kept.yaml"}
