"""The words of a command line, as mattn/go-shellwords splits it, which Compose uses."""

from __future__ import annotations

from .faults import Fault, shown

_SEPARATORS = ";&|<>"


def split_words(line: str) -> list[str]:
    """Return the words of ``line``; it ends where a shell's next command would begin. Raises ``Fault``."""
    words: list[str] = []
    word: list[str] = []
    # What the word is made of: nothing yet, or something, be it empty quotes.
    begun = escaped = single = double = back = dollar = False
    for char in line:
        if escaped:
            word.append(char)
            escaped, begun = False, True
        elif char == "\\" and not single:
            escaped = True
        elif char in " \t\r\n" and char != "\\":
            if single or double or back or dollar:
                word.append(char)
            elif begun:
                words.append("".join(word))
                word, begun = [], False
        elif char == '"' and not single and not dollar:
            begun, double = begun or double, not double
        elif char == "'" and not double and not dollar:
            begun, single = begun or single, not single
        elif char in _SEPARATORS and not (single or double or back or dollar):
            if char == ">" and word and "0" <= word[0][0] <= "9":
                begun = False
            break
        else:
            if char == "`" and not (single or double or dollar):
                back = not back
            elif char == ")" and not (single or double or back):
                dollar = not dollar
            elif char == "(" and not (single or double or back):
                if dollar or not (word and word[-1] == "$"):
                    raise Fault(shown(line), "a command line whose parentheses are in quotes, or a list of words")
                dollar = True
                word.append(char)
                continue
            begun = True
            word.append(char)
    if begun:
        words.append("".join(word))
    if escaped or single or double or back or dollar:
        raise Fault(shown(line), "a command line whose quotes and parentheses are closed, or a list of words")
    return words
