"""One process at a time; who dies lets go, who waits gets it, who is refused is told by whom."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker import locks

ROOT = Path(__file__).resolve().parents[4]
HOLDER = """
import sys, pathlib
sys.path.insert(0, sys.argv[2])
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker import locks
with locks.held(pathlib.Path(sys.argv[1]), "", "ada"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lock"


@pytest.fixture
def other(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process, which holds the lock until its input ends or it dies."""
    command = [sys.executable, "-c", HOLDER, str(path), str(ROOT / "collections")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout and running.stdout.readline() == "held\n"
        yield running
        running.kill()


def take(path: Path) -> Callable[[], None]:
    def taken() -> None:
        with locks.held(path, "it is held by {by}", "grace"):
            pass

    return taken


def test_who_is_refused_is_told_by_whom(path: Path, other: subprocess.Popen[str]) -> None:
    assert locks.is_held(path)
    with pytest.raises(locks.Busy, match="it is held by ada"):
        take(path)()


def test_who_dies_lets_go(path: Path, other: subprocess.Popen[str]) -> None:
    other.kill()
    other.wait()
    assert not locks.is_held(path)
    take(path)()
    assert path.read_text() == "grace\n"


def test_who_waits_gets_it_and_says_once_that_it_waits(path: Path, other: subprocess.Popen[str]) -> None:
    told: list[str] = []
    waiting = threading.Event()

    def tell() -> None:
        told.append("waiting")
        waiting.set()

    def wait() -> None:
        with locks.patiently(lambda: locks.held(path, "", "grace"), 60, tell):
            told.append("held")

    waiter = threading.Thread(target=wait)
    waiter.start()
    assert waiting.wait(30)
    assert told == ["waiting"]
    other.kill()
    waiter.join(30)
    assert told == ["waiting", "held"]


def test_patience_ends(path: Path, other: subprocess.Popen[str]) -> None:
    with pytest.raises(locks.Busy, match="ada"), locks.patiently(lambda: locks.held(path, "{by}"), 0.3):
        pass


def test_what_nobody_has_ever_held_is_free(path: Path) -> None:
    assert not locks.is_held(path)
