"""Whether an instance works: what its parts tell, asked as cheaply as it goes, until they do or time is up."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..application.model import Component, Healthcheck
from .engine import Engine, EngineError

PROC = Path("/proc")
LISTEN = "0A"
_PAUSES = (0.05, 0.1, 0.1, 0.2, 0.2, 0.3)
_LONGEST_PAUSE = 0.5
MANY_RESTARTS = 8
LOG_LINES = 15


class Unhealthy(Exception):
    """An instance did not become healthy; the message names the part and has the last lines of its log."""


def sandbox_ready(pid: int) -> bool:
    """Whether a sandbox has loaded its packet rules: its process has then become another program."""
    try:
        return (PROC / str(pid) / "comm").read_text().strip() == "catatonit"
    except OSError:
        return False


def proxy_ready(admin: Path) -> bool:
    """Whether the proxy with the admin socket ``admin`` has its configuration and takes traffic."""
    connection = http.client.HTTPConnection("proxy", timeout=2)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.sock.settimeout(2)
        connection.sock.connect(str(admin))
        connection.request("GET", "/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def listening(pid: int) -> set[int]:
    """Return the TCP ports that anything in the network namespace of process ``pid`` listens on (proc(5), net/tcp)."""
    ports = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = (PROC / str(pid) / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        ports |= {int(fields[1].rpartition(":")[2], 16) for line in lines if (fields := line.split())[3] == LISTEN}
    return ports


def workload_ready(engine: Engine, container: str, pid: int, component: Component) -> bool:
    """Whether the application passes its health check; one without a check has to listen on any of its ports."""
    if component.healthcheck:
        return _passes(engine, container, component.healthcheck)
    ports = {port.number for port in component.ports}
    return not ports or bool(ports & listening(pid))


def _passes(engine: Engine, container: str, check: Healthcheck) -> bool:
    command = check.test[1:] if check.test[0] == "CMD" else ("/bin/sh", "-c", check.test[1])
    try:
        return engine.run(container, command, timeout=check.timeout).status == 0
    except (EngineError, TimeoutError):
        return False


class Waiting:
    """Waits for one instance, part by part, until ``deadline``, a time of the monotonic clock."""

    def __init__(self, engine: Engine, deadline: float) -> None:
        self._engine = engine
        self._deadline = deadline

    def for_sandbox(self, container: str) -> int:
        """Return the sandbox's process id once it is ready. Raises ``Unhealthy``."""
        return self._until(container, lambda pid: sandbox_ready(pid))

    def for_proxy(self, container: str, admin: Path) -> None:
        """Return once the proxy is ready. Raises ``Unhealthy``."""
        self._until(container, lambda pid: proxy_ready(admin))

    def for_workload(self, container: str, component: Component) -> None:
        """Return once the application is ready. Raises ``Unhealthy``."""
        self._until(container, lambda pid: workload_ready(self._engine, container, pid, component))

    def _until(self, container: str, ready: Callable[[int], bool]) -> int:
        pauses = iter(_PAUSES)
        _, before = self._state(container)
        while True:
            state, after = self._state(container)
            restarts = after - before
            if state["Running"] and not state["Restarting"] and ready(state["Pid"]):
                return int(state["Pid"])
            if restarts >= MANY_RESTARTS:
                self._fail(container, f"it has ended {restarts} times, last with status {state['ExitCode']}")
            if time.monotonic() > self._deadline:
                self._fail(container, "it was not healthy in time" if state["Running"] else f"it is {state['Status']}")
            time.sleep(next(pauses, _LONGEST_PAUSE))

    def _state(self, container: str) -> tuple[dict[str, Any], int]:
        body = self._engine.get(f"/containers/{container}/json")
        return body["State"], int(body["RestartCount"])

    def _fail(self, container: str, reason: str) -> None:
        lines = self._engine.logs(container, LOG_LINES).splitlines()
        raise Unhealthy("\n".join([f"{container}: {reason}", *(f"  | {line}" for line in lines)]))
