"""Byte values and durations as the Compose Specification writes them (its sections "Specifying durations" and
"Specifying byte values")."""

from __future__ import annotations

import re

BYTES = "a byte value such as 512M or 1gb"
DURATION = "a duration such as 500ms, 10s or 1m30s"

_BYTE_UNITS = {"": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "m": 1 << 20, "mb": 1 << 20, "g": 1 << 30, "gb": 1 << 30}
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(us|ms|s|m|h)")


def parse_bytes(text: str) -> int:
    """Return the bytes in ``text``. Raises ``ValueError``, also for 0."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", text.strip().lower())
    if not match or match[2] not in _BYTE_UNITS:
        raise ValueError(text)
    size = int(float(match[1]) * _BYTE_UNITS[match[2]])
    if size <= 0:
        raise ValueError(text)
    return size


def parse_duration(text: str) -> float:
    """Return the seconds in ``text``. Raises ``ValueError``."""
    text = text.strip()
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(text)
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
