"""Settings from the environment. An invalid one ends the process with a line that names it."""

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
        port=whole("PORT", 80, 1, 65535),
        version=text("VERSION", "0"),
        fail_percent=number("FAIL_PERCENT", 0, 0, 100),
        slow_percent=number("SLOW_PERCENT", 0, 0, 100),
        slow_seconds=number("SLOW_MS", 0, 0, 600_000) / 1000,
        spans_url=_spans_url(),
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
        end(name, value, f"a number from {low:g} to {high:g}")
    return found


def whole(name: str, default: int, low: int, high: int) -> int:
    """Return a whole number from ``low`` to ``high``, or end."""
    value = os.environ.get(name) or str(default)
    if not (value.isascii() and value.isdigit() and len(value) < 10 and low <= int(value) <= high):
        end(name, value, f"a whole number from {low} to {high}")
    return int(value)


def flag(name: str, default: bool) -> bool:
    """Return whether ``name`` is ``true``, or end where it is neither that nor ``false``."""
    value = os.environ.get(name) or str(default).lower()
    if value not in ("true", "false"):
        end(name, value, "true, false")
    return value == "true"


def address(name: str, default: str, port: int) -> tuple[str, int]:
    """Return the host and the port of ``name``, written ``host`` or ``host:port``, or end."""
    value = os.environ.get(name) or default
    host, colon, given = value.partition(":")
    fits = not colon or (given.isascii() and given.isdigit() and len(given) < 6 and 0 < int(given) < 65536)
    if not host or not fits or any(letter in value for letter in "/@, "):
        end(name, value, "host, host:port")
    return host, int(given) if colon else port


def secret(name: str, default: str) -> str:
    """Return the content of the file that ``<name>_FILE`` names, else the variable ``name``."""
    file = os.environ.get(f"{name}_FILE")
    if not file:
        return text(name, default)
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        end(f"{name}_FILE", file, f"a file of text that can be read ({getattr(error, 'strerror', None) or 'not UTF-8'})")


def folder(name: str, default: str) -> Path:
    """Return the folder that ``name`` names, or end where there is none."""
    value = os.environ.get(name) or default
    if not Path(value).is_dir():
        end(name, value, "a folder that is there")
    return Path(value)


def end(name: str, found: str, allowed: str) -> NoReturn:
    """End with status 2 and a line that says which variable is wrong, and how."""
    print(f"{name}: found {found!r}; allowed: {allowed}", file=sys.stderr)
    raise SystemExit(2)


def _spans_url() -> str:
    name = "OTEL_EXPORTER_ZIPKIN_ENDPOINT" if "OTEL_EXPORTER_ZIPKIN_ENDPOINT" in os.environ else "ZIPKIN"
    value = text(name, "")
    if value and not value.startswith(("http://", "https://")):
        end(name, value, "empty, or the whole URL to which spans are posted")
    return value
