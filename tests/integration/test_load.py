"""Shoppers on the deployed shop: they order without a failure, and leave only a report."""

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
    """Run the playbook, and return its exit code and output."""
    command = [PLAYBOOK, "playbooks/load.yml", "--extra-vars", json.dumps(extra)]
    result = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


def site(**variables: str) -> None:
    """Deploy the shop, with values for the variables in its file."""
    command = [PLAYBOOK, "playbooks/site.yml"]
    result = subprocess.run(command, cwd=ROOT, env={**environment(), **variables}, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout.strip()


def generators() -> list[str]:
    return docker("ps", "--all", "--quiet", "--no-trunc", "--filter", f"label={LABEL}").split()


@pytest.fixture
def left_over() -> Iterator[str]:
    """Yield the container that a killed run leaves behind."""
    image = docker("inspect", "--format", "{{.Image}}", f"{APPLICATION}-front-end-1")
    options = ["--label", LABEL, "--label", "io.evenkeel.load-run=gone", "--network", "none"]
    generator = docker("run", "--detach", *options, image, "sleep", "600")
    yield generator
    if generator in generators():
        docker("rm", "--force", generator)


@pytest.fixture
def orders(container: Callable[[str], Any]) -> Callable[[], int]:
    """Return a function that counts the shop's orders."""
    script = "import urllib.request as u; print(u.urlopen('http://localhost:8848/orders').read().decode())"
    command = f'python3 -c "{script}"'
    return lambda: int(json.loads(container("orders-1").check_output(command))["page"]["totalElements"])


def test_shoppers_order_and_nothing_fails(orders: Callable[[], int], left_over: str, tmp_path: Path) -> None:
    before = orders()
    report = tmp_path / "new" / "load.html"
    code, output = load(users=5, seconds=15, report=str(report))
    assert code == 0, output
    assert re.search(r"^  5 users, \d+ requests, 0 failures, ", output, re.MULTILINE), output
    assert '"failures": 0' in output
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
    assert eventually(lambda: generators() == [], 60), "the generator outlives its playbook"


def test_shoppers_run_as_a_component_on_request(orders: Callable[[], int]) -> None:
    list_shoppers = ["ps", "--all", "--quiet", "--filter", f"label=io.evenkeel.application={APPLICATION}"]
    list_shoppers += ["--filter", "label=io.evenkeel.component=shopper"]
    assert docker(*list_shoppers) == ""
    before = orders()
    try:
        site(SHOPPERS="1")
        assert docker(*list_shoppers) != ""
        assert eventually(lambda: orders() > before, 60)
    finally:
        site()
    assert docker(*list_shoppers) == ""


def test_options_out_of_bounds_are_refused_before_any_change(left_over: str) -> None:
    for options, message in (({"users": 501}, "users: found"), ({"seconds": 3601}, "seconds: found")):
        code, output = load(**options)
        assert code != 0 and message in output, output
    assert generators() == [left_over]
