"""Variables in a text, as the Compose Specification has them (its section "Interpolation") and compose-go reads them."""

from __future__ import annotations

import re
from collections.abc import Callable

from .faults import Fault, shown

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RULE = re.compile(r":?[-+?]")
MAX_NESTING = 50
MAX_CHARACTERS = 16 * 2**20
Lookup = Callable[[str], "str | None"]


class Template:
    """Replaces variables in texts by what ``lookup`` knows; calls ``unset`` with the name of each that has no value.

    All texts together may grow to ``MAX_CHARACTERS``, so that a few kilobytes cannot become gigabytes.
    """

    def __init__(self, lookup: Lookup, unset: Callable[[str], None]) -> None:
        self._lookup = lookup
        self._unset = unset
        self._left = MAX_CHARACTERS

    def fill(self, text: str) -> str:
        """Return ``text`` with its variables replaced. Raises ``Fault``."""
        return self._filled(text, 0) if "$" in text else text

    def _filled(self, text: str, nesting: int) -> str:
        if nesting > MAX_NESTING:
            raise Fault(f"defaults in defaults, more than {MAX_NESTING} deep", "${NAME:-default} with fewer levels")
        parts: list[str] = []
        position = 0
        while (dollar := text.find("$", position)) >= 0:
            self._append(parts, text[position:dollar])
            value, position = self._variable(text, dollar, nesting)
            self._append(parts, value)
        self._append(parts, text[position:])
        return "".join(parts)

    def _append(self, parts: list[str], text: str) -> None:
        self._left -= len(text)
        if self._left < 0:
            raise Fault(f"variables that expand to more than {MAX_CHARACTERS >> 20} MB", "shorter values")
        parts.append(text)

    def _variable(self, text: str, dollar: int, nesting: int) -> tuple[str, int]:
        """Return what stands for the dollar sign at ``dollar``, and where the text goes on."""
        start = dollar + 1
        if text.startswith("$", start):
            return "$", start + 1
        if not text.startswith("{", start):
            name = _NAME.match(text, start)
            # A dollar sign before anything else is one.
            return (self._plain(name[0]), name.end()) if name else ("$", start)
        name = _NAME.match(text, start + 1)
        if name and text.startswith("}", name.end()):
            return self._plain(name[0]), name.end() + 1
        rule = _RULE.match(text, name.end()) if name else None
        # The braces end on the line on which they begin.
        line_end = text.find("\n", start)
        last = text.rfind("}", start, len(text) if line_end < 0 else line_end)
        if not name or not rule or last < rule.end():
            allowed = "$NAME, ${NAME}, ${NAME:-default}, ${NAME:?message}, ${NAME:+other}; a dollar sign itself is $$"
            raise Fault(shown(text[dollar : dollar + 40]), allowed)
        closing = _closing_brace(text, dollar, last)
        return self._ruled(name[0], rule[0], text[rule.end() : closing], nesting), closing + 1

    def _plain(self, name: str) -> str:
        value = self._lookup(name)
        if value is None:
            self._unset(name)
        return value or ""

    def _ruled(self, name: str, rule: str, rest: str, nesting: int) -> str:
        # It is filled even where it is not used: a fault or an unset variable in it is one.
        rest = self._filled(rest, nesting + 1)
        value = self._lookup(name)
        is_set = value is not None and not (rule.startswith(":") and value == "")
        if rule.endswith("+"):
            return rest if is_set else value or ""
        if rule.endswith("-"):
            return value or "" if is_set else rest
        if not is_set:
            raise Fault(f"no value for the variable {name}", f"a value for it, in the environment or .env{rest and f' ({rest})'}")
        return value or ""


def _closing_brace(text: str, start: int, last: int) -> int:
    """Return where the braces close that open at ``start``; at the latest at ``last``.

    As in compose-go, what follows an opening brace at once does not count.
    """
    opened, position = 0, start
    while position <= last:
        if text[position] == "}":
            opened -= 1
            if opened == 0:
                return position
        elif text[position] == "{":
            opened += 1
            position += 1
        position += 1
    return last
