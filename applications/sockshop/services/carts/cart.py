"""Carts and their items in Mongo, in the original's collections.

An item's id is derived from its cart and its sock, so concurrent requests that add the same sock change one item; a cart's
id is derived from its customer. Requests may run in any order: none undoes what another acknowledged.
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
    return _key(f"{customer}\0{item}")


def ensure(database: Any, customer: str) -> None:
    """Create the cart of ``customer`` if it does not exist."""
    _update(database, customer, {"$setOnInsert": {**_new(customer), "items": []}})


def items(database: Any, customer: str) -> list[dict[str, Any]]:
    """Return the items in the cart, oldest first; creates a missing cart."""
    cart = database.cart.find_one({"customerId": customer})
    if cart is None:
        ensure(database, customer)
        return []
    keys = [reference.id for reference in cart.get("items", [])]
    found = {each["_id"]: each for each in database.item.find({"_id": {"$in": keys}})} if keys else {}
    return [shown(found[key]) for key in keys if key in found]


def add(database: Any, customer: str, item: str, quantity: int, price: float, more: int = 1) -> dict[str, Any]:
    """Put ``quantity`` of a sock into the cart, or ``more`` of one that is there, and return the item."""
    key = item_key(customer, item)
    document = {"_id": key, "_class": ITEM_CLASS, "itemId": item, "quantity": quantity, "unitPrice": price}
    while not (_inserted(database.item, document) or _more(database.item, key, more)):
        pass
    _update(database, customer, {"$setOnInsert": _new(customer), "$addToSet": {"items": DBRef("item", key)}})
    return shown(database.item.find_one({"_id": key}) or document)


def set_quantity(database: Any, customer: str, item: str, quantity: int) -> bool:
    """Set how much of a sock is in the cart, and return whether it is there."""
    changed = database.item.update_one({"_id": item_key(customer, item)}, {"$set": {"quantity": quantity}})
    return bool(changed.matched_count)


def one(database: Any, customer: str, item: str) -> dict[str, Any] | None:
    """Return an item of the cart; None if it is not there."""
    found = database.item.find_one({"_id": item_key(customer, item)})
    return shown(found) if found else None


def remove(database: Any, customer: str, item: str) -> bool:
    """Take a sock out of the cart, and return whether it was there."""
    key = item_key(customer, item)
    database.cart.update_one({"customerId": customer}, {"$pull": {"items": DBRef("item", key)}})
    return bool(database.item.delete_one({"_id": key}).deleted_count)


def delete(database: Any, customer: str) -> None:
    """Delete the cart with its items: the cart first, so that items that are added meanwhile go to a new one."""
    cart = database.cart.find_one_and_delete({"customerId": customer})
    if cart is not None and cart.get("items"):
        database.item.delete_many({"_id": {"$in": [reference.id for reference in cart["items"]]}})


def merge(database: Any, customer: str, session: str) -> None:
    """Move what is in the cart of ``session`` to that of ``customer``, and delete the first unless it was added to meanwhile."""
    for item in items(database, session):
        _move(database, customer, session, item)
    database.cart.delete_one({"customerId": session, "items": []})


def shown(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item as JSON."""
    return {
        "id": str(item["_id"]),
        "itemId": item["itemId"],
        "quantity": item["quantity"],
        "unitPrice": item["unitPrice"],
    }


def _move(database: Any, customer: str, session: str, item: dict[str, Any]) -> None:
    """Move an item. If its quantity grew meanwhile, the additional ones stay in ``session``."""
    quantity, key = item["quantity"], item_key(session, item["itemId"])
    add(database, customer, item["itemId"], quantity, item["unitPrice"], quantity)
    _more(database.item, key, -quantity)
    if database.item.delete_one({"_id": key, "quantity": {"$lte": 0}}).deleted_count:
        database.cart.update_one({"customerId": session}, {"$pull": {"items": DBRef("item", key)}})


def _key(text: str) -> ObjectId:
    return ObjectId(hashlib.sha256(text.encode()).hexdigest()[:24])


def _new(customer: str) -> dict[str, Any]:
    return {"_id": _key(customer), "customerId": customer, "_class": CART_CLASS}


def _update(database: Any, customer: str, change: dict[str, Any]) -> None:
    """Change the cart, or create it; a concurrent request that creates it uses the same id."""
    while True:
        try:
            database.cart.update_one({"customerId": customer}, change, upsert=True)
        except DuplicateKeyError:
            continue
        return


def _inserted(collection: Any, document: dict[str, Any]) -> bool:
    try:
        collection.insert_one(document)
    except DuplicateKeyError:
        return False
    return True


def _more(collection: Any, key: ObjectId, quantity: int) -> bool:
    return bool(collection.update_one({"_id": key}, {"$inc": {"quantity": quantity}}).matched_count)
