"""Placing an order: what is asked of the other services, and in which order."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout
from order import customer_id, new_order, total

PARTS = ("customer", "address", "card", "items")
TIMEOUT = ClientTimeout(total=5)


class Refused(Exception):
    """The order cannot be placed: 406 with the reason."""


class CalleeError(Exception):
    """Another service failed or took too long."""


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
        found = await asyncio.gather(*(self._answer("GET", request[part]) for part in PARTS))
        customer, address, card, items = found
        if not items:
            raise Refused("Invalid order request. The cart is empty.")
        parts = {"customer": customer, "address": address, "card": card}
        decision = await self._answer("POST", f"{self._payment}/paymentAuth", {**parts, "amount": total(items)})
        if not decision.get("authorised"):
            raise Refused(str(decision.get("message", "Payment declined")))
        shipment = {"id": str(uuid.uuid4()), "name": customer_id(customer)}
        return new_order(parts, items, await self._answer("POST", f"{self._shipping}/shipping", shipment))

    async def _answer(self, method: str, url: str, body: Any = None) -> Any:
        try:
            async with self._client.request(method, url, json=body, timeout=TIMEOUT) as answer:
                if answer.status >= 300:
                    raise CalleeError(f"{method} {url}: {answer.status}")
                return await answer.json(content_type=None)
        except TimeoutError:
            raise CalleeError(f"{method} {url}: no answer within {TIMEOUT.total:g} s") from None
        except (ClientError, OSError, ValueError) as error:
            raise CalleeError(f"{method} {url}: {error}") from error
