"""Placing an order: the calls to the other services, and their sequence."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from aiohttp import ClientError, ClientSession, ClientTimeout
from order import customer_id, new_order, total

T = TypeVar("T")
PARTS = ("customer", "address", "card", "items")
TIMEOUT = ClientTimeout(total=5)
_EXCEPTION = "works.weave.socks.orders.controllers.OrdersController$"


class Refused(Exception):
    """The order cannot be placed: 406 with the reason; ``java`` is the original's class of it."""

    def __init__(self, reason: str, java: str = "InvalidOrderException") -> None:
        super().__init__(reason)
        self.java = _EXCEPTION + java


class CalleeError(Exception):
    """Another service failed, timed out, or sent an answer that is no basis for an order."""


class Checkout:
    """Places orders through ``payment`` and ``shipping``, the base addresses of these services."""

    def __init__(self, client: ClientSession, payment: str, shipping: str) -> None:
        self._client = client
        self._payment = payment
        self._shipping = shipping

    async def place(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the document of the order for a request's addresses. Raises ``Refused``, ``CalleeError``."""
        if not all(isinstance(request.get(part), str) and request[part] for part in PARTS):
            raise Refused("Invalid order request. Order requires customer, address, card and items.")
        customer, address, card, items = await self._found(request)
        if not items:
            raise Refused("Invalid order request. The cart is empty.")
        parts = {"customer": customer, "address": address, "card": card}
        shipment = {"id": str(uuid.uuid4()), "name": _read(customer_id, customer, request["customer"])}
        await self._pay({**parts, "amount": _read(total, items, request["items"])})
        return new_order(parts, items, await self._answer("POST", f"{self._shipping}/shipping", dict, shipment))

    async def _found(self, request: Mapping[str, Any]) -> tuple[Any, Any, Any, list[Any]]:
        *documents, items = await asyncio.gather(
            *(self._answer("GET", request[part], dict) for part in PARTS[:3]), self._answer("GET", request["items"], list)
        )
        return documents[0], documents[1], documents[2], items

    async def _pay(self, bill: Mapping[str, Any]) -> None:
        decision = await self._answer("POST", f"{self._payment}/paymentAuth", dict, bill)
        if decision.get("authorised") is not True:
            raise Refused(str(decision.get("message") or "Payment declined"), "PaymentDeclinedException")

    async def _answer(self, method: str, url: str, form: type, body: Any = None) -> Any:
        """Return a callee's answer, which is of type ``form``."""
        try:
            async with self._client.request(method, url, json=body, timeout=TIMEOUT) as answer:
                if answer.status >= 300:
                    raise CalleeError(f"{method} {url}: {answer.status}")
                found = await answer.json(content_type=None)
        except TimeoutError:
            raise CalleeError(f"{method} {url}: no answer within {TIMEOUT.total:g} s") from None
        except (ClientError, OSError, ValueError) as error:
            raise CalleeError(f"{method} {url}: {error}") from error
        if not isinstance(found, form):
            raise CalleeError(f"{method} {url}: an answer that is no {form.__name__}")
        return found


def _read(read: Callable[[Any], T], answer: Any, url: str) -> T:
    """Return what ``read`` makes of an answer. Raises ``CalleeError`` where it cannot."""
    try:
        return read(answer)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CalleeError(f"GET {url}: {type(error).__name__}: {error}") from error
