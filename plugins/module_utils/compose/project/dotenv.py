"""Environment files, ``.env`` and ``env_file``, as compose-go reads them."""

from __future__ import annotations

import re
from collections.abc import Callable

from .faults import Fault, describe
from .template import Lookup, Template

_SPACE = "\t\v\f\r \x85\xa0"
_EXPORT = re.compile(r"export\s+", re.ASCII)
_ESCAPE = re.compile(r'\\(?:[abcfnrtv$"\\]|0[0-9]{0,3})')
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"', "$": "$$"}


class EnvironmentFile:
    """A parser of the text of an environment file."""

    def __init__(self, text: str, variables: dict[str, str], lookup: Lookup, on_unset: Callable[[str], None]) -> None:
        self._text = text.removeprefix("\ufeff")
        self._position = 0
        self._variables = variables
        self._lookup = lookup
        self._template = Template(self._resolve, on_unset)

    def read(self) -> None:
        """Add the file's variables to ``variables``; ``lookup`` takes precedence in interpolation. Raises ``Fault``."""
        while self._skip_to_statement():
            name, has_value = self._read_name()
            if has_value:
                self._variables[name] = self._read_value()
            elif (value := self._lookup(name)) is not None:
                self._variables[name] = value

    @property
    def line(self) -> int:
        """The current line, counted from 1."""
        return self._text.count("\n", 0, self._position) + 1

    def _resolve(self, name: str) -> str | None:
        value = self._lookup(name)
        return self._variables.get(name) if value is None else value

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

    def _read_name(self) -> tuple[str, bool]:
        """Return the name at the current position, and whether a value follows it."""
        text = self._text
        export = _EXPORT.match(text, self._position)
        start = export.end() if export else self._position
        end = start
        while end < len(text) and text[end] not in "=:\n":
            char = text[end]
            if char not in _SPACE and char not in "_.-[]" and not char.isalpha() and not char.isnumeric():
                raise Fault(f"{char!r} in {describe(text[start:].partition(chr(10))[0])}", "NAME=value, or a # comment")
            end += 1
        name = text[start:end].rstrip()
        if " " in name:
            raise Fault(describe(name), "a name without spaces")
        self._position = min(end + 1, len(text))
        while self._position < len(text) and text[self._position] in _SPACE:
            self._position += 1
        return name, text[end : end + 1] not in ("", "\n")

    def _read_value(self) -> str:
        text, start = self._text, self._position
        if text[start : start + 1] not in ('"', "'"):
            end = text.find("\n", start)
            end = len(text) if end < 0 else end
            value = self._template.substitute(text[start:end].partition(" #")[0].rstrip())
            self._position = min(end + 1, len(text))
            return value
        quote = text[start]
        end = start + 1
        parts: list[str] = []
        while end < len(text) and text[end] != quote:
            if text[end] == "\\":
                # A backslash before the quote is dropped; other escapes are resolved below.
                escaped = text[end + 1 : end + 2]
                parts.append(escaped if escaped == quote else f"\\{escaped}")
                end += 2
            else:
                parts.append(text[end])
                end += 1
        if end >= len(text):
            raise Fault(describe(text[start:].partition("\n")[0]), f"a value that ends with {quote}")
        value = "".join(parts)
        if quote == '"':
            value = self._template.substitute(_ESCAPE.sub(_unescape, value))
        self._position = end + 1
        return value


def _unescape(match: re.Match[str]) -> str:
    escape = match[0][1:]
    if escape in _ESCAPED:
        return _ESCAPED[escape]
    digits = escape[1:]
    if not escape.startswith("0"):
        return match[0]
    # Go's octal escapes have three digits, up to 255; in others compose-go drops the zero.
    return chr(int(digits, 8)) if re.fullmatch("[0-3][0-7]{2}", digits) else f"\\{digits}"
