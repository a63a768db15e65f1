"""A customer who uses the shop's browser API, by the standard library only."""

from __future__ import annotations

import base64
import http.client
import json
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from typing import Any

from conftest import EDGE

SOCK = "3395a43e-2d88-40de-b95f-e00e1502085b"
PRICE = 18 + 4.99


class Shopper:
    """One customer with a session. Every call returns status, body and headers."""

    def __init__(self) -> None:
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, Any]:
        """Make one request; a connection that breaks counts as status 0."""
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(EDGE + path, content, {"Content-Type": "application/json", **headers}, method=method)
        try:
            with self._opener.open(request, timeout=20) as answer:
                return answer.status, _parsed(answer.read()), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _parsed(error.read()), error.headers
        except (OSError, http.client.HTTPException) as error:
            return 0, str(error), {}

    def log_in(self, username: str = "user", password: str = "password") -> int:
        """Log in, and return the status."""
        login = base64.b64encode(f"{username}:{password}".encode()).decode()
        return self.call("GET", "/login", Authorization=f"Basic {login}")[0]

    def buy(self, **headers: str) -> tuple[int, Any, Any]:
        """Empty the cart, put one sock into it, and order."""
        self.call("DELETE", "/cart")
        result = self.call("POST", "/cart", {"id": SOCK}, **headers)
        return self.call("POST", "/orders", **headers) if result[0] == 201 else result

    def orders(self) -> list[str]:
        """Return the addresses of the customer's orders."""
        status, orders, _headers = self.call("GET", "/orders")
        assert status == 201, orders
        return [order["_links"]["self"]["href"] for order in orders]


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
