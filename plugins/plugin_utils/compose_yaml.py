"""The YAML of Compose files as parsed by go-yaml, which Compose uses, with limits on depth and size.

PyYAML's constructors follow YAML 1.1, let the last of duplicate keys and merged mappings win, and expand aliases without a
limit. So only its parser is used.
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
    """A node: the text of a scalar, or the ``items`` of a list, or of a mapping as alternating keys and values."""

    line: int
    tag: str
    text: str | None = None
    items: list[_Node] = field(default_factory=list)
    is_mapping: bool = False
    is_plain: bool = False

    @property
    def is_merge(self) -> bool:
        return self.text == "<<" and self.is_plain and self.tag in ("", "!", "merge")


class _InvalidYAML(ValueError):
    def __init__(self, line: int, found: str, allowed: str) -> None:
        super().__init__(found)
        self.problem = Problem(f"line {line}", found, allowed)


def read_documents(path: str) -> list[Document]:
    """Return the documents of the YAML file at ``path``. Raises ``ModelError``."""
    text = read_text(path)
    try:
        return [_Constructor().document(root) for root in _Composer(text).roots]
    except _InvalidYAML as error:
        raise ModelError(path, [error.problem]) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}" if mark else "(file)"
        found = ", ".join(part for part in (error.context, error.problem) if part)
        raise ModelError(path, [Problem(place, found, "well-formed YAML")]) from None
    except yaml.YAMLError as error:
        raise ModelError(path, [Problem("(file)", " ".join(str(error).split()), "well-formed YAML")]) from None


class _Composer:
    """Composes nodes from the events of a text; an alias refers to the node of its anchor."""

    def __init__(self, text: str) -> None:
        self.roots: list[_Node] = []
        self._anchors: dict[str, _Node] = {}
        # The unfinished collections, outermost first.
        self._open: list[_Node] = []
        self._remaining = MAX_VALUES
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        for event in yaml.parse(text, Loader=loader):
            self._handle(event)

    def _handle(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.DocumentStartEvent):
            self._anchors = {}
        elif isinstance(event, yaml.AliasEvent):
            node = self._anchors.get(str(event.anchor))
            if node is None:
                raise _InvalidYAML(line, f"the alias *{event.anchor}", f"an alias of an earlier anchor: &{event.anchor}")
            if any(node is parent for parent in self._open):
                raise _InvalidYAML(
                    line, f"the alias *{event.anchor} inside the node that it refers to", "an alias after that node"
                )
            self._add(node)
        elif isinstance(event, yaml.ScalarEvent):
            self._add_anchored(_Node(line, _short_tag(event.tag), event.value, is_plain=not event.style), event.anchor)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            node = _Node(line, _short_tag(event.tag), is_mapping=isinstance(event, yaml.MappingStartEvent))
            self._add_anchored(node, event.anchor)
            self._open.append(node)
            if len(self._open) > MAX_DEPTH:
                raise _InvalidYAML(line, f"more than {MAX_DEPTH} levels of lists and mappings", "fewer levels")
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            node = self._open.pop()
            if node.is_mapping:
                _check_duplicate_keys(node)

    def _add_anchored(self, node: _Node, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = node
        self._add(node)

    def _add(self, node: _Node) -> None:
        self._remaining -= 1
        if self._remaining < 0:
            raise _InvalidYAML(node.line, f"more than {MAX_VALUES} keys and values", "a smaller file")
        (self._open[-1].items if self._open else self.roots).append(node)


def _short_tag(tag: str | None) -> str:
    return (tag or "").removeprefix(_PREFIX)


def _check_duplicate_keys(node: _Node) -> None:
    first_nodes: dict[str, _Node] = {}
    for key in node.items[::2]:
        first = first_nodes.setdefault(key.text or "", key)
        if first is not key:
            raise _InvalidYAML(key.line, f"the key {key.text!r}, a duplicate of line {first.line}", "each key of a mapping once")


class _Constructor:
    """Constructs the values of a document; each alias yields a new copy."""

    def __init__(self) -> None:
        self._remaining = MAX_VALUES
        self._resets: dict[tuple[str, ...], None] = {}
        self._removed: set[int] = set()

    def document(self, root: _Node) -> Document:
        content = self._construct(root, (), 0, within_override=False)
        return Document(content, tuple(self._resets))

    def _construct(self, node: _Node, path: tuple[str, ...], depth: int, *, within_override: bool) -> Any:
        self._remaining -= 1
        if self._remaining < 0:
            raise _InvalidYAML(node.line, f"aliases that expand to more than {MAX_VALUES} values", "fewer aliases of aliases")
        if depth > MAX_DEPTH:
            raise _InvalidYAML(node.line, f"aliases that expand to more than {MAX_DEPTH} levels", "fewer levels")
        if node.tag == "!override" and not within_override:
            self._resets[path] = None
            within_override = True
        if node.text is not None:
            return _construct_scalar(node)
        if node.is_mapping:
            return self._construct_mapping(node, path, depth, within_override)
        items = [(str(index), item) for index, item in enumerate(node.items)]
        present = [(index, item) for index, item in items if within_override or not self._is_reset(item, (*path, index))]
        return [self._construct(item, (*path, index), depth + 1, within_override=within_override) for index, item in present]

    def _is_reset(self, node: _Node, path: tuple[str, ...]) -> bool:
        """Return whether a node is tagged ``!reset``, and record its first path; aliases of it are only omitted."""
        if node.tag == "!reset" and id(node) not in self._removed:
            self._removed.add(id(node))
            self._resets[path] = None
        return node.tag == "!reset"

    def _construct_mapping(self, node: _Node, path: tuple[str, ...], depth: int, within_override: bool) -> dict[str, Any]:
        values: dict[str, Any] = {}
        merged: list[_Node] = []
        for key, item in zip(node.items[::2], node.items[1::2], strict=True):
            if key.is_merge:
                merged += _merged_nodes(item)
                continue
            name = _construct_scalar(key) if key.text is not None else None
            if not isinstance(name, str):
                raise _InvalidYAML(key.line, f"a key that is not a string: {key.text or 'a list or a mapping'}", "a quoted key")
            if within_override or not self._is_reset(item, (*path, name)):
                values[name] = self._construct(item, (*path, name), depth + 1, within_override=within_override)
        for mapping in merged:
            for name, value in self._construct(mapping, path, depth + 1, within_override=within_override).items():
                values.setdefault(name, value)
        return values


def _merged_nodes(node: _Node) -> list[_Node]:
    nodes = [node] if node.text is not None or node.is_mapping else node.items
    if not all(item.is_mapping for item in nodes):
        raise _InvalidYAML(node.line, "a value of << that is not a mapping", "a mapping, or a list of mappings")
    return nodes


def _construct_scalar(node: _Node) -> Any:
    text = node.text or ""
    if node.tag == "binary":
        try:
            return base64.b64decode(text, validate=False).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise _InvalidYAML(node.line, "binary data that is not base64-encoded UTF-8", "base64, or a plain string") from None
    if node.tag == "str" or (not node.is_plain and node.tag in ("", "!")) or node.tag not in ("", "!", *_KINDS):
        return text
    value = _resolve_plain(text)
    if node.tag == "float" and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if node.tag in _KINDS and not isinstance(value, _KINDS[node.tag]):
        raise _InvalidYAML(node.line, f"{text!r} with the tag !!{node.tag}", f"a value of type {node.tag}")
    return value


def _resolve_plain(text: str) -> Any:
    """Resolve a plain scalar by the rules of YAML 1.2, but numbers by those of Go."""
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
        base, number = next((base, number) for base, number in zip((16, 2, 8, 10), digits, strict=True) if number)
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
    hour, minute, second = (int(zoned) + int(local) for zoned, local in zip(times[:3], times[3:], strict=True))
    try:
        return datetime.datetime(int(year), int(month), int(day), hour, minute, second)
    except ValueError:
        return None
