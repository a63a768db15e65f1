"""The words of a command line, as mattn/go-shellwords splits it, which Compose uses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .faults import Fault, shown

_SPACE = " \t\r\n"
_SEPARATORS = ";&|<>"


def split_words(line: str) -> list[str]:
    """Return the words of ``line``; it ends where a shell's next command would begin. Raises ``Fault``."""
    words = _Words()
    for char in line:
        if not words.take(char):
            break
    words.end_word()
    if words.is_open:
        raise Fault(shown(line), "a command line whose quotes and parentheses are closed, or a list of words")
    return words.found


@dataclass
class _Words:
    """The words so far; ``quote`` is what has been opened, a quote or the parenthesis of ``$(``, maybe within backticks."""

    found: list[str] = field(default_factory=list)
    word: list[str] | None = None
    quote: str = ""
    in_backticks: bool = False
    is_escaped: bool = False

    @property
    def is_open(self) -> bool:
        return bool(self.quote) or self.in_backticks or self.is_escaped

    def take(self, char: str) -> bool:
        """Take the next character, and return whether more are wanted."""
        if self.is_escaped or (char in _SPACE and self.is_open):
            self.is_escaped = False
            self._add(char)
        elif char == "\\" and self.quote != "'":
            self.is_escaped = True
        elif char in _SPACE:
            self.end_word()
        elif char in "\"'" and self.quote in ("", char):
            self.quote = "" if self.quote else char
            self._add("")
        elif char in _SEPARATORS and not self.is_open:
            # The number before a redirection is a part of it.
            if char == ">" and re.match("[0-9]", "".join(self.word or ())):
                self.word = None
            return False
        else:
            self._nest(char)
            self._add(char)
        return True

    def end_word(self) -> None:
        """Add the word that has been begun, be it an empty one in quotes."""
        if self.word is not None:
            self.found.append("".join(self.word))
        self.word = None

    def _add(self, char: str) -> None:
        if self.word is None:
            self.word = []
        self.word.append(char)

    def _nest(self, char: str) -> None:
        if char == "`" and not self.quote:
            self.in_backticks = not self.in_backticks
        elif char == ")" and self.quote in ("", "(") and not self.in_backticks:
            self.quote = "" if self.quote else "("
        elif char == "(" and self.quote in ("", "(") and not self.in_backticks:
            text = "".join(self.word or ())
            if self.quote or not text.endswith("$"):
                raise Fault(shown(text + char), "a command line whose parentheses are in quotes, or a list of words")
            self.quote = "("
