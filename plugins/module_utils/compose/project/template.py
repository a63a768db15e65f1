"""Interpolation of a string, as in compose-go and the section "Interpolation" of the Compose Specification."""

from __future__ import annotations

import re
from collections.abc import Callable

from .faults import Fault, describe

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r":?[-+?]")
MAX_NESTING = 50
MAX_CHARACTERS = 16 * 2**20
Lookup = Callable[[str], "str | None"]


class Template:
    """Substitutes variables with the values of ``lookup``, and calls ``on_unset`` with the name of each unset one.

    The results are limited to ``MAX_CHARACTERS`` in total, so that a few kilobytes cannot expand to gigabytes.
    """

    def __init__(self, lookup: Lookup, on_unset: Callable[[str], None]) -> None:
        self._lookup = lookup
        self._on_unset = on_unset
        self._remaining = MAX_CHARACTERS

    def substitute(self, text: str) -> str:
        """Return ``text`` with its variables substituted. Raises ``Fault``."""
        return self._substitute(text, 0) if "$" in text else text

    def _substitute(self, text: str, nesting: int) -> str:
        if nesting > MAX_NESTING:
            raise Fault(f"defaults in defaults, more than {MAX_NESTING} deep", "fewer levels of ${NAME:-default}")
        parts: list[str] = []
        position = 0
        while (dollar := text.find("$", position)) >= 0:
            self._append(parts, text[position:dollar])
            value, position = self._variable(text, dollar, nesting)
            self._append(parts, value)
        self._append(parts, text[position:])
        return "".join(parts)

    def _append(self, parts: list[str], text: str) -> None:
        self._remaining -= len(text)
        if self._remaining < 0:
            raise Fault(f"variables that expand to more than {MAX_CHARACTERS >> 20} MB", "shorter values")
        parts.append(text)

    def _variable(self, text: str, dollar: int, nesting: int) -> tuple[str, int]:
        """Return the value of the variable at ``dollar``, and the position behind it."""
        start = dollar + 1
        if text.startswith("$", start):
            return "$", start + 1
        if not text.startswith("{", start):
            name = _NAME.match(text, start)
            # Any other dollar sign is literal.
            return (self._without_operator(name[0]), name.end()) if name else ("$", start)
        name = _NAME.match(text, start + 1)
        if name and text.startswith("}", name.end()):
            return self._without_operator(name[0]), name.end() + 1
        operator = _OPERATOR.match(text, name.end()) if name else None
        # Braces are closed on the line that opens them.
        line_end = text.find("\n", start)
        last = text.rfind("}", start, len(text) if line_end < 0 else line_end)
        if not name or not operator or last < operator.end():
            allowed = "$NAME, ${NAME}, ${NAME:-default}, ${NAME:?message}, ${NAME:+other}; $$ for a literal dollar sign"
            raise Fault(describe(text[dollar : dollar + 40]), allowed)
        closing = _closing_brace(text, dollar, last)
        return self._with_operator(name[0], operator[0], text[operator.end() : closing], nesting), closing + 1

    def _without_operator(self, name: str) -> str:
        value = self._lookup(name)
        if value is None:
            self._on_unset(name)
        return value or ""

    def _with_operator(self, name: str, operator: str, operand: str, nesting: int) -> str:
        # Substituted even if unused, so that faults and unset variables in it are reported.
        operand = self._substitute(operand, nesting + 1)
        value = self._lookup(name)
        is_set = value is not None and not (operator.startswith(":") and value == "")
        if operator.endswith("+"):
            return operand if is_set else value or ""
        if operator.endswith("-"):
            return value or "" if is_set else operand
        if not is_set:
            raise Fault(
                f"no value for the variable {name}", f"a value for it, in the environment or .env{operand and f' ({operand})'}"
            )
        return value or ""


def _closing_brace(text: str, start: int, last: int) -> int:
    """Return the position of the brace that closes the one at ``start``, at most ``last``.

    As in compose-go, the character right after an opening brace is skipped.
    """
    depth, position = 0, start
    while position <= last:
        if text[position] == "}":
            depth -= 1
            if depth == 0:
                return position
        elif text[position] == "{":
            depth += 1
            position += 1
        position += 1
    return last
