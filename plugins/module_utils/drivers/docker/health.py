"""Health of an instance: its parts are checked as cheaply as possible, until they are ready or time is up."""

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
_MAX_PAUSE = 0.5
MAX_RESTARTS = 8
DEFAULT_CHECK_SECONDS = 30.0
LOG_LINES = 15


def sandbox_ready(pid: int) -> bool:
    """Whether a sandbox has loaded its packet rules: its process has then become catatonit."""
    try:
        return (PROC / str(pid) / "comm").read_text().strip() == "catatonit"
    except OSError:
        return False


def proxy_ready(admin: Path) -> bool:
    """Whether the proxy with the admin socket ``admin`` has its configuration and accepts traffic."""
    return ask_proxy(admin, "/ready") is not None


def listening_ports(pid: int) -> set[int]:
    """Return the TCP ports with a listener in the network namespace of process ``pid`` (proc(5), net/tcp)."""
    ports = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = (PROC / str(pid) / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        ports |= {int(fields[1].rpartition(":")[2], 16) for line in lines if (fields := line.split())[3] == LISTEN}
    return ports


def workload_ready(engine: Engine, body: dict[str, Any], component: Component) -> bool:
    """Whether the application in the container with the inspected ``body`` works.

    It listens on any of its ports, which is cheap to see, and passes its health check, the model's or the image's.
    """
    ports = {port.number for port in component.ports}
    if ports and not ports & listening_ports(body["State"]["Pid"]):
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


class HealthWaiter:
    """Waits for the parts of one instance until ``deadline``, in the monotonic clock's seconds, or until it is ``cancelled``."""

    def __init__(self, engine: Engine, deadline: float, cancelled: Callable[[], bool]) -> None:
        self._engine = engine
        self._deadline = deadline
        self._cancelled = cancelled

    def wait_for_sandbox(self, container: str) -> None:
        """Return once the sandbox is ready. Raises ``Unhealthy``."""
        self._wait(container, lambda body: sandbox_ready(body["State"]["Pid"]))

    def wait_for_proxy(self, container: str, admin: Path) -> None:
        """Return once the proxy is ready. Raises ``Unhealthy``."""
        self._wait(container, lambda body: proxy_ready(admin))

    def wait_for_workload(self, container: str, component: Component) -> None:
        """Return once the application is ready. Raises ``Unhealthy``."""
        self._wait(container, lambda body: workload_ready(self._engine, body, component))

    def _wait(self, container: str, ready: Callable[[dict[str, Any]], bool]) -> None:
        pauses = iter(_PAUSES)
        initial: int | None = None
        while True:
            body = self._engine.get(f"/containers/{container}/json")
            state = body["State"]
            if state["Running"] and not state["Restarting"] and ready(body):
                return
            initial = body["RestartCount"] if initial is None else initial
            restarts = body["RestartCount"] - initial
            if restarts >= MAX_RESTARTS:
                self._fail(container, f"it has exited {restarts} times, last with status {state['ExitCode']}")
            if self._cancelled():
                raise Cancelled(f"{container}: waiting was cancelled")
            if time.monotonic() > self._deadline:
                self._fail(container, "it was not healthy in time" if state["Running"] else f"it is {state['Status']}")
            time.sleep(next(pauses, _MAX_PAUSE))

    def _fail(self, container: str, reason: str) -> None:
        lines = self._engine.logs(container, LOG_LINES).splitlines()
        raise Unhealthy("\n".join([f"{container}: {reason}", *(f"  | {line}" for line in lines)]))
