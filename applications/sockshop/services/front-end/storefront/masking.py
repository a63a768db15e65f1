"""Payment cards as a browser may see them."""

from __future__ import annotations

from typing import Any

SHOWN = 4


def last(number: Any) -> str:
    """Return a card number's last digits, or nothing of a number too short to hide any."""
    text = str(number or "")
    return text[-SHOWN:] if len(text) > SHOWN * 2 else ""


def card(content: Any) -> Any:
    """Return a card without its number's first digits and without its security code."""
    if not isinstance(content, dict):
        return content
    number = str(content.get("longNum") or "")
    shown = last(number)
    masked = {**content, "longNum": "*" * (len(number) - len(shown)) + shown}
    return {**masked, "ccv": "***"} if "ccv" in content else masked


def order(content: Any) -> Any:
    """Return an order with its card masked."""
    if not isinstance(content, dict) or "card" not in content:
        return content
    return {**content, "card": card(content["card"])}
