"""Any container of an instance may be killed: the instance heals by itself, and nothing acknowledged is lost."""

from __future__ import annotations

import subprocess
import threading

import pytest
from conftest import name
from eventually import eventually
from shopper import Shopper

KILLED = [
    ("orders-1", ""), ("orders-1", "proxy"), ("orders-1", "sandbox"), ("orders-db-1", ""), ("orders-db-1", "sandbox"),
    ("edge-router-1", "sandbox"),
]  # fmt: skip


def kill(container: str) -> None:
    subprocess.run(["docker", "kill", container], check=True, capture_output=True)


def kill_process(container: str) -> None:
    shown = subprocess.run(["docker", "inspect", "-f", "{{.State.Pid}}", container], check=True, capture_output=True, text=True)
    subprocess.run(["kill", "-KILL", shown.stdout.strip()], check=True)


def buys() -> bool:
    shopper = Shopper()
    return shopper.log_in() == 200 and shopper.buy()[0] == 201


@pytest.mark.parametrize(("instance", "role"), KILLED)
@pytest.mark.parametrize("way", [kill, kill_process])
def test_an_instance_heals_and_keeps_what_it_acknowledged(instance: str, role: str, way: object) -> None:
    assert callable(way)
    assert eventually(buys), "the shop does not work to begin with"
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
        way(name(instance, role))
        before = len(acknowledged)
        assert eventually(lambda: len(acknowledged) > before + 3, 60), "it has not healed"
    finally:
        stop.set()
        customer.join()
    shopper = Shopper()
    assert shopper.log_in() == 200
    kept = {href.rpartition("/")[2] for href in shopper.orders()}
    assert set(acknowledged) <= kept


def test_the_queue_loses_no_shipment() -> None:
    shopper = Shopper()
    assert eventually(lambda: shopper.log_in() == 200)
    kill(name("queue-master-1"))
    kill_process(name("rabbitmq-1"))
    assert eventually(lambda: shopper.buy()[0] == 201, 90), "shipping does not come back"
