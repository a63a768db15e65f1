"""Restarts the stopped containers of one application, sandboxes first.

The engine's restart policy is not enough: the engine treats a kill as an intended stop, and gives up on a container that joins
a sandbox which is not running yet. Containers whose policy is not ``always`` are ignored: that is how one is stopped on purpose.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from typing import Any

from evenkeel.docker.client import Engine, EngineError
from evenkeel.errors import DriverError

LABEL = "io.evenkeel"
RESYNC_SECONDS = 10.0
MIN_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.2, 1.0
HEALTHY_CHECKS = 3


def stopped_containers(engine: Engine, application: str) -> tuple[list[dict[str, Any]], bool]:
    """Return the containers that should run and do not, sandboxes first, and whether the engine is restarting any."""
    filters = {"label": [f"{LABEL}.application={application}"], "status": ["exited", "dead", "restarting"]}
    stopped, restarting = [], False
    for summary in engine.get("/containers/json", all=1, filters=filters):
        with contextlib.suppress(EngineError):
            body = engine.get(f"/containers/{summary['Id']}/json")
            restarting = restarting or bool(body["State"]["Restarting"])
            if body["HostConfig"]["RestartPolicy"]["Name"] == "always" and not body["State"]["Running"]:
                stopped.append(body)
    return sorted(stopped, key=lambda body: not is_sandbox(body)), restarting


def is_sandbox(body: dict[str, Any]) -> bool:
    return bool(body["Config"]["Labels"].get(f"{LABEL}.role") == "sandbox")


def start(engine: Engine, body: dict[str, Any]) -> None:
    name = body["Name"].lstrip("/")
    try:
        engine.post(f"/containers/{body['Id']}/start")
        if is_sandbox(body):
            wait_for_rules(engine, body["Id"])
        print(f"{name}: restarted", flush=True)
    except EngineError as error:
        print(f"{name}: {error}", flush=True)


def wait_for_rules(engine: Engine, container: str) -> None:
    """Return once the sandbox has loaded its packet rules: its process has then become catatonit."""
    for _attempt in range(100):
        processes = engine.get(f"/containers/{container}/top")["Processes"]
        if any("catatonit" in process[-1] for process in processes):
            return
        time.sleep(0.05)


def heal(engine: Engine, application: str) -> float:
    """Start stopped containers until several checks in a row find none: a restart by the engine itself may still fail.

    Return the time of the first of these checks: an event may precede the listing of its container as exited.
    """
    healthy, pause, since = 0, MIN_PAUSE_SECONDS, 0.0
    while healthy < HEALTHY_CHECKS:
        since = since if healthy else time.time()
        stopped, restarting = stopped_containers(engine, application)
        for body in stopped:
            start(engine, body)
        healthy = 0 if stopped or restarting else healthy + 1
        pause = min(MAX_PAUSE_SECONDS, pause * 1.2) if restarting else MIN_PAUSE_SECONDS
        if healthy < HEALTHY_CHECKS:
            time.sleep(pause)
    return since


def supervise(engine: Engine, application: str) -> None:
    """Heal whenever a container dies, also before the event stream is open, and every ``RESYNC_SECONDS``."""
    while True:
        since = heal(engine, application)
        filters = {"type": ["container"], "event": ["die"], "label": [f"{LABEL}.application={application}"]}
        with contextlib.suppress(TimeoutError):
            for _event in engine.stream("GET", "/events", timeout=RESYNC_SECONDS, since=f"{since:.3f}", filters=filters):
                break


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    engine = Engine()
    while True:
        try:
            supervise(engine, sys.argv[1])
        except (DriverError, TimeoutError) as error:
            print(f"engine: {error}", flush=True)
            time.sleep(1)


main()
