"""A population of shoppers on the deployed shop: it orders, nothing fails, and it leaves a report and nothing else."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import APPLICATION
from echo import PLAYBOOK, ROOT, environment
from eventually import eventually

LABEL = f"io.evenkeel.load={APPLICATION}"


def load(**extra: Any) -> tuple[int, str]:
    """Run the playbook, and return its exit code and all that it said."""
    command = [PLAYBOOK, "playbooks/load.yml", "--extra-vars", json.dumps(extra)]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def site(**variables: str) -> None:
    """Bring the shop to its file, with values for the variables in it."""
    command = [PLAYBOOK, "playbooks/site.yml"]
    done = subprocess.run(command, cwd=ROOT, env={**environment(), **variables}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout.strip()


def generators() -> list[str]:
    return docker("ps", "--all", "--quiet", "--no-trunc", "--filter", f"label={LABEL}").split()


@pytest.fixture
def left_over() -> Iterator[str]:
    """Yield what a run that was killed leaves behind: a container that nobody holds any more."""
    image = docker("inspect", "--format", "{{.Image}}", f"{APPLICATION}-front-end-1")
    about = ["--label", LABEL, "--label", "io.evenkeel.load-run=gone", "--network", "none"]
    made = docker("run", "--detach", *about, image, "sleep", "600")
    yield made
    if made in generators():
        docker("rm", "--force", made)


@pytest.fixture
def orders(container: Callable[[str], Any]) -> Callable[[], int]:
    """Return what counts the orders that the shop has."""
    ask = "import urllib.request as u; print(u.urlopen('http://localhost:8848/orders').read().decode())"
    command = f'python3 -c "{ask}"'
    return lambda: int(json.loads(container("orders-1").check_output(command))["page"]["totalElements"])


def test_shoppers_order_and_nothing_fails(orders: Callable[[], int], left_over: str, tmp_path: Path) -> None:
    before = orders()
    report = tmp_path / "new" / "load.html"
    code, said = load(users=5, seconds=15, report=str(report))
    assert code == 0, said
    assert re.search(r"^  5 users, \d+ requests, 0 failures, ", said, re.MULTILINE), said
    assert '"failures": 0' in said
    assert orders() > before
    assert "<html" in report.read_text()[:1000] and "/orders" in report.read_text()
    assert left_over not in generators() and generators() == []


def test_a_killed_run_leaves_no_load_behind() -> None:
    command = [PLAYBOOK, "playbooks/load.yml", "--extra-vars", json.dumps({"users": 2, "seconds": 300})]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True) as running:
        try:
            assert eventually(generators, 120)
        finally:
            os.killpg(running.pid, signal.SIGKILL)
    assert eventually(lambda: generators() == [], 60), "the generator goes on although nobody follows it"


def test_shoppers_are_a_component_for_as_long_as_that_is_asked_for(orders: Callable[[], int]) -> None:
    shopper = ["ps", "--all", "--quiet", "--filter", f"label=io.evenkeel.application={APPLICATION}"]
    shopper += ["--filter", "label=io.evenkeel.component=shopper"]
    assert docker(*shopper) == ""
    before = orders()
    try:
        site(SHOPPERS="1")
        assert docker(*shopper) != ""
        assert eventually(lambda: orders() > before, 60)
    finally:
        site()
    assert docker(*shopper) == ""


def test_what_is_out_of_bounds_is_refused_before_anything_is_touched(left_over: str) -> None:
    for extra, fault in (({"users": 501}, "users: found"), ({"seconds": 3601}, "seconds: found")):
        code, said = load(**extra)
        assert code != 0 and fault in said, said
    assert generators() == [left_over]
