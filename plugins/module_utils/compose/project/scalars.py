"""Parsing and formatting of scalars as in Go's standard library and Docker's libraries, which Compose uses."""

from __future__ import annotations

import datetime
import math
import re
import struct
from decimal import Decimal

from .faults import Fault, describe

_INTEGER = re.compile(r"[-+]?[0-9]{1,19}")
_FLOAT = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_BYTES = re.compile(r"(.*[0-9.]) ?([a-zA-Z]*)")
_BINARY_UNITS = "kmgtp"
_DURATION_PART = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^0-9.]+)")
_NANOSECONDS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
    "d": 24 * 3600 * 10**9,
    "w": 168 * 3600 * 10**9,
}
_MAX_INT64 = 2**63 - 1
# The boolean words of YAML 1.1, accepted where a boolean is required.
_BOOLEANS = {"true": True, "y": True, "yes": True, "on": True, "false": False, "n": False, "no": False, "off": False}


def to_integer(text: str) -> int:
    """Parse a decimal 64-bit integer. Raises ``Fault``."""
    if _INTEGER.fullmatch(text) and -_MAX_INT64 - 1 <= int(text) <= _MAX_INT64:
        return int(text)
    raise Fault(describe(text), "an integer")


def to_float(text: str) -> float:
    """Parse a number. Raises ``Fault``."""
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    raise Fault(describe(text), "a number")


def to_boolean(text: str) -> bool:
    """Parse a boolean. Raises ``Fault``."""
    try:
        return _BOOLEANS[text.lower()]
    except KeyError:
        raise Fault(describe(text), "true or false") from None


def to_float32(value: float) -> float:
    """Round ``value`` to the shortest decimal with the same 32-bit float, as Go formats it. Raises ``Fault``."""
    try:
        nearest = struct.pack("f", value)
    except OverflowError:
        raise Fault(describe(value), "a number that fits a 32-bit float") from None
    return next(short for digits in range(1, 18) if struct.pack("f", short := float(f"{value:.{digits}g}")) == nearest)


def to_bytes(text: str) -> int:
    """Parse a size in bytes, such as ``512m`` or ``1.5 GiB``, as docker/go-units reads it. Raises ``Fault``."""
    match = _BYTES.fullmatch(text)
    unit = match[2].lower() if match else ""
    if not match or not _FLOAT.fullmatch(match[1]) or match[1].startswith("-"):
        raise Fault(describe(text), "a size such as 512m or 1.5g")
    if not re.fullmatch("b?|[kmgtp](b|ib)?", unit):
        raise Fault(describe(text), "a size with one of the units b, k, m, g, t, p")
    scale = _BINARY_UNITS.find(unit[:1]) + 1 if unit else 0
    size = float(match[1]) * 1024**scale
    if size > _MAX_INT64:
        raise Fault(describe(text), "a size below 8 EiB")
    return int(size)


def to_duration(text: str) -> int:
    """Parse a duration to nanoseconds, such as ``1m30s`` or ``1.5d``, as go-str2duration reads it. Raises ``Fault``."""
    allowed = "a duration such as 500ms, 10s or 1h30m"
    unsigned = text.removeprefix("-") if text.startswith("-") else text.removeprefix("+")
    if unsigned == "0":
        return 0
    total, position = 0, 0
    for part in _DURATION_PART.finditer(unsigned):
        if part.start() != position:
            break
        whole, fraction, unit = part[1], part[2] or "", part[3]
        if unit not in _NANOSECONDS or not (whole or fraction) or len(whole) > 19:
            raise Fault(describe(text), allowed)
        total += int(whole or 0) * _NANOSECONDS[unit]
        if fraction:
            # Compose ignores digits that do not fit 64 bits.
            digits = fraction[:18]
            total += int(float(int(digits)) * (_NANOSECONDS[unit] / 10.0 ** len(digits)))
        position = part.end()
    if not unsigned or position != len(unsigned):
        found = f"{text!r}, a number without a unit" if _FLOAT.fullmatch(unsigned) else describe(text)
        raise Fault(found, allowed)
    if total > _MAX_INT64:
        raise Fault(describe(text), "a duration below 292 years")
    return -total if text.startswith("-") else total


def format_duration(nanoseconds: int) -> str:
    """Format a duration as Go does: ``1m30s``, ``1.5s``, ``0s``."""
    sign, rest = "-" if nanoseconds < 0 else "", abs(nanoseconds)
    if rest == 0:
        return "0s"
    if rest < 10**9:
        unit = next(unit for unit in ("ms", "µs", "ns") if rest >= _NANOSECONDS[unit])
        return f"{sign}{_decimal(rest, _NANOSECONDS[unit])}{unit}"
    hours, rest = divmod(rest, _NANOSECONDS["h"])
    minutes, rest = divmod(rest, _NANOSECONDS["m"])
    text = f"{_decimal(rest, 10**9)}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return f"{sign}{hours}h{text}" if hours else sign + text


def _decimal(value: int, unit: int) -> str:
    return f"{(Decimal(value) / unit).normalize():f}"


def format_scalar(value: object) -> str:
    """Format a scalar like Go's ``fmt.Sprint``: ``true``, ``1e+06``, ``0.1``."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _format_float(value)
    if isinstance(value, datetime.date):
        return f"{value:%Y-%m-%d %H:%M:%S} +0000 UTC"
    return str(value)


def _format_float(value: float) -> str:
    """Format a number like Go's verb ``%v``, with an exponent below -4 or above 5."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{value:+}".replace("inf", "Inf")
    minus, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text, leading, sign = "".join(map(str, digits)), len(digits) + int(exponent) - 1, "-" * minus
    if not value or -4 <= leading < 6:
        return f"{Decimal(repr(value)).normalize():f}"
    fraction = f".{text[1:]}" if len(text) > 1 else ""
    return f"{sign}{text[0]}{fraction}e{'-' if leading < 0 else '+'}{abs(leading):02}"
