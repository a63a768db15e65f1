"""The output of a child program is followed, and the program ends with its own children when it is given up."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.runtime.child import ChildTimeout, follow


class GivenUp(Exception):
    pass


def shell(script: str) -> list[str]:
    return ["sh", "-c", script]


def has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # A zombie has ended too.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def ends_eventually(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while not has_ended(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return has_ended(pid)


def test_lines_of_both_outputs_and_the_status_are_returned() -> None:
    lines: list[str] = []
    status = follow(shell("echo one; echo two >&2; printf 'three\\rfour'; exit 3"), lines.extend, 10)
    assert (status, lines) == (3, ["one", "two", "three", "four"])


def test_a_silent_program_is_polled_too() -> None:
    batches: list[list[str]] = []
    assert follow(shell("exec >&- 2>&-; sleep 0.2"), batches.append, 10) == 0
    assert len(batches) > 1 and not any(batches)


def test_input_and_environment_are_passed_on(tmp_path: Path) -> None:
    lines: list[str] = []
    (tmp_path / "input").write_text("given")
    with (tmp_path / "input").open("rb") as stdin:
        follow(shell('cat; echo " $TOLD"'), lines.extend, 10, {**os.environ, "TOLD": "so"}, stdin)
    assert lines == ["given so"]


@pytest.mark.parametrize("deaf", ["", "trap '' TERM; "])
def test_all_child_processes_end_when_the_listener_gives_up(deaf: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[follow.__module__], "GRACE_SECONDS", 0.2)
    started: list[int] = []

    def lines(lines: list[str]) -> None:
        started.extend(int(line) for line in lines if line)
        if len(started) == 2:
            raise GivenUp

    with pytest.raises(GivenUp):
        follow(shell(f"{deaf}echo $$; sleep 60 & echo $!; wait; sleep 60"), lines, 60)
    assert all(ends_eventually(pid) for pid in started)


def test_the_time_of_a_pull_is_bounded() -> None:
    with pytest.raises(ChildTimeout):
        follow(shell("sleep 60"), lambda lines: None, 0.1)


def test_processes_left_behind_are_not_waited_for() -> None:
    lines: list[str] = []
    began = time.monotonic()
    assert follow(shell("sleep 20 & echo $!"), lines.extend, 30) == 0
    assert time.monotonic() - began < 10
    os.kill(int(lines[0]), 9)
