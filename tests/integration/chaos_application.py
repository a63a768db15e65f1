"""The application of tests/applications/chaos on a host: playbooks that may be killed, its users, and what is to be found."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crowd import Crowd
from echo import PLAYBOOK, ROOT, environment, extra

FILE = ROOT / "tests" / "applications" / "chaos" / "compose.yaml"
NAME = "chaos-test"
# How many instances of `web` the file has.
FILE_SIZE = 2
ANSIBLE = str(Path(PLAYBOOK).with_name("ansible"))
RUN_SECONDS = 600.0
PAUSE_SECONDS = 0.1
NEW_USERS = 40
ENDED = ("promoted", "failed", "aborted")
CHANGED = re.compile(r"changed=(\d+) ")
# Ansible is not to take the format for a template of its own.
LISTED = "docker {} --filter name=" + NAME + " --format '{} {{% raw %}}{{{{.{}}}}}{{% endraw %}}'"
THINGS = " && ".join(
    (
        LISTED.format("ps --all", "container", "Names"),
        LISTED.format("network ls", "network", "Name"),
        LISTED.format("volume ls", "volume", "Name"),
    )
)


@dataclass(frozen=True)
class Run:
    """A playbook that has ended: its exit status, minus a signal if one ended it, all that it said, and its seconds."""

    code: int
    said: str
    seconds: float

    @property
    def changed(self) -> int:
        """How many tasks have changed something."""
        return sum(int(each) for each in CHANGED.findall(self.said))

    def well(self) -> Run:
        """Return the run, which must have gone well."""
        assert self.code == 0, self.said
        return self


class Running:
    """A playbook that runs."""

    def __init__(self, command: list[str]) -> None:
        self._began = time.monotonic()
        self._said = ""
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def ended(self, seconds: float) -> bool:
        """Return whether it has ended within ``seconds``."""
        with suppress(subprocess.TimeoutExpired):
            self._said = self._process.communicate(timeout=seconds)[0]
        return self._process.returncode is not None

    def kill(self) -> None:
        """End its process group at once: what runs on the host is not in it, and goes on for a while."""
        os.killpg(self._process.pid, signal.SIGKILL)

    def kill_all(self) -> None:
        """End it at once with all that it has started, which is in sessions of its own."""
        for process in [self._process.pid, *_started_by(self._process.pid)]:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def end(self) -> Run:
        """Wait until it has ended, and return what came of it."""
        if self._process.returncode is None and not self.ended(RUN_SECONDS):
            self.kill()
            raise AssertionError(f"a run has not ended in {RUN_SECONDS:g} s: {self._process.communicate()[0]}")
        return Run(self._process.returncode, self._said, time.monotonic() - self._began)


@dataclass(frozen=True)
class Place:
    """The application, with ``version`` in its file, on ``host`` of ``inventory``: on this machine where nothing is said."""

    inventory: str = ""
    host: str = "localhost"
    version: str = "first"

    def start(self, name: str, *options: str, **variables: Any) -> Running:
        """Begin to run a playbook."""
        given = {"application": str(FILE), "target": self.host, "variables": {"FILE_VERSION": self.version}, **variables}
        return Running([PLAYBOOK, f"playbooks/{name}.yml", *self._inventory, *extra(**given), *options])

    def play(self, name: str, *options: str, **variables: Any) -> Run:
        """Run a playbook to its end."""
        return self.start(name, *options, **variables).end()

    def status(self) -> dict[str, Any]:
        """Return the application's status."""
        said = self.play("status", format="json").well().said
        found: dict[str, Any] = json.JSONDecoder().raw_decode(said, said.index("{", said.index("TASK [Show the status]")))[0]
        return dict(found["msg"])

    def shell(self, command: str) -> list[str]:
        """Return what a command says that is run on the host as root."""
        words = [ANSIBLE, self.host, *self._inventory, "--become", "--module-name=ansible.builtin.shell", f"--args={command}"]
        done = subprocess.run(words, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return [line for line in done.stdout.splitlines()[1:] if line]

    def things(self) -> set[str]:
        """Return the application's containers, networks and volumes."""
        return set(self.shell(THINGS))

    def kill_engine(self) -> None:
        """End the engine at once, and nothing else."""
        self.shell("kill -9 $(cat /var/run/docker.pid)")

    def start_engine(self) -> None:
        """Start the engine, unless the host's service manager has done so."""
        self.play("platform").well()

    @property
    def _inventory(self) -> list[str]:
        return [f"--inventory={self.inventory}"] if self.inventory else []


@dataclass
class Client:
    """Who uses the application at ``url``: ``acknowledged`` are the numbers that it was told are kept."""

    url: str
    acknowledged: list[int] = field(default_factory=list)
    number: int = 0

    def crowd(self) -> Crowd:
        """Return users who ask all the while which version answers."""
        found = urlsplit(self.url)
        return Crowd(found.port or 80, "/", users=30, rate=60.0, address=str(found.hostname))

    def versions(self) -> set[str]:
        """Return the versions that new users get, each of whom must get an answer."""
        return {self._get("/") for _user in range(NEW_USERS)}

    def lost(self) -> list[int]:
        """Return the numbers that were acknowledged and are not there."""
        kept = {int(each) for each in self._get("/kept").split()}
        return [each for each in self.acknowledged if each not in kept]

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write one number after the other for as long as the block runs."""
        stop = threading.Event()
        thread = threading.Thread(target=self._write, args=(stop,))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _write(self, stop: threading.Event) -> None:
        while not stop.wait(PAUSE_SECONDS):
            self.number += 1
            with suppress(OSError, http.client.HTTPException):
                urllib.request.urlopen(f"{self.url}/kept", str(self.number).encode(), timeout=5).close()
                self.acknowledged.append(self.number)

    def _get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=20) as answer:
            return str(answer.read().decode())


def _started_by(process: int) -> Iterator[int]:
    """Yield the processes that ``process`` has started, and those that they have."""
    listed = subprocess.run(["ps", "-e", "-o", "ppid=,pid="], capture_output=True, text=True, check=True).stdout
    pairs = [(int(parent), int(child)) for parent, child in map(str.split, listed.splitlines())]

    def below(parent: int) -> Iterator[int]:
        for child in (each for above, each in pairs if above == parent):
            yield child
            yield from below(child)

    return below(process)


def client_of(status: dict[str, Any]) -> Client:
    """Return who uses the application at where its status says that the gateway is."""
    return Client(status["urls"]["edge"][0].rstrip("/"))


def in_progress(status: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the releases that have not ended."""
    return [each for each in status["releases"] if each["phase"] not in ENDED]


def size(status: dict[str, Any]) -> int:
    """Return how many instances `web` has."""
    return sum(each["instance"]["component"] == "web" for each in status["instances"])


def check_settled(place: Place) -> None:
    """Check that a deployment has nothing to do."""
    again = place.play("site", "--diff").well()
    assert again.changed == 0, f"a second run has something to do: {again.said}"


def check_tidy(place: Place, status: dict[str, Any]) -> None:
    """Check that all of the application serves, and that no run has left anything besides."""
    assert not status["holders"], f"somebody is at work still: {status['holders']}"
    assert not status["pending"], f"a deployment would still do: {status['pending']}"
    assert not in_progress(status), f"a release is in progress: {in_progress(status)}"
    down = [each for each in status["instances"] if each["status"]["state"] != "running" or not each["status"]["serving"]]
    assert not down, f"these do not serve: {down}"
    expected = {f"container {NAME}-supervisor", f"network {NAME}-mesh", f"volume {NAME}_data"}
    # A single instance that was replaced by its successor has another ordinal.
    for instance in (entry["instance"] for entry in status["instances"]):
        assert instance["version"] == "stable", f"left of a release: {instance}"
        roles = ("-sandbox", "-proxy") if instance["component"] == "edge" else ("-sandbox", "-proxy", "")
        expected |= {f"container {NAME}-{instance['component']}-{instance['ordinal']}{role}" for role in roles}
    found = place.things()
    assert found == expected, f"left: {sorted(found - expected)}; missing: {sorted(expected - found)}"


def check_gone(place: Place, data: bool) -> None:
    """Check that nothing of the application is there any more, but for its ``data`` if that is to stay."""
    found = place.things()
    assert found == ({f"volume {NAME}_data"} if data else set()), f"a teardown has left: {sorted(found)}"
