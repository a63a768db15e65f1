"""The progress of a running module over a connection: with a terminal's line ends, and sudo's output before it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.progress import Progress


class Shell:
    def __init__(self, folder: Path) -> None:
        self.tmpdir = str(folder)

    def join_path(self, *parts: str) -> str:
        return "/".join(parts)

    def quote(self, text: str) -> str:
        return f"'{text}'"


class Become:
    success = "marker of the module's command"


class Connection:
    def __init__(self, folder: Path) -> None:
        self._shell = Shell(folder)
        self.become: Become | None = Become()

    def set_become_plugin(self, plugin: Become) -> None:
        self.become = plugin


class Action:
    """Runs commands as Ansible does: each sets its own success marker, for which the connection waits."""

    def __init__(self, folder: Path, noise: str = "", end: str = "\n") -> None:
        self._connection = Connection(folder)
        self._noise, self._end = noise, end

    def _low_level_execute_command(self, command: str) -> dict[str, Any]:
        if self._connection.become:
            self._connection.become.success = "marker of a read"
        output = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout
        return {"stdout": (self._noise + output).replace("\n", self._end)}


TERMINAL = {"noise": "\nsudo: unable to resolve host web\n", "end": "\r\n"}


@pytest.mark.parametrize("way", [{}, TERMINAL], ids=["pipe", "terminal"])
def test_every_line_is_read_once_and_whole(way: dict[str, str], tmp_path: Path) -> None:
    progress = Progress(Action(tmp_path, **way))
    file = Path(progress.file)
    assert progress.read_lines() == []
    lines = []
    for text in ("web-1: healthy\n", "50 % ██\nnext", " line\n\n", "", "last\n"):
        with file.open("a") as open_file:
            open_file.write(text)
        lines += progress.read_lines()
    assert lines == ["web-1: healthy", "50 % ██", "next line", "", "last"]


def test_reading_touches_the_heartbeat_file(tmp_path: Path) -> None:
    progress = Progress(Action(tmp_path))
    progress.read_lines()
    assert Path(f"{progress.file}.heartbeat").exists()


def test_reading_does_not_change_the_modules_connection(tmp_path: Path) -> None:
    action = Action(tmp_path)
    connection, become = action._connection, action._connection.become
    Progress(action).read_lines()
    assert action._connection is connection and connection.become is become
    assert become and become.success == "marker of the module's command"


def test_progress_can_be_read_without_become(tmp_path: Path) -> None:
    action = Action(tmp_path)
    action._connection.become = None
    assert Progress(action).read_lines() == []


def test_a_failed_read_is_left_to_the_module_to_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_unused: object) -> dict[str, Any]:
        raise AnsibleConnectionFailure("the host is gone")

    progress = Progress(Action(tmp_path))
    Path(progress.file).write_text("line\n")
    with monkeypatch.context() as patched:
        patched.setattr(Action, "_low_level_execute_command", gone)
        assert progress.read_lines() == []
    assert progress.read_lines() == ["line"]
