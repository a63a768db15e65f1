"""An instance heals by itself after any of its containers is killed, and nothing acknowledged is lost."""

from __future__ import annotations

import re
import subprocess
import threading

import pytest
from conftest import name
from eventually import eventually
from shopper import Shopper

CONTAINERS = [
    ("orders-1", ""), ("orders-1", "proxy"), ("orders-1", "sandbox"), ("orders-db-1", ""), ("orders-db-1", "sandbox"),
    ("edge-router-1", "sandbox"),
]  # fmt: skip


def kill(container: str) -> None:
    subprocess.run(["docker", "kill", container], check=True, capture_output=True)


def kill_process(container: str) -> None:
    result = subprocess.run(["docker", "inspect", "-f", "{{.State.Pid}}", container], check=True, capture_output=True, text=True)
    subprocess.run(["kill", "-KILL", result.stdout.strip()], check=True)


def buys() -> bool:
    shopper = Shopper()
    return shopper.log_in() == 200 and shopper.buy()[0] == 201


@pytest.mark.parametrize(("instance", "role"), CONTAINERS)
@pytest.mark.parametrize("kill_container", [kill, kill_process])
def test_an_instance_heals_and_keeps_what_it_acknowledged(instance: str, role: str, kill_container: object) -> None:
    assert callable(kill_container)
    assert eventually(buys), "the shop does not work before the test"
    acknowledged: list[str] = []
    stop = threading.Event()

    def shop() -> None:
        shopper = Shopper()
        while not stop.is_set():
            if shopper.log_in() == 200:
                status, order = shopper.buy()[:2]
                if status == 201:
                    acknowledged.append(order["id"])

    customer = threading.Thread(target=shop)
    customer.start()
    try:
        assert eventually(lambda: len(acknowledged) > 2)
        kill_container(name(instance, role))
        before = len(acknowledged)
        assert eventually(lambda: len(acknowledged) > before + 3, 60), "the instance has not healed"
    finally:
        stop.set()
        customer.join()
    shopper = Shopper()
    assert shopper.log_in() == 200
    stored = {href.rpartition("/")[2] for href in shopper.orders()}
    assert set(acknowledged) <= stored


# Runs in a component that may call shipping: sends a shipment of each name, and prints the acknowledged ones.
SHIP = """
import http.client, json, sys
for name in sys.argv[1:]:
    connection = http.client.HTTPConnection("shipping", 80, timeout=20)
    try:
        connection.request("POST", "/shipping", json.dumps({"id": name, "name": name}), {"Content-Type": "application/json"})
        if connection.getresponse().status == 201:
            print(name, flush=True)
    except (OSError, http.client.HTTPException):
        pass
    connection.close()
"""


def test_the_queue_loses_no_shipment() -> None:
    """Every acknowledged shipment is handled, although the consumer and the broker are killed meanwhile."""
    acknowledged: list[str] = []

    def ship(first: int) -> None:
        names = [f"shipment-{number}" for number in range(first, first + 20)]
        command = ["docker", "exec", name("orders-1"), "python3", "-c", SHIP, *names]
        acknowledged.extend(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())

    def handled() -> set[str]:
        logs = subprocess.run(["docker", "logs", name("queue-master-1")], check=True, capture_output=True, text=True)
        return set(re.findall(r"received shipment (shipment-\d+)", logs.stdout + logs.stderr))

    ship(0)
    assert len(acknowledged) == 20
    for first, kill_container, container in ((100, kill, "queue-master-1"), (200, kill_process, "rabbitmq-1")):
        sender = threading.Thread(target=ship, args=(first,))
        sender.start()
        kill_container(name(container))
        sender.join()

    def ships_again() -> bool:
        before = len(acknowledged)
        ship(900)
        return len(acknowledged) == before + 20

    assert eventually(ships_again, 90), "shipping does not recover"
    assert eventually(lambda: set(acknowledged) <= handled(), 90), set(acknowledged) - handled()
