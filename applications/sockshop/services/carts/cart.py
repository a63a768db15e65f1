"""Carts and their items in Mongo, in the original's collections.

An item's id comes from its cart and its sock, so that adding the same sock twice at once makes one item of two.
"""

from __future__ import annotations

import hashlib
from typing import Any

from bson import DBRef, ObjectId
from pymongo.errors import DuplicateKeyError

CART_CLASS = "works.weave.socks.cart.entities.Cart"
ITEM_CLASS = "works.weave.socks.cart.entities.Item"


def item_key(customer: str, item: str) -> ObjectId:
    """Return the id of an item in the cart of ``customer``."""
    return ObjectId(hashlib.sha256(f"{customer}\0{item}".encode()).hexdigest()[:24])


def ensure(database: Any, customer: str) -> None:
    """Make the cart of ``customer`` where there is none."""
    database.cart.update_one(
        {"customerId": customer}, {"$setOnInsert": {"customerId": customer, "_class": CART_CLASS, "items": []}}, upsert=True
    )


def items(database: Any, customer: str) -> list[dict[str, Any]]:
    """Return the items in the cart, oldest first; makes the cart where there is none."""
    cart = database.cart.find_one({"customerId": customer})
    if cart is None:
        ensure(database, customer)
        return []
    keys = [reference.id for reference in cart.get("items", [])]
    found = {each["_id"]: each for each in database.item.find({"_id": {"$in": keys}})} if keys else {}
    return [shown(found[key]) for key in keys if key in found]


def add(database: Any, customer: str, item: str, quantity: int, price: float) -> dict[str, Any]:
    """Put ``quantity`` of a sock into the cart; of one that is there already one more, whatever ``quantity`` says."""
    key = item_key(customer, item)
    document = {"_id": key, "_class": ITEM_CLASS, "itemId": item, "quantity": quantity, "unitPrice": price}
    try:
        database.item.insert_one(document)
    except DuplicateKeyError:
        database.item.update_one({"_id": key}, {"$inc": {"quantity": 1}})
    ensure(database, customer)
    database.cart.update_one({"customerId": customer}, {"$addToSet": {"items": DBRef("item", key)}})
    return shown(database.item.find_one({"_id": key}) or document)


def set_quantity(database: Any, customer: str, item: str, quantity: int) -> bool:
    """Set how much of a sock is in the cart, and return whether it is there."""
    changed = database.item.update_one({"_id": item_key(customer, item)}, {"$set": {"quantity": quantity}})
    return bool(changed.matched_count)


def one(database: Any, customer: str, item: str) -> dict[str, Any] | None:
    """Return an item of the cart; None where it is not there."""
    found = database.item.find_one({"_id": item_key(customer, item)})
    return shown(found) if found else None


def remove(database: Any, customer: str, item: str) -> bool:
    """Take a sock out of the cart, and return whether it was there."""
    key = item_key(customer, item)
    database.cart.update_one({"customerId": customer}, {"$pull": {"items": DBRef("item", key)}})
    return bool(database.item.delete_one({"_id": key}).deleted_count)


def delete(database: Any, customer: str) -> None:
    """Delete the cart with its items."""
    cart = database.cart.find_one({"customerId": customer})
    if cart is not None:
        database.item.delete_many({"_id": {"$in": [reference.id for reference in cart.get("items", [])]}})
        database.cart.delete_one({"_id": cart["_id"]})


def merge(database: Any, customer: str, session: str) -> None:
    """Move what is in the cart of ``session`` to that of ``customer``, and delete the first."""
    for item in items(database, session):
        key = item_key(customer, item["itemId"])
        document = {"_id": key, "_class": ITEM_CLASS, "itemId": item["itemId"], "unitPrice": item["unitPrice"]}
        try:
            database.item.insert_one({**document, "quantity": item["quantity"]})
        except DuplicateKeyError:
            database.item.update_one({"_id": key}, {"$inc": {"quantity": item["quantity"]}})
        ensure(database, customer)
        database.cart.update_one({"customerId": customer}, {"$addToSet": {"items": DBRef("item", key)}})
    delete(database, session)


def shown(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item as JSON."""
    return {
        "id": str(item["_id"]),
        "itemId": item["itemId"],
        "quantity": item["quantity"],
        "unitPrice": item["unitPrice"],
    }
