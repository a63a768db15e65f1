"""The application of tests/applications/chaos on a host: playbooks that may be killed, its users, and checks of its state."""

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
# Ansible must not expand the format as a template of its own.
LIST = "docker {} --filter name=" + NAME + " --format '{} {{% raw %}}{{{{.{}}}}}{{% endraw %}}'"
OBJECTS = " && ".join(
    (
        LIST.format("ps --all", "container", "Names"),
        LIST.format("network ls", "network", "Name"),
        LIST.format("volume ls", "volume", "Name"),
    )
)


@dataclass(frozen=True)
class Run:
    """A finished playbook: its exit status, negative if a signal ended it, its output, and its duration in seconds."""

    code: int
    output: str
    seconds: float

    @property
    def changed(self) -> int:
        """The number of changed tasks."""
        return sum(int(number) for number in CHANGED.findall(self.output))

    def check(self) -> Run:
        """Return the run. Raises ``AssertionError`` if it failed."""
        assert self.code == 0, self.output
        return self


class Running:
    """A running playbook."""

    def __init__(self, command: list[str]) -> None:
        self._began = time.monotonic()
        self._output = ""
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
        """Return whether it ends within ``seconds``."""
        with suppress(subprocess.TimeoutExpired):
            self._output = self._process.communicate(timeout=seconds)[0]
        return self._process.returncode is not None

    def kill(self) -> None:
        """Kill its process group; its module on the host is not in it and continues for a while."""
        os.killpg(self._process.pid, signal.SIGKILL)

    def kill_all(self) -> None:
        """Kill it with its descendants, which have sessions of their own."""
        for process in [self._process.pid, *_descendants(self._process.pid)]:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def end(self) -> Run:
        """Wait for its end, and return the result."""
        if self._process.returncode is None and not self.ended(RUN_SECONDS):
            self.kill()
            raise AssertionError(f"a run has not ended in {RUN_SECONDS:g} s: {self._process.communicate()[0]}")
        return Run(self._process.returncode, self._output, time.monotonic() - self._began)


@dataclass(frozen=True)
class Deployment:
    """The application, with ``version`` in its file, on ``host`` of ``inventory``: by default on this machine."""

    inventory: str = ""
    host: str = "localhost"
    version: str = "first"

    def start(self, name: str, *options: str, **variables: Any) -> Running:
        """Start a playbook."""
        extra_vars = {"application": str(FILE), "target": self.host, "variables": {"FILE_VERSION": self.version}, **variables}
        return Running([PLAYBOOK, f"playbooks/{name}.yml", *self._inventory, *extra(**extra_vars), *options])

    def play(self, name: str, *options: str, **variables: Any) -> Run:
        """Run a playbook to its end."""
        return self.start(name, *options, **variables).end()

    def status(self) -> dict[str, Any]:
        """Return the application's status."""
        output = self.play("status", format="json").check().output
        start = output.index("{", output.index("TASK [Show the status]"))
        result: dict[str, Any] = json.JSONDecoder().raw_decode(output, start)[0]
        return dict(result["msg"])

    def shell(self, command: str) -> list[str]:
        """Return the output of a command that runs on the host as root, by line."""
        words = [ANSIBLE, self.host, *self._inventory, "--become", "--module-name=ansible.builtin.shell", f"--args={command}"]
        result = subprocess.run(words, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout + result.stderr
        return [line for line in result.stdout.splitlines()[1:] if line]

    def objects(self) -> set[str]:
        """Return the application's containers, networks and volumes."""
        return set(self.shell(OBJECTS))

    def kill_engine(self) -> None:
        """Kill the engine alone."""
        self.shell("kill -9 $(cat /var/run/docker.pid)")

    def start_engine(self) -> None:
        """Start the engine, if the host's service manager has not."""
        self.play("platform").check()

    @property
    def _inventory(self) -> list[str]:
        return [f"--inventory={self.inventory}"] if self.inventory else []


@dataclass
class Client:
    """A user of the application at ``url``; ``acknowledged`` are the numbers whose storage was confirmed."""

    url: str
    acknowledged: list[int] = field(default_factory=list)
    number: int = 0

    def crowd(self) -> Crowd:
        """Return users who request the version continuously."""
        address = urlsplit(self.url)
        return Crowd(address.port or 80, "/", users=30, rate=60.0, address=str(address.hostname))

    def versions(self) -> set[str]:
        """Return the versions that new users get. Each has to get an answer."""
        return {self._get("/") for _user in range(NEW_USERS)}

    def lost(self) -> list[int]:
        """Return the acknowledged numbers that are missing."""
        stored = {int(number) for number in self._get("/kept").split()}
        return [number for number in self.acknowledged if number not in stored]

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write one number after the other while the block runs."""
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
        with urllib.request.urlopen(self.url + path, timeout=20) as response:
            return str(response.read().decode())


def _descendants(process: int) -> Iterator[int]:
    """Yield the descendants of ``process``."""
    output = subprocess.run(["ps", "-e", "-o", "ppid=,pid="], capture_output=True, text=True, check=True).stdout
    pairs = [(int(parent), int(child)) for parent, child in map(str.split, output.splitlines())]

    def below(parent: int) -> Iterator[int]:
        for child in [child for child_parent, child in pairs if child_parent == parent]:
            yield child
            yield from below(child)

    return below(process)


def client_of(status: dict[str, Any]) -> Client:
    """Return a user of the application at the gateway's URL."""
    return Client(status["urls"]["edge"][0].rstrip("/"))


def in_progress(status: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the releases that have not ended."""
    return [release for release in status["releases"] if release["phase"] not in ENDED]


def size(status: dict[str, Any]) -> int:
    """Return how many instances `web` has."""
    return sum(entry["instance"]["component"] == "web" for entry in status["instances"])


def check_settled(deployment: Deployment) -> None:
    """Check that a deployment has nothing to do."""
    again = deployment.play("site", "--diff").check()
    assert again.changed == 0, f"a second run has something to do: {again.output}"


def check_tidy(deployment: Deployment, status: dict[str, Any]) -> None:
    """Check that the whole application serves and that no run has left anything else."""
    assert not status["holders"], f"leases are still held: {status['holders']}"
    assert not status["pending"], f"operations are pending: {status['pending']}"
    assert not in_progress(status), f"a release is in progress: {in_progress(status)}"
    states = [entry["status"] for entry in status["instances"]]
    down = [state for state in states if state["state"] != "running" or not state["serving"]]
    assert not down, f"instances that do not serve: {down}"
    expected = {f"container {NAME}-supervisor", f"network {NAME}-mesh", f"volume {NAME}_data"}
    # A single instance that was replaced by its successor has another ordinal.
    for instance in (entry["instance"] for entry in status["instances"]):
        assert instance["version"] == "stable", f"left of a release: {instance}"
        roles = ("-sandbox", "-proxy") if instance["component"] == "edge" else ("-sandbox", "-proxy", "")
        expected |= {f"container {NAME}-{instance['component']}-{instance['ordinal']}{role}" for role in roles}
    objects = deployment.objects()
    assert objects == expected, f"left: {sorted(objects - expected)}; missing: {sorted(expected - objects)}"


def check_gone(deployment: Deployment, data: bool) -> None:
    """Check that nothing of the application is left, except for its ``data`` if that was kept."""
    objects = deployment.objects()
    assert objects == ({f"volume {NAME}_data"} if data else set()), f"a teardown has left: {sorted(objects)}"
