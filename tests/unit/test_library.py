"""The collection's code is sent to a host once, as a whole, and only the user's own copy runs."""

from __future__ import annotations

import base64
import json
import marshal
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.runtime import library as on_host
from ansible_collections.evenkeel.mesh.plugins.module_utils.runtime.library import PACKAGE, UNUSED_SECONDS, Library
from ansible_collections.evenkeel.mesh.plugins.plugin_utils import action as actions
from ansible_collections.evenkeel.mesh.plugins.plugin_utils import library as on_controller

PYC_HEADER_BYTES = 16

LOAD = """
import sys
from pathlib import Path
{code}
entry = Library(sys.argv[1], Path(sys.argv[2])).load("workflows.entry")
print(entry.__file__, any("ansible" in name for name in sys.modules))
"""


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(on_controller.version(), tmp_path / "cache")


def test_the_library_runs_without_ansible_and_without_the_collection(library: Library, tmp_path: Path) -> None:
    library.install(on_controller.archive())
    code = Path(on_host.__file__).read_text(encoding="utf-8").replace("from __future__ import annotations", "")
    script = tmp_path / "load.py"
    script.write_text(LOAD.format(code=code), encoding="utf-8")
    command = [sys.executable, "-I", str(script), library.version, str(library.cache)]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert loaded == [str(library.folder / PACKAGE / "workflows" / "entry.py"), "False"]


def test_the_library_is_compiled_when_it_is_installed(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    library.install(on_controller.archive())
    for path in library.folder.rglob("*.py"):
        compiled = Path(cache_from_source(str(path))).read_bytes()
        assert marshal.loads(compiled[PYC_HEADER_BYTES:]).co_filename == str(path)


def test_every_file_of_the_code_is_in_the_library(library: Library) -> None:
    library.install(on_controller.archive())
    installed = {path.relative_to(library.folder / PACKAGE): path.read_bytes() for path in library.folder.rglob("*.py")}
    assert installed == {
        path.relative_to(on_controller.SOURCES): path.read_bytes() for path in on_controller.SOURCES.rglob("*.py")
    }


def test_a_change_of_the_code_is_another_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(on_controller, "SOURCES", tmp_path)
    versions = set()
    for name, content in (("a.py", "x = 1"), ("a.py", "x = 2"), ("b.py", "x = 2"), ("a.py", "x = 2\n")):
        for path in tmp_path.glob("*.py"):
            path.unlink()
        (tmp_path / name).write_text(content, encoding="utf-8")
        versions.add(on_controller.version.__wrapped__())
    assert len(versions) == 4


def test_runs_that_install_at_the_same_time_leave_one_whole_library(library: Library) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(library.install, [on_controller.archive()] * 8))
    assert list(library.cache.iterdir()) == [library.folder]
    assert library.installed()


def test_an_interrupted_installation_is_not_a_library(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "sync", killed)
    with pytest.raises(KeyboardInterrupt):
        library.install(on_controller.archive())
    assert not library.installed()
    monkeypatch.undo()
    library.install(on_controller.archive())
    assert library.installed()


@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_code_that_others_can_write_does_not_run(library: Library, mode: int) -> None:
    library.install(on_controller.archive())
    assert library.installed()
    library.folder.chmod(mode)
    with pytest.raises(PermissionError, match=f"found owner {os.geteuid()}, mode {mode:o}; allowed: owner .*; remove it"):
        library.installed()


def test_code_of_another_user_does_not_run(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    library.install(on_controller.archive())
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(PermissionError, match=f"found owner {owner}"):
        library.installed()


def test_the_cache_is_in_the_home_of_the_effective_user_under_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = on_host.cache_folder()
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.setenv("XDG_CACHE_HOME", "/home/someone/.cache")
    assert on_host.cache_folder() == folder


def test_versions_unused_for_a_week_are_removed(library: Library) -> None:
    week_ago = time.time() - UNUSED_SECONDS - 60
    for name in ("recent", "old", "incomplete-old"):
        (library.cache / name).mkdir(parents=True)
        if "old" in name:
            os.utime(library.cache / name, (week_ago, week_ago))
    library.install(on_controller.archive())
    assert {path.name for path in library.cache.iterdir()} == {library.version, "recent"}


def test_a_run_marks_its_version_as_used(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    library.install(on_controller.archive())
    os.utime(library.folder, (0, 0))
    monkeypatch.setattr(sys, "path", list(sys.path))
    library.load("runtime")
    assert time.time() - library.folder.stat().st_mtime < 60


class Host(actions.WorkflowAction):
    """Answers as the module on a host with or without the library."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.calls: list[list[str]] = []
        self._task_vars, self._name = {}, "status"

    def _execute_module(self, name: str, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        self.calls.append(sorted(arguments))
        library = Library(arguments["library"], self.cache)
        if not library.installed():
            if "archive" not in arguments:
                return {"library_missing": True}
            library.install(base64.b64decode(arguments["archive"]))
        return {"request": json.loads(arguments["request"])}


def test_the_archive_is_sent_once_to_a_host(tmp_path: Path) -> None:
    first, second = Host(tmp_path), Host(tmp_path)
    assert first._run_workflow({}, {"workflow": "status"}) == {"request": {"workflow": "status"}}
    assert second._run_workflow({}, {"workflow": "status"}) == {"request": {"workflow": "status"}}
    assert first.calls == [["library", "request"], ["archive", "library", "request"]]
    assert second.calls == [["library", "request"]]
