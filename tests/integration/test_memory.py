"""Under load every component stays well within its memory limit, and none is killed for it."""

from __future__ import annotations

import subprocess
import threading
import time

from conftest import APPLICATION
from shopper import Shopper

SHOPPERS, SECONDS, MAX_PERCENT = 6, 25, 90.0


def test_memory_stays_within_the_limits_under_load() -> None:
    deadline = time.monotonic() + SECONDS
    bought = []

    def shop() -> None:
        shopper = Shopper()
        while time.monotonic() < deadline:
            shopper.call("GET", "/catalogue?size=100")
            if shopper.log_in() == 200 and shopper.buy()[0] == 201:
                bought.append(1)

    threads = [threading.Thread(target=shop) for _number in range(SHOPPERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(bought) > 20
    usage = docker_lines("stats", "--no-stream", "--format", "{{.Name}} {{.MemPerc}}", *running_containers())
    assert [line for line in usage if float(line.split()[1].rstrip("%")) > MAX_PERCENT] == []
    assert set(docker_lines("inspect", "--format", "{{.State.OOMKilled}}", *running_containers())) == {"false"}


def running_containers() -> list[str]:
    return docker_lines("ps", "--quiet", "--filter", f"label=io.evenkeel.application={APPLICATION}")


def docker_lines(*words: str) -> list[str]:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout.split("\n")[:-1]
