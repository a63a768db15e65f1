"""The services' own rules, without their stores."""

from __future__ import annotations

from typing import Any

import pytest
import shop_modules

for package in ("aiohttp", "argon2", "prometheus_client", "pymongo", "pymysql"):
    pytest.importorskip(package)
shop_modules.use("catalogue", "carts", "orders", "user")

import cart
import order
import passwords
import people
import socks

ROW = {
    "id": "1",
    "name": "Holy",
    "description": "",
    "image_url_1": "a",
    "image_url_2": "b",
    "price": 99.98999786376953,
    "count": 1,
    "tags": "magic,action",
}


@pytest.mark.parametrize(("amount", "authorised"), [(104.98, True), (105, True), (105.01, False)])
def test_payment_has_a_limit(amount: float, authorised: bool) -> None:
    assert shop_modules.main_of("payment").decision(amount, 105)["authorised"] is authorised


def test_declined_payments_name_the_limit() -> None:
    assert shop_modules.main_of("payment").decision(101, 100)["message"] == "Payment declined: amount exceeds 100.00"


def test_tags_are_values_of_the_query_never_part_of_it() -> None:
    query, values = socks.list_query(("red", "'; --"))
    assert values == ("red", "'; --") and "IN (%s, %s)" in query and "--" not in query


@pytest.mark.parametrize(
    ("rows", "number", "size", "expected"),
    [
        (3, "1", "2", 2),
        (3, "2", "2", 1),
        (3, "9", "2", 0),
        (3, "0", "2", 0),
        (3, "x", "2", 0),
        (3, "1", "0", 0),
        (3, "9" * 5000, "2", 0),
        (0, "1", "0", 0),
        (0, "2", "2", 0),
        (0, "1", "2", None),
    ],
)
def test_pages_of_socks(rows: int, number: str, size: str, expected: int | None) -> None:
    page = socks.page([ROW] * rows, number, size)
    assert (None if page is None else len(page)) == expected


def test_a_sock_has_its_tags_and_a_price_in_cents() -> None:
    sock = socks.sock(ROW)
    assert (sock["tag"], sock["price"], sock["imageUrl"]) == (["magic", "action"], 99.99, ["a", "b"])


@pytest.mark.parametrize("value", [float("inf"), 10**20, "abc", [1], {}])
def test_invalid_quantities_are_refused(value: Any) -> None:
    number = shop_modules.main_of("carts").number
    if value == {}:
        assert number({"quantity": value}, "quantity", 1) == 1
        return
    with pytest.raises(ValueError):
        number({"quantity": value}, "quantity", 1)


def test_item_keys_differ_by_cart() -> None:
    assert cart.item_key("a", "sock") == cart.item_key("a", "sock")
    assert len({cart.item_key("a", "sock"), cart.item_key("b", "sock"), cart.item_key("a", "socks")}) == 3


def test_passwords() -> None:
    hashed = passwords.hashed("eve")
    assert hashed.startswith("$argon2id$") and "eve" not in hashed
    assert passwords.matches(hashed, "eve")
    assert not passwords.matches(hashed, "Eve")


@pytest.mark.parametrize("hashed", [None, ""])
def test_nobody_logs_in_where_there_is_no_password(hashed: str | None) -> None:
    """The phrase is that of the dummy hash, which would log in to customers without a password."""
    assert not passwords.matches(hashed, "nobody has this password")
    assert not passwords.matches(hashed, "")


def test_cards_are_stored_and_shown_masked() -> None:
    card = {"longNum": "5544154011345918", "expires": "08/19", "ccv": "958"}
    masked = {"longNum": "************5918", "expires": "08/19", "ccv": ""}
    assert people.kept("cards", card) == masked
    response = people.hal("cards", {"_id": "c1", **card})
    assert {name: response[name] for name in masked} == masked
    assert response["_links"]["self"]["href"] == "http://user/cards/c1"


def test_customers_never_show_password_or_email() -> None:
    response = people.hal("customers", {"_id": "u1", "username": "u", "password": "hash", "email": "mail"})
    assert set(response) == {"firstName", "lastName", "username", "id", "_links"}
    assert response["_links"]["cards"]["href"] == "http://user/customers/u1/cards"


def test_an_order_is_stored_and_shown() -> None:
    parts = {
        "customer": {"username": "u", "_links": {"self": {"href": "http://user/customers/57a9"}}},
        "address": {"city": "Ghent", "id": "a1"},
        "card": {"longNum": "5544154011345918", "ccv": "958"},
    }
    items = [{"id": "i1", "itemId": "s1", "quantity": 3, "unitPrice": 18.0}]
    document = {"_id": "o1", **order.new_order(parts, items, {"id": "x", "name": "57a9"})}
    assert (document["customerId"], document["total"]) == ("57a9", 58.99)
    assert (document["card"]["longNum"], document["card"]["ccv"]) == ("************5918", "")
    assert order.shown(document)["date"].endswith("+0000")
    hal = order.hal(document)
    assert hal["_links"]["self"]["href"] == "http://orders/orders/o1"
    assert all("id" not in part for part in (hal, hal["customer"], hal["address"], hal["items"][0], hal["shipment"]))
