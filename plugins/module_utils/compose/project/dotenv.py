"""Environment files, ``.env`` and ``env_file``, as compose-go reads them."""

from __future__ import annotations

import re
from collections.abc import Callable

from .faults import Fault, shown
from .template import Lookup, Template

_SPACE = "\t\v\f\r \x85\xa0"
_EXPORT = re.compile(r"export\s+", re.ASCII)
_ESCAPE = re.compile(r'\\(?:[abcfnrtv$"\\]|0[0-9]{0,3})')
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"', "$": "$$"}


class EnvironmentFile:
    """The text of an environment file, read from its beginning to its end."""

    def __init__(self, text: str, known: dict[str, str], lookup: Lookup, unset: Callable[[str], None]) -> None:
        self._text = text.removeprefix("\ufeff")
        self._position = 0
        self._known = known
        self._lookup = lookup
        self._template = Template(self._value_of, unset)

    def read(self) -> None:
        """Add the file's variables to those ``known``; what ``lookup`` finds wins in what they refer to. Raises ``Fault``."""
        while self._skip_to_statement():
            name, has_value = self._name()
            if has_value:
                self._known[name] = self._value()
            elif (value := self._lookup(name)) is not None:
                self._known[name] = value

    @property
    def line(self) -> int:
        """The line, counted from 1, that is being read."""
        return self._text.count("\n", 0, self._position) + 1

    def _value_of(self, name: str) -> str | None:
        value = self._lookup(name)
        return self._known.get(name) if value is None else value

    def _skip_to_statement(self) -> bool:
        text = self._text
        while self._position < len(text):
            if text[self._position] == "#":
                end = text.find("\n", self._position)
                self._position = len(text) if end < 0 else end
            elif text[self._position].isspace():
                self._position += 1
            else:
                return True
        return False

    def _name(self) -> tuple[str, bool]:
        """Return the name at the position, and whether a value follows it."""
        text = self._text
        export = _EXPORT.match(text, self._position)
        start = export.end() if export else self._position
        end = start
        while end < len(text) and text[end] not in "=:\n":
            char = text[end]
            if char not in _SPACE and char not in "_.-[]" and not char.isalpha() and not char.isnumeric():
                raise Fault(f"{char!r} in {shown(text[start:].partition(chr(10))[0])}", "NAME=value, or a # comment")
            end += 1
        name = text[start:end].rstrip()
        if " " in name:
            raise Fault(shown(name), "a name without spaces")
        self._position = min(end + 1, len(text))
        while self._position < len(text) and text[self._position] in _SPACE:
            self._position += 1
        return name, text[end : end + 1] not in ("", "\n")

    def _value(self) -> str:
        text, start = self._text, self._position
        if text[start : start + 1] not in ('"', "'"):
            end = text.find("\n", start)
            end = len(text) if end < 0 else end
            value = self._template.fill(text[start:end].partition(" #")[0].rstrip())
            self._position = min(end + 1, len(text))
            return value
        quote = text[start]
        end = start + 1
        parts: list[str] = []
        while end < len(text) and text[end] != quote:
            if text[end] == "\\":
                # Of a backslash before the quote only the quote stays; any other is kept for now.
                escaped = text[end + 1 : end + 2]
                parts.append(escaped if escaped == quote else f"\\{escaped}")
                end += 2
            else:
                parts.append(text[end])
                end += 1
        if end >= len(text):
            raise Fault(shown(text[start:].partition("\n")[0]), f"a value that ends with {quote}")
        value = "".join(parts)
        if quote == '"':
            value = self._template.fill(_ESCAPE.sub(_unescaped, value))
        self._position = end + 1
        return value


def _unescaped(match: re.Match[str]) -> str:
    escape = match[0][1:]
    if escape in _ESCAPED:
        return _ESCAPED[escape]
    digits = escape[1:]
    if not escape.startswith("0"):
        return match[0]
    # Go's octal escapes have three digits, up to 255; of any other compose-go leaves out the zero.
    return chr(int(digits, 8)) if re.fullmatch("[0-3][0-7]{2}", digits) else f"\\{digits}"
