"""A purchase in a real browser."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

SHOP = f"http://localhost:{os.environ.get('EDGE_HTTP_PORT', '80')}"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PICTURES = os.environ.get("SCREENSHOTS", "")


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
        browser.close()
        assert errors == []


def screenshot(page: Page, name: str) -> None:
    """Save a screenshot of the page, if a folder for them is configured."""
    if PICTURES:
        page.wait_for_load_state("networkidle")
        page.screenshot(path=Path(PICTURES, f"{name}.png"))


def test_a_visitor_registers_and_buys(page: Page) -> None:
    page.goto(f"{SHOP}/")
    expect(page.locator('[data-action="add-to-cart"]').first).to_be_visible()
    screenshot(page, "shop")
    page.goto(f"{SHOP}/category.html")
    page.locator('[data-action="add-to-cart"]').first.click()
    expect(page.locator("#cart-count")).to_have_text("1")

    page.goto(f"{SHOP}/register.html")
    form = page.locator("#register-form")
    form.locator('[name="username"]').fill(f"browser{secrets.token_hex(4)}")
    form.locator('[name="password"]').fill("a long password")
    form.locator('[name="firstName"]').fill("Ada")
    form.locator('[name="lastName"]').fill("Walker")
    form.locator('[name="email"]').fill("ada@example.org")
    form.locator('[type="submit"]').click()
    expect(page.locator("#logout")).to_be_visible()
    expect(page.locator("#cart-count")).to_have_text("1")

    page.goto(f"{SHOP}/basket.html")
    screenshot(page, "basket")
    page.locator("#to-checkout").click()
    form = page.locator("#address-form")
    address = {"number": "7", "street": "Elm Street", "city": "Ghent", "postcode": "9000", "country": "Belgium"}
    for field, value in address.items():
        form.locator(f'[name="{field}"]').fill(value)
    form.locator('[type="submit"]').click()
    page.locator("#continue").click()
    expect(page).to_have_url(re.compile("step=delivery"))
    page.locator("#continue").click()
    expect(page).to_have_url(re.compile("step=payment"))
    form = page.locator("#card-form")
    for field, value in (("longNum", "4111111111111111"), ("expires", "12/30"), ("ccv", "123")):
        form.locator(f'[name="{field}"]').fill(value)
    form.locator('[type="submit"]').click()
    page.locator("#continue").click()
    page.locator("#place-order").click()
    expect(page.locator("#thanks")).to_be_visible()

    page.goto(f"{SHOP}/customer-orders.html")
    expect(page.locator(".order-row")).to_have_count(1)
    screenshot(page, "orders")
    expect(page.locator("#cart-count")).to_have_text("0")
