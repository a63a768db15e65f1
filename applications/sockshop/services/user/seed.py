"""The shop's first customers. They are stored once: a deleted one stays deleted."""

from __future__ import annotations

from typing import Any

from bson import ObjectId
from passwords import hashed
from people import kept
from pymongo.errors import DuplicateKeyError

_ID = "57a98d98e4b00679b4a830"
_GLASGOW = {"number": "246", "street": "Whitelees Road", "city": "Glasgow", "postcode": "G67 3DL", "country": "United Kingdom"}
_ABERDARE = {"number": "4", "street": "Maes-Y-Deri", "city": "Aberdare", "postcode": "CF44 6TF", "country": "United Kingdom"}
_LONDON = {"number": "3", "street": "my road", "city": "London", "postcode": "", "country": "UK"}
ADDRESSES = {f"{_ID}ad": _GLASGOW, f"{_ID}b0": _GLASGOW, f"{_ID}b3": _ABERDARE, "57a98ddce4b00679b4a830d1": _LONDON}
CARDS = {
    f"{_ID}ae": ("5953580604169678", "08/19", "678"),
    f"{_ID}b1": ("5544154011345918", "08/19", "958"),
    f"{_ID}b4": ("0908415193175205", "08/19", "280"),
    "57a98ddce4b00679b4a830d2": ("5429804235432", "04/16", "432"),
}
CUSTOMERS = (
    ("af", "Eve", "Berger", "Eve_Berger", "eve", "ad", "ae"),
    ("b2", "User", "Name", "user", "password", "b0", "b1"),
    ("b5", "User1", "Name1", "user1", "password", "b3", "b4"),
)


def seed(database: Any) -> None:
    """Make the index and, in a new database, the customers; goes on where an earlier attempt ended."""
    database.customers.create_index("username", unique=True)
    if database.seeded.find_one({"_id": "customers"}):
        return
    for key, address in ADDRESSES.items():
        _put(database.addresses, {"_id": ObjectId(key), **address})
    for key, (number, expires, code) in CARDS.items():
        _put(database.cards, {"_id": ObjectId(key), **kept("cards", {"longNum": number, "expires": expires, "ccv": code})})
    for suffix, first, last, username, password, address_suffix, card_suffix in CUSTOMERS:
        _put(
            database.customers,
            {
                "_id": ObjectId(_ID + suffix),
                "firstName": first,
                "lastName": last,
                "username": username,
                "email": "",
                "password": hashed(password),
                "addresses": [ObjectId(_ID + address_suffix)],
                "cards": [ObjectId(_ID + card_suffix)],
            },
        )
    _put(database.seeded, {"_id": "customers"})


def _put(collection: Any, document: dict[str, Any]) -> None:
    try:
        collection.insert_one(document)
    except DuplicateKeyError:
        return
