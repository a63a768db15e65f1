"""Starts again what has stopped of one application, sandboxes first.

The engine's restart policy is not enough: it takes a kill for a wish to stop, and gives up on a container that joins a
sandbox which is not up yet. Containers whose policy is not ``always`` are left alone: that is how one is stopped on purpose.
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
LOOK_SECONDS = 10.0
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 1.0
QUIET_LOOKS = 3


def stopped(engine: Engine, application: str) -> tuple[list[dict[str, Any]], bool]:
    """Return the containers that should run and do not, sandboxes first, and whether the engine is at work on others."""
    filters = {"label": [f"{LABEL}.application={application}"], "status": ["exited", "dead", "restarting"]}
    found, restarting = [], False
    for listed in engine.get("/containers/json", all=1, filters=filters):
        with contextlib.suppress(EngineError):
            body = engine.get(f"/containers/{listed['Id']}/json")
            restarting = restarting or bool(body["State"]["Restarting"])
            if body["HostConfig"]["RestartPolicy"]["Name"] == "always" and not body["State"]["Running"]:
                found.append(body)
    return sorted(found, key=lambda body: not is_sandbox(body)), restarting


def is_sandbox(body: dict[str, Any]) -> bool:
    return bool(body["Config"]["Labels"].get(f"{LABEL}.role") == "sandbox")


def start(engine: Engine, body: dict[str, Any]) -> None:
    name = body["Name"].lstrip("/")
    try:
        engine.post(f"/containers/{body['Id']}/start")
        if is_sandbox(body):
            wait_for_rules(engine, body["Id"])
        print(f"{name}: started again", flush=True)
    except EngineError as error:
        print(f"{name}: {error}", flush=True)


def wait_for_rules(engine: Engine, key: str) -> None:
    """Return once the sandbox's process is the one that it becomes after it has loaded its packet rules."""
    for _look in range(100):
        processes = engine.get(f"/containers/{key}/top")["Processes"]
        if any("catatonit" in process[-1] for process in processes):
            return
        time.sleep(0.05)


def heal(engine: Engine, application: str) -> float:
    """Start what is stopped until nothing is, a few looks in a row: what the engine restarts itself may fail yet.

    Return the time of the first of them: the engine tells of an end a moment before it lists the container as ended.
    """
    quiet, pause, since = 0, PAUSE_SECONDS, 0.0
    while quiet < QUIET_LOOKS:
        since = since if quiet else time.time()
        found, restarting = stopped(engine, application)
        for body in found:
            start(engine, body)
        quiet = 0 if found or restarting else quiet + 1
        pause = min(LONGEST_PAUSE_SECONDS, pause * 1.2) if restarting else PAUSE_SECONDS
        if quiet < QUIET_LOOKS:
            time.sleep(pause)
    return since


def keep(engine: Engine, application: str) -> None:
    """Heal at every end of a container, also one from before the events are listened to, and now and then besides."""
    while True:
        since = heal(engine, application)
        filters = {"type": ["container"], "event": ["die"], "label": [f"{LABEL}.application={application}"]}
        with contextlib.suppress(TimeoutError):
            for _event in engine.stream("GET", "/events", timeout=LOOK_SECONDS, since=f"{since:.3f}", filters=filters):
                break


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    engine = Engine()
    while True:
        try:
            keep(engine, sys.argv[1])
        except (DriverError, TimeoutError) as error:
            print(f"the engine: {error}", flush=True)
            time.sleep(1)


main()
