"""Locust users of the Sock Shop: each has its own cookies, pauses between requests, and validates the answers."""

from __future__ import annotations

import json
import os
import random
import secrets
from typing import Any

from locust import FastHttpUser, between, events, task
from stats import begin

THINK_SECONDS = float(os.environ.get("THINK_SECONDS", "2"))
# Payment's limit is 100 in the published image and 105 in ours, shipping included.
MOST_TO_PAY = 90.0
# The list of a customer's orders is not paged: a shopper with many orders changes to a new account.
ORDERS_OF_AN_ACCOUNT = 20
# The shop's own customers only browse: everybody who is logged in as one of them shares one cart.
KNOWN = (("user", "password"), ("user1", "password"), ("Eve_Berger", "eve"))
ADDRESS = {"street": "Elm Street", "number": "7", "city": "Ghent", "country": "Belgium", "postcode": "9000"}
CARD = {"longNum": "4111111111111111", "expires": "12/30", "ccv": "123"}
# A header, `name: value`, that half of the shoppers send with each request.
HALF_WITH = os.environ.get("HALF_WITH", "")

events.init.add_listener(begin)


class Visitor(FastHttpUser):
    """A user who browses socks."""

    abstract = True
    wait_time = between(THINK_SECONDS / 4, THINK_SECONDS)
    network_timeout = connection_timeout = 20.0

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        name, _colon, value = HALF_WITH.partition(":")
        self.headers = {name.strip(): value.strip()} if name and random.random() < 0.5 else {}

    def ask(self, method: str, path: str, status: int = 200, kind: type | None = None, **options: Any) -> Any:
        """Make a request, and return its JSON, or without a ``kind`` of it True; None is a failure, and counted as one."""
        with self.client.request(method, path, catch_response=True, headers=self.headers, **options) as answer:
            if answer.status_code != status:
                found = f"status {answer.status_code}" if answer.status_code else str(answer.error)
                answer.failure(f"{found} in place of status {status}")
                return None
            if kind is None:
                answer.success()
                return True
            try:
                found = json.loads(answer.text or "")
            except ValueError:
                found = None
            if not isinstance(found, kind):
                answer.failure(f"no JSON {kind.__name__}")
                return None
            answer.success()
            return found

    def log_in(self, username: str, password: str) -> bool:
        """Log in like a returning browser, without cookies."""
        self.client.cookiejar.clear()
        return bool(self.ask("GET", "/login", auth=(username, password)))

    def look_around(self) -> list[dict[str, Any]]:
        """Go to the first page, then to one of the catalogue's, and return what is on it."""
        self.ask("GET", "/")
        self.wait()
        page = random.randint(1, 2)
        self.ask("GET", "/category.html")
        return self.ask("GET", f"/catalogue?page={page}&size=6", kind=list, name="/catalogue") or []

    def look_at(self, sock: dict[str, Any]) -> None:
        """Go to the page of one sock."""
        self.wait()
        self.ask("GET", f"/detail.html?id={sock['id']}", name="/detail.html")
        self.ask("GET", f"/catalogue/{sock['id']}", kind=dict, name="/catalogue/{id}")

    def look_at_orders(self) -> None:
        """Open the list of the own orders."""
        self.ask("GET", "/customer-orders.html")
        self.ask("GET", "/orders", status=201, kind=list)


class Shopper(Visitor):
    """A customer with an own account, who buys."""

    weight = 9

    def on_start(self) -> None:
        """Start as a new customer."""
        self.register()

    def register(self) -> None:
        """Register a new customer with an address and a card."""
        self.client.cookiejar.clear()
        self.account: tuple[str, str] | None = None
        self.orders, self.left_over = 0, False
        name, password = f"shopper-{secrets.token_hex(6)}", secrets.token_urlsafe(12)
        customer = {"username": name, "password": password, "email": f"{name}@example.com", "firstName": "S", "lastName": "H"}
        if (
            self.ask("POST", "/register", kind=dict, json=customer)
            and self.ask("POST", "/addresses", kind=dict, json=ADDRESS)
            and self.ask("POST", "/cards", kind=dict, json=CARD)
        ):
            self.account = name, password

    @task(5)
    def browse(self) -> None:
        """Look at some socks."""
        for sock in random.sample(found := self.look_around(), min(len(found), 2)):
            self.look_at(sock)

    @task(4)
    def buy(self) -> None:
        """Put one or two socks into the cart, order, and check that the order exists."""
        if not self.account or self.orders >= ORDERS_OF_AN_ACCOUNT:
            self.register()
            return
        if self.left_over:
            self.empty_cart()
        to_pay = 0.0
        found = self.look_around()
        for sock in random.sample(found, min(len(found), 2)):
            if to_pay + sock["price"] <= MOST_TO_PAY:
                self.look_at(sock)
                self.left_over = True
                if self.ask("POST", "/cart", status=201, json={"id": sock["id"]}):
                    to_pay += sock["price"]
        if not to_pay:
            return
        self.wait()
        self.ask("GET", "/basket.html")
        self.ask("GET", "/cart", kind=list)
        self.wait()
        if self.ask("POST", "/orders", status=201, kind=dict):
            self.orders += 1
        self.empty_cart()
        self.look_at_orders()

    @task(1)
    def look_back(self) -> None:
        """Open the list of the own orders."""
        if self.account:
            self.look_at_orders()

    @task(1)
    def come_back(self) -> None:
        """Log in again, as after some days."""
        if not (self.account and self.log_in(*self.account)):
            self.register()

    def empty_cart(self) -> None:
        """Empty the cart, as the page does after an order."""
        self.left_over = not self.ask("DELETE", "/cart", status=202)


class Known(Visitor):
    """One of the shop's own customers, who only browses."""

    weight = 1

    def on_start(self) -> None:
        """Log in."""
        self.logged_in = self.log_in(*random.choice(KNOWN))

    @task(3)
    def browse(self) -> None:
        """Look at a sock."""
        for sock in self.look_around()[:1]:
            self.look_at(sock)

    @task(1)
    def look_back(self) -> None:
        """Open the list of the own orders."""
        if self.logged_in:
            self.look_at_orders()
        else:
            self.on_start()
