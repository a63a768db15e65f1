"""What the mesh allows and blocks."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from conftest import APPLICATION, name

FETCH = "import urllib.request as r; print(r.urlopen('{}', timeout=5).status)"


def address(instance: str) -> str:
    result = subprocess.run(["docker", "inspect", name(instance, "sandbox")], capture_output=True, check=True)
    networks = json.loads(result.stdout)[0]["NetworkSettings"]["Networks"]
    return str(networks[f"{APPLICATION}-mesh"]["IPAddress"])


def test_a_dependency_answers_by_name_on_port_80_and_on_its_own(container: Callable[[str], Any]) -> None:
    for url in ("http://orders/health", "http://orders:8848/health", "http://carts/health"):
        assert container("front-end-1").run("python3 -c %s", FETCH.format(url)).stdout.strip() == "200", url


def test_undeclared_names_do_not_resolve(container: Callable[[str], Any]) -> None:
    assert "Name or service not known" in container("payment-1").run("python3 -c %s", FETCH.format("http://orders/health")).stderr


def test_undeclared_dependencies_are_not_reached_by_address(container: Callable[[str], Any]) -> None:
    for port in (8848, 15006):
        result = container("payment-1").run("python3 -c %s", FETCH.format(f"http://{address('orders-1')}:{port}/health"))
        assert result.rc != 0 and "Connection refused" in result.stderr, result.stderr


def test_inner_ports_are_not_reached_from_outside() -> None:
    for instance, port in (("orders-1", 8848), ("catalogue-db-1", 3306), ("rabbitmq-1", 5672), ("front-end-1", 8079)):
        command = ["curl", "--silent", "--max-time", "3", f"http://{address(instance)}:{port}/"]
        assert subprocess.run(command, capture_output=True, check=False).stdout == b"", f"{instance}:{port}"


def statistics(instance: str, prefix: str) -> dict[str, int]:
    admin = f"/var/lib/evenkeel/{APPLICATION}/run/{instance}/admin.sock"
    command = ["curl", "--silent", "--unix-socket", admin, f"http://proxy/stats?type=Counters&filter=^{prefix}"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {key: int(value) for key, value in (line.rsplit(": ", 1) for line in lines.splitlines())}


def test_the_proxy_counts_mongo_operations() -> None:
    assert any("op_" in key and value for key, value in statistics("carts-1", "mongo").items())


def test_the_proxy_counts_mysql_operations(container: Callable[[str], Any]) -> None:
    before = statistics("catalogue-1", "mysql.catalogue-db:3306")
    assert container("front-end-1").run("python3 -c %s", FETCH.format("http://catalogue/catalogue")).stdout.strip() == "200"
    after = statistics("catalogue-1", "mysql.catalogue-db:3306")
    increase = {key.rpartition(".")[2]: value - before[key] for key, value in after.items()}
    assert increase["queries"] > 0, increase
    assert increase["errors"] == increase["opaque_sessions"] == 0, increase


def test_memory_limits_are_those_of_the_model() -> None:
    limits = {"orders-1": 1024, "payment-1": 128, "front-end-1": 512, "rabbitmq-1": 1024}
    for instance, megabytes in limits.items():
        command = ["docker", "inspect", "-f", "{{.HostConfig.Memory}}", name(instance)]
        result = subprocess.run(command, capture_output=True, check=False)
        assert int(result.stdout) == megabytes << 20, instance


def test_passwords_are_in_no_environment_and_no_process_list() -> None:
    secrets = [path.read_text() for path in Path(f"/var/lib/evenkeel/{APPLICATION}/secrets").iterdir()]
    assert len(secrets) == 4
    processes = subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True).stdout
    ids = subprocess.run(["docker", "ps", "-q"], capture_output=True, text=True, check=True).stdout.split()
    containers = subprocess.run(["docker", "inspect", *ids], capture_output=True, text=True, check=True).stdout
    for secret in secrets:
        assert secret not in processes
        assert secret not in containers
