"""An order as stored in the original's collection, and as answered in Spring Data REST's HAL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sockshop.cards import masked

SHIPPING = 4.99
COLLECTION = "customerOrder"
HOST = "http://orders"
_PARTS = {
    "customer": ("firstName", "lastName", "username"),
    "address": ("number", "street", "city", "postcode", "country"),
    "card": ("longNum", "expires", "ccv"),
}


def total(items: list[Mapping[str, Any]]) -> float:
    """Return the price of ``items`` with shipping, in cents' precision."""
    return float(round(sum(item["quantity"] * item["unitPrice"] for item in items) + SHIPPING, 2))


def customer_id(customer: Mapping[str, Any]) -> str:
    """Return the last part of the customer's own link. Raises ``ValueError`` where there is neither that nor an id."""
    href = str((customer.get("_links") or {}).get("self", {}).get("href", ""))
    found = href.rstrip("/").rpartition("/")[2] or str(customer.get("id") or "")
    if not found:
        raise ValueError("a customer without an id")
    return found


def new_order(
    parts: Mapping[str, Mapping[str, Any]], items: list[Mapping[str, Any]], shipment: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the document of an order for ``parts``: customer, address and card as their services answered them."""
    kept: dict[str, Any] = {
        part: {"id": None, **{name: parts[part].get(name) for name in names}} for part, names in _PARTS.items()
    }
    kept["customer"].update(addresses=[], cards=[])
    kept["card"].update(longNum=masked(str(kept["card"]["longNum"] or "")), ccv="")
    return {
        "customerId": customer_id(parts["customer"]),
        **kept,
        "items": [{name: item.get(name) for name in ("id", "itemId", "quantity", "unitPrice")} for item in items],
        "shipment": {name: shipment.get(name) for name in ("id", "name")},
        "date": datetime.now(UTC),
        "total": total(items),
    }


def shown(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a new order's answer."""
    return {"id": str(document["_id"]), **_plain(document)}


def hal(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return an order as HAL, without any ids but those in links."""
    href = {"href": f"{HOST}/orders/{document['_id']}"}
    body: dict[str, Any] = _without_ids(_plain(document))
    return {**body, "_links": {"self": href, "order": href}}


def _plain(document: Mapping[str, Any]) -> dict[str, Any]:
    date = document["date"]
    date = date.replace(tzinfo=UTC) if date.tzinfo is None else date
    text = date.isoformat(timespec="milliseconds").replace("+00:00", "+0000")
    return {**{key: value for key, value in document.items() if key not in ("_id", "_class")}, "date": text}


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_ids(item) for key, item in value.items() if key != "id"}
    return [_without_ids(item) for item in value] if isinstance(value, list) else value
