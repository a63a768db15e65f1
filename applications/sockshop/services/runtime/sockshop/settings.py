"""Settings from the environment. A bad one ends the start with a line that names it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn


@dataclass(frozen=True)
class Settings:
    """``fail_percent`` and ``slow_percent`` are shares of requests; ``slow_seconds`` is how much later slow ones are answered.

    ``spans_url`` is where spans go, empty for nowhere.
    """

    port: int
    version: str
    fail_percent: float
    slow_percent: float
    slow_seconds: float
    spans_url: str


def read_settings() -> Settings:
    """Return the settings that every service has. ``PORT`` is one that an image states."""
    return Settings(
        port=int(number("PORT", 80, 1, 65535)),
        version=text("VERSION", "0"),
        fail_percent=number("FAIL_PERCENT", 0, 0, 100),
        slow_percent=number("SLOW_PERCENT", 0, 0, 100),
        slow_seconds=number("SLOW_MS", 0, 0, 600_000) / 1000,
        spans_url=text("OTEL_EXPORTER_ZIPKIN_ENDPOINT", text("ZIPKIN", "")),
    )


def text(name: str, default: str) -> str:
    """Return a variable; an empty one counts as set."""
    return os.environ.get(name, default)


def number(name: str, default: float, low: float, high: float) -> float:
    """Return a number from ``low`` to ``high``, or end."""
    value = os.environ.get(name) or str(default)
    try:
        found = float(value)
    except ValueError:
        found = low - 1
    if not low <= found <= high:
        end(f"{name}: found {value!r}; allowed: a number from {low:g} to {high:g}")
    return found


def secret(name: str, default: str) -> str:
    """Return the content of the file that ``<name>_FILE`` names, else the variable ``name``."""
    file = os.environ.get(f"{name}_FILE")
    if not file:
        return text(name, default)
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        end(f"{name}_FILE: found {file!r}, {error.strerror}; allowed: a file that can be read")


def end(message: str) -> NoReturn:
    """End with a message and status 2."""
    print(message, file=sys.stderr)
    raise SystemExit(2)
