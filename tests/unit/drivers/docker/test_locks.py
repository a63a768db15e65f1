"""Locks: one holder at a time; a dead process releases its lock, and looking at a lock does not take it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker import locks

ROOT = Path(__file__).resolve().parents[4]
HOLDER = """
import sys, pathlib
sys.path.insert(0, sys.argv[2])
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker import locks
with locks.hold(pathlib.Path(sys.argv[1])) as file:
    file.write("ada")
    file.flush()
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lock"


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process, which holds the lock until its input ends or it dies."""
    command = [sys.executable, "-c", HOLDER, str(path), str(ROOT / "collections")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout and running.stdout.readline() == "held\n"
        yield running
        running.kill()


def test_a_refusal_contains_what_the_holder_wrote(path: Path, holder: subprocess.Popen[str]) -> None:
    assert locks.is_held(path)
    with pytest.raises(locks.Locked) as refused, locks.hold(path):
        pass
    assert refused.value.content == "ada"


def test_a_process_that_dies_releases_the_lock(path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    assert not locks.is_held(path)
    with locks.hold(path) as file:
        file.seek(0)
        assert file.read() == "ada"


def test_a_waiting_process_gets_the_lock(path: Path, holder: subprocess.Popen[str]) -> None:
    events: list[str] = []

    def wait() -> None:
        with locks.hold(path, wait=True):
            events.append("held")

    waiter = threading.Thread(target=wait)
    waiter.start()
    waiter.join(0.3)
    assert events == []
    holder.kill()
    waiter.join(30)
    assert events == ["held"]


def test_two_holders_in_one_process_exclude_each_other(path: Path) -> None:
    with locks.hold(path), pytest.raises(locks.Locked), locks.hold(path):
        pass
    with locks.hold(path):
        assert locks.is_held(path)
    assert not locks.is_held(path)


def test_looking_at_a_lock_does_not_take_it(path: Path) -> None:
    """However often other threads look, the lock can be taken and is not lost."""
    path.touch()
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            locks.is_held(path)

    threads = [threading.Thread(target=look) for _unused in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _unused in range(500):
            with locks.hold(path):
                assert locks.is_held(path)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_looking_at_a_lock_does_not_release_it(path: Path) -> None:
    """Locks of a process, unlike those of an open file, are lost when it closes any descriptor of the file."""
    with locks.hold(path):
        assert locks.is_held(path)
        path.read_text()
        with pytest.raises(locks.Locked), locks.hold(path):
            pass


def test_a_lock_that_was_never_held_is_free(path: Path) -> None:
    assert not locks.is_held(path)
    assert not path.exists()
