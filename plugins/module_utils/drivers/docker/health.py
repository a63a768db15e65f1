"""Whether an instance works: what its parts tell, asked as cheaply as it goes, until they do or time is up."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...model.application import Component
from ..errors import Cancelled, Unhealthy
from .client import Engine, EngineError
from .proxies import ask_proxy

PROC = Path("/proc")
LISTEN = "0A"
_PAUSES = (0.05, 0.1, 0.1, 0.2, 0.2, 0.3)
_LONGEST_PAUSE = 0.5
MANY_RESTARTS = 8
DEFAULT_CHECK_SECONDS = 30.0
LOG_LINES = 15


def sandbox_ready(pid: int) -> bool:
    """Whether a sandbox has loaded its packet rules: its process has then become another program."""
    try:
        return (PROC / str(pid) / "comm").read_text().strip() == "catatonit"
    except OSError:
        return False


def proxy_ready(admin: Path) -> bool:
    """Whether the proxy with the admin socket ``admin`` has its configuration and takes traffic."""
    return ask_proxy(admin, "/ready") is not None


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


def workload_ready(engine: Engine, body: dict[str, Any], component: Component) -> bool:
    """Whether the application in the container ``body``, as the engine tells of it, works.

    It listens on any of its ports, which costs nothing to see, and passes its health check, the model's or the image's.
    """
    ports = {port.number for port in component.ports}
    if ports and not ports & listening(body["State"]["Pid"]):
        return False
    check = body["Config"].get("Healthcheck") or {}
    test = check.get("Test") or ["NONE"]
    if test[0] not in ("CMD", "CMD-SHELL"):
        return True
    seconds = check.get("Timeout", 0) / 1e9 or DEFAULT_CHECK_SECONDS
    return _passes(engine, body["Id"], tuple(test[1:]) if test[0] == "CMD" else ("/bin/sh", "-c", test[1]), seconds)


def _passes(engine: Engine, container: str, command: tuple[str, ...], seconds: float) -> bool:
    try:
        return engine.run(container, command, timeout=seconds).status == 0
    except (EngineError, TimeoutError):
        return False


class Waiting:
    """Waits for one instance, part by part, until ``deadline``, a time of the monotonic clock, or until it is ``cancelled``."""

    def __init__(self, engine: Engine, deadline: float, cancelled: Callable[[], bool]) -> None:
        self._engine = engine
        self._deadline = deadline
        self._cancelled = cancelled

    def for_sandbox(self, container: str) -> None:
        """Return once the sandbox is ready. Raises ``Unhealthy``."""
        self._until(container, lambda body: sandbox_ready(body["State"]["Pid"]))

    def for_proxy(self, container: str, admin: Path) -> None:
        """Return once the proxy is ready. Raises ``Unhealthy``."""
        self._until(container, lambda body: proxy_ready(admin))

    def for_workload(self, container: str, component: Component) -> None:
        """Return once the application is ready. Raises ``Unhealthy``."""
        self._until(container, lambda body: workload_ready(self._engine, body, component))

    def _until(self, container: str, ready: Callable[[dict[str, Any]], bool]) -> None:
        pauses = iter(_PAUSES)
        before: int | None = None
        while True:
            body = self._engine.get(f"/containers/{container}/json")
            state = body["State"]
            if state["Running"] and not state["Restarting"] and ready(body):
                return
            before = body["RestartCount"] if before is None else before
            restarts = body["RestartCount"] - before
            if restarts >= MANY_RESTARTS:
                self._fail(container, f"it has ended {restarts} times, last with status {state['ExitCode']}")
            if self._cancelled():
                raise Cancelled(f"{container}: not waited for any more")
            if time.monotonic() > self._deadline:
                self._fail(container, "it was not healthy in time" if state["Running"] else f"it is {state['Status']}")
            time.sleep(next(pauses, _LONGEST_PAUSE))

    def _fail(self, container: str, reason: str) -> None:
        lines = self._engine.logs(container, LOG_LINES).splitlines()
        raise Unhealthy("\n".join([f"{container}: {reason}", *(f"  | {line}" for line in lines)]))
