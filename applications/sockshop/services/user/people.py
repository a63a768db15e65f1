"""Customers, their addresses and their cards in Mongo, and as HAL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from bson.errors import InvalidId
from passwords import hashed, matches
from pymongo.errors import DuplicateKeyError
from sockshop.cards import masked

HOST = "user"
FIELDS = {
    "customers": ("firstName", "lastName", "username"),
    "addresses": ("street", "number", "country", "city", "postcode"),
    "cards": ("longNum", "expires", "ccv"),
}
SINGULAR = {"customers": "customer", "addresses": "address", "cards": "card"}


class UserError(Exception):
    """A request cannot be answered; the message is the original's."""


def object_id(text: str) -> ObjectId:
    """Return the id that ``text`` writes. Raises ``UserError``."""
    try:
        return ObjectId(text)
    except (InvalidId, TypeError):
        raise UserError("Invalid Id Hex") from None


def everyone(database: Any, collection: str) -> list[dict[str, Any]]:
    """Return all of a collection as HAL."""
    return [hal(collection, each) for each in database[collection].find()]


def one(database: Any, collection: str, key: str) -> dict[str, Any]:
    """Return one of a collection as HAL. Raises ``UserError``."""
    return hal(collection, _found(database, collection, key))


def owned(database: Any, customer: str, collection: str) -> list[dict[str, Any]]:
    """Return the addresses or cards of a customer as HAL. Raises ``UserError``."""
    keys = _found(database, "customers", customer).get(collection, [])
    found = {each["_id"]: each for each in database[collection].find({"_id": {"$in": keys}})} if keys else {}
    return [hal(collection, found[key]) for key in keys if key in found]


def login(database: Any, username: str, password: str) -> dict[str, Any] | None:
    """Return the customer with that name and password as HAL; None where there is none."""
    found = database.customers.find_one({"username": username})
    return hal("customers", found) if matches(found and found.get("password"), password) else None


def register(database: Any, body: Mapping[str, Any]) -> str:
    """Make a customer, and return the id. Raises ``UserError`` for a name that is taken."""
    given = {name: str(body.get(name) or "") for name in ("username", "email", "firstName", "lastName")}
    password = hashed(str(body["password"])) if body.get("password") else ""
    document = {"_id": ObjectId(), **given, "password": password, "addresses": [], "cards": []}
    try:
        database.customers.insert_one(document)
    except DuplicateKeyError:
        raise UserError("username is taken") from None
    return str(document["_id"])


def create(database: Any, collection: str, body: Mapping[str, Any]) -> str:
    """Make an address or a card, of the customer ``userID`` where that is given, and return the id. Raises ``UserError``."""
    owner = object_id(str(body["userID"])) if body.get("userID") else None
    if owner and not database.customers.find_one({"_id": owner}):
        raise UserError("not found")
    document = {"_id": ObjectId(), **kept(collection, body)}
    database[collection].insert_one(document)
    if owner:
        database.customers.update_one({"_id": owner}, {"$addToSet": {collection: document["_id"]}})
    return str(document["_id"])


def kept(collection: str, body: Mapping[str, Any]) -> dict[str, str]:
    """Return the stored form of an address or a card, without a whole card number and a security code: neither is ever read."""
    fields = {name: str(body.get(name) or "") for name in FIELDS[collection]}
    if collection == "cards":
        fields.update(longNum=masked(fields["longNum"]), ccv="")
    return fields


def delete(database: Any, collection: str, key: str) -> None:
    """Delete one; a customer with addresses and cards. Raises ``UserError``."""
    found = _found(database, collection, key)
    if collection == "customers":
        for each in ("addresses", "cards"):
            database[each].delete_many({"_id": {"$in": found.get(each, [])}})
    else:
        for customer in database.customers.find({collection: found["_id"]}):
            database.customers.update_one({"_id": customer["_id"]}, {"$pull": {collection: found["_id"]}})
    database[collection].delete_one({"_id": found["_id"]})


def hal(collection: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document as HAL. A card from a database of the original's is whole, and is shown as one from here is."""
    key = str(document["_id"])
    here = f"http://{HOST}/{collection}/{key}"
    links = {"self": {"href": here}, SINGULAR[collection]: {"href": here}}
    if collection == "customers":
        links.update((each, {"href": f"{here}/{each}"}) for each in ("addresses", "cards"))
    return {**kept(collection, document), "id": key, "_links": links}


def _found(database: Any, collection: str, key: str) -> dict[str, Any]:
    found = database[collection].find_one({"_id": object_id(key)})
    if found is None:
        raise UserError("not found")
    return dict(found)
