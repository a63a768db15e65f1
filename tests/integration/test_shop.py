"""The shop works through the mesh, and one purchase is one trace."""

from __future__ import annotations

import json
import secrets
import time
import urllib.request
from typing import Any

import pytest
from conftest import STATUS, ZIPKIN
from eventually import eventually
from shopper import PRICE, Shopper

PURCHASE = {"edge-router", "front-end", "orders", "payment", "user", "carts", "shipping"}


def fetch(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.loads(answer.read())


def test_every_sock_has_a_picture() -> None:
    shopper = Shopper()
    _status, socks, _headers = shopper.call("GET", "/catalogue?size=100")
    assert len(socks) == 10
    for picture in {url for sock in socks for url in sock["imageUrl"]}:
        status, _picture, headers = shopper.call("GET", picture)
        assert (status, headers["Content-Type"]) == (200, "image/jpeg"), picture


def test_a_new_customer_buys_and_finds_the_order() -> None:
    shopper = Shopper()
    customer = {"username": f"u{secrets.token_hex(4)}", "password": "secret word", "email": "", "firstName": "A", "lastName": "B"}
    assert shopper.call("POST", "/register", customer)[0] == 200
    address = {"street": "Elm Street", "number": "7", "city": "Ghent", "country": "Belgium", "postcode": "9000"}
    assert shopper.call("POST", "/addresses", address)[0] == 200
    assert shopper.call("POST", "/cards", {"longNum": "4111111111111111", "expires": "12/30", "ccv": "123"})[0] == 200
    status, order = shopper.buy()[:2]
    assert status == 201, order
    assert order["total"] == pytest.approx(PRICE)
    assert order["card"]["longNum"].endswith("1111") and "4111" not in order["card"]["longNum"]
    assert len(shopper.orders()) == 1
    assert Shopper().log_in(customer["username"], "another word") == 401
    assert Shopper().log_in(customer["username"], "secret word") == 200


def test_answers_state_the_version() -> None:
    assert Shopper().call("GET", "/catalogue")[2]["X-Service-Version"].startswith("front-end/")


def test_one_purchase_is_one_trace() -> None:
    trace = secrets.token_hex(16)
    shopper = Shopper()
    assert shopper.log_in() == 200
    status, order = shopper.buy(**{"X-B3-TraceId": trace, "X-B3-SpanId": secrets.token_hex(8), "X-B3-Sampled": "1"})[:2]
    assert status == 201, order

    def services() -> set[str]:
        try:
            return {span["localEndpoint"]["serviceName"] for span in fetch(f"{ZIPKIN}/api/v2/trace/{trace}")}
        except OSError:
            return set()

    assert eventually(lambda: services() >= PURCHASE), services()


def test_zipkin_derives_dependencies() -> None:
    def links() -> set[tuple[str, str]]:
        url = f"{ZIPKIN}/api/v2/dependencies?endTs={int(time.time() * 1000)}&lookback=86400000"
        return {(link["parent"], link["child"]) for link in fetch(url)}

    expected = {("edge-router", "front-end"), ("front-end", "orders"), ("orders", "payment"), ("orders", "shipping")}
    assert eventually(lambda: links() >= expected), links()


def test_the_status_port_serves_health_only() -> None:
    with urllib.request.urlopen(f"{STATUS}/health", timeout=5) as answer:
        assert answer.read().strip() == b"LIVE"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(f"{STATUS}/quitquitquit", method="POST"), timeout=5)
    assert refused.value.code == 404
