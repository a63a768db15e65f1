"""Splitting of command lines like mattn/go-shellwords, which Compose uses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .faults import Fault, describe

_SPACE = " \t\r\n"
_SEPARATORS = ";&|<>"


def split_words(line: str) -> list[str]:
    """Return the words of the first command in ``line``. Raises ``Fault``."""
    parser = _Parser()
    for char in line:
        if not parser.feed(char):
            break
    parser.end_word()
    if parser.is_open:
        raise Fault(describe(line), "a command line with closed quotes and parentheses, or a list of words")
    return parser.words


@dataclass
class _Parser:
    """The words so far; ``quote`` is the open quote, or the parenthesis of ``$(``."""

    words: list[str] = field(default_factory=list)
    word: list[str] | None = None
    quote: str = ""
    in_backticks: bool = False
    is_escaped: bool = False

    @property
    def is_open(self) -> bool:
        return bool(self.quote) or self.in_backticks or self.is_escaped

    def feed(self, char: str) -> bool:
        """Process a character, and return whether the command continues."""
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
            # A number before a redirection belongs to it.
            if char == ">" and re.match("[0-9]", "".join(self.word or ())):
                self.word = None
            return False
        else:
            self._track_nesting(char)
            self._add(char)
        return True

    def end_word(self) -> None:
        """Add the current word, which is empty if it is an empty pair of quotes."""
        if self.word is not None:
            self.words.append("".join(self.word))
        self.word = None

    def _add(self, char: str) -> None:
        if self.word is None:
            self.word = []
        self.word.append(char)

    def _track_nesting(self, char: str) -> None:
        if char == "`" and not self.quote:
            self.in_backticks = not self.in_backticks
        elif char == ")" and self.quote in ("", "(") and not self.in_backticks:
            self.quote = "" if self.quote else "("
        elif char == "(" and self.quote in ("", "(") and not self.in_backticks:
            text = "".join(self.word or ())
            if self.quote or not text.endswith("$"):
                raise Fault(describe(text + char), "a command line with parentheses in quotes, or a list of words")
            self.quote = "("
