"""The YAML of Compose files as go-yaml reads it, which Compose uses, within bounds of depth and size.

PyYAML follows YAML 1.1, lets the last of two equal keys and of two merged mappings win, and expands what a file's author
wants expanded, be it all of the memory. So it only finds the tokens here.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from ..module_utils.compose.project.document import Document
from ..module_utils.compose.project.environment import read_text
from ..module_utils.model.errors import ModelError, Problem

MAX_DEPTH = 100
MAX_VALUES = 100_000

_PREFIX = "tag:yaml.org,2002:"
_CONSTANTS: dict[str, Any] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_FRACTION = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?")
_DATE = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?:[Tt]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:\.[0-9]*)?(?:Z|[-+][0-9]{2}:[0-9]{2}))"
    r"| ([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:\.[0-9]*)?)?"
)
_KINDS = {"str": str, "int": int, "float": float, "bool": bool, "null": type(None), "timestamp": datetime.date}


@dataclass(slots=True)
class _Node:
    """A value as it is written: a text, or the ``items`` of a list, or of a mapping, its keys and values by turns."""

    line: int
    tag: str
    text: str | None = None
    items: list[_Node] = field(default_factory=list)
    is_mapping: bool = False
    is_plain: bool = False

    @property
    def is_merge(self) -> bool:
        return self.text == "<<" and self.is_plain and self.tag in ("", "!", "merge")


class _Refused(ValueError):
    def __init__(self, line: int, found: str, allowed: str) -> None:
        super().__init__(found)
        self.problem = Problem(f"line {line}", found, allowed)


def read_documents(path: str) -> list[Document]:
    """Return the documents of the YAML file at ``path``. Raises ``ModelError``."""
    text = read_text(path)
    try:
        return [_Values().document(root) for root in _Composer(text).roots]
    except _Refused as refused:
        raise ModelError(path, [refused.problem]) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}" if mark else "(file)"
        found = ", ".join(part for part in (error.context, error.problem) if part)
        raise ModelError(path, [Problem(place, found, "well-formed YAML")]) from None
    except yaml.YAMLError as error:
        raise ModelError(path, [Problem("(file)", " ".join(str(error).split()), "well-formed YAML")]) from None


class _Composer:
    """Makes nodes of a text's tokens; a node that is anchored stands wherever it is referred to."""

    def __init__(self, text: str) -> None:
        self.roots: list[_Node] = []
        self._anchors: dict[str, _Node] = {}
        # Nodes that are open, from the outermost on.
        self._open: list[_Node] = []
        self._left = MAX_VALUES
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        for event in yaml.parse(text, Loader=loader):
            self._take(event)

    def _take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.DocumentStartEvent):
            self._anchors = {}
        elif isinstance(event, yaml.AliasEvent):
            node = self._anchors.get(str(event.anchor))
            if node is None:
                raise _Refused(line, f"the alias *{event.anchor}", f"an alias of something before it: &{event.anchor}")
            if any(node is each for each in self._open):
                raise _Refused(line, f"the alias *{event.anchor} inside of what it stands for", "an alias behind it")
            self._add(node)
        elif isinstance(event, yaml.ScalarEvent):
            self._anchored(_Node(line, _short(event.tag), event.value, is_plain=not event.style), event.anchor)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            node = _Node(line, _short(event.tag), is_mapping=isinstance(event, yaml.MappingStartEvent))
            self._anchored(node, event.anchor)
            self._open.append(node)
            if len(self._open) > MAX_DEPTH:
                raise _Refused(line, f"more than {MAX_DEPTH} levels of lists and mappings", "fewer levels")
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            node = self._open.pop()
            if node.is_mapping:
                _refuse_repeated_keys(node)

    def _anchored(self, node: _Node, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = node
        self._add(node)

    def _add(self, node: _Node) -> None:
        self._left -= 1
        if self._left < 0:
            raise _Refused(node.line, f"more than {MAX_VALUES} keys and values", "a smaller file")
        (self._open[-1].items if self._open else self.roots).append(node)


def _short(tag: str | None) -> str:
    return (tag or "").removeprefix(_PREFIX)


def _refuse_repeated_keys(node: _Node) -> None:
    seen: dict[str, _Node] = {}
    for key in node.items[::2]:
        first = seen.setdefault(key.text or "", key)
        if first is not key:
            raise _Refused(key.line, f"the key {key.text!r}, which stands at line {first.line} too", "each key of a mapping once")


class _Values:
    """Makes a document's values of its nodes, anew wherever an alias stands."""

    def __init__(self) -> None:
        self._left = MAX_VALUES
        self._resets: dict[tuple[str, ...], None] = {}
        self._removed: set[int] = set()

    def document(self, root: _Node) -> Document:
        content = self._value(root, (), 0, within_override=False)
        return Document(content, tuple(self._resets))

    def _value(self, node: _Node, path: tuple[str, ...], depth: int, *, within_override: bool) -> Any:
        self._left -= 1
        if self._left < 0:
            raise _Refused(node.line, f"aliases that expand to more than {MAX_VALUES} values", "fewer aliases of aliases")
        if depth > MAX_DEPTH:
            raise _Refused(node.line, f"aliases that expand to more than {MAX_DEPTH} levels", "fewer levels")
        if node.tag == "!override" and not within_override:
            self._resets[path] = None
            within_override = True
        if node.text is not None:
            return _scalar(node)
        if node.is_mapping:
            return self._mapping(node, path, depth, within_override)
        items = [(str(index), item) for index, item in enumerate(node.items)]
        kept = [(index, item) for index, item in items if within_override or not self._is_reset(item, (*path, index))]
        return [self._value(item, (*path, index), depth + 1, within_override=within_override) for index, item in kept]

    def _is_reset(self, node: _Node, path: tuple[str, ...]) -> bool:
        """Record a node with the tag ``!reset`` where it is written; where an alias stands it is just not there."""
        if node.tag == "!reset" and id(node) not in self._removed:
            self._removed.add(id(node))
            self._resets[path] = None
        return node.tag == "!reset"

    def _mapping(self, node: _Node, path: tuple[str, ...], depth: int, within_override: bool) -> dict[str, Any]:
        values: dict[str, Any] = {}
        merged: list[_Node] = []
        for key, item in zip(node.items[::2], node.items[1::2], strict=True):
            if key.is_merge:
                merged += _merged_nodes(item)
                continue
            name = _scalar(key) if key.text is not None else None
            if not isinstance(name, str):
                raise _Refused(key.line, f"a key that is no text: {key.text or 'a list or a mapping'}", "the key in quotes")
            if within_override or not self._is_reset(item, (*path, name)):
                values[name] = self._value(item, (*path, name), depth + 1, within_override=within_override)
        for each in merged:
            for name, value in self._value(each, path, depth + 1, within_override=within_override).items():
                values.setdefault(name, value)
        return values


def _merged_nodes(node: _Node) -> list[_Node]:
    nodes = [node] if node.text is not None or node.is_mapping else node.items
    if not all(each.is_mapping for each in nodes):
        raise _Refused(node.line, "something else than a mapping behind <<", "an alias of a mapping, or a list of such")
    return nodes


def _scalar(node: _Node) -> Any:
    text = node.text or ""
    if node.tag == "binary":
        try:
            return base64.b64decode(text, validate=False).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise _Refused(node.line, "binary data that is no base64 of text", "base64, or plain text") from None
    if node.tag == "str" or (not node.is_plain and node.tag in ("", "!")) or node.tag not in ("", "!", *_KINDS):
        return text
    value = _resolved(text)
    if node.tag == "float" and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if node.tag in _KINDS and not isinstance(value, _KINDS[node.tag]):
        raise _Refused(node.line, f"{text!r} with the tag !!{node.tag}", f"a value that is a {node.tag}")
    return value


def _resolved(text: str) -> Any:
    """Return the value of a text without quotes: YAML 1.2's, but for numbers, which are Go's."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text.startswith("."):
        return float(text.replace("_", "")) if _FRACTION.fullmatch(text) else text
    if text[0] not in "+-0123456789":
        return text
    date = _date(text)
    if date:
        return date
    plain = text.replace("_", "")
    integer = _INTEGER.fullmatch(plain) if len(plain) < 70 else None
    if integer:
        sign, *digits = integer.groups()
        base, number = next((base, each) for base, each in zip((16, 2, 8, 10), digits, strict=True) if each)
        value = int(sign + number, base)
        if -(2**63) <= value < (2**63 if sign else 2**64):
            return value
    if _FLOAT.fullmatch(plain) and math.isfinite(float(plain)):
        return float(plain)
    return text


def _date(text: str) -> datetime.datetime | None:
    match = _DATE.fullmatch(text)
    if not match:
        return None
    year, month, day, *times = match.groups("0")
    hour, minute, second = (int(one) + int(other) for one, other in zip(times[:3], times[3:], strict=True))
    try:
        return datetime.datetime(int(year), int(month), int(day), hour, minute, second)
    except ValueError:
        return None
