"""Card numbers as they may be kept and shown."""

from __future__ import annotations

_SHOWN = 4


def masked(number: str) -> str:
    """Return a card number with only its last four digits readable, and of one with no more than eight nothing."""
    shown = _SHOWN if len(number) > 2 * _SHOWN else 0
    return "*" * (len(number) - shown) + number[len(number) - shown :]
