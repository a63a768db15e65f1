"""A file's content against the JSON schema of the Compose Specification, with every fault at its place.

Of JSON Schema it knows what that schema uses. It says what may stand at a place in the words of a Compose file's author,
and of several forms of a value it judges the one that the value has.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from .faults import MAX_FAULTS, Place, shown

Schema = Mapping[str, Any]
Found = tuple[Place, str, str]

_KINDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "nothing",
    "number": "a number",
    "object": "a mapping",
    "string": "text",
}
_NAMES = {
    "^[a-zA-Z0-9._-]+$": "a name of the letters a to z and A to Z, digits, dots, hyphens and underscores",
    "^[a-z]+$": "a name of the letters a to z",
    ".+": "a name that is not empty",
    "^.+$": "a name that is not empty",
}
_PATTERNS = {
    "[a-zA-Z0-9][a-zA-Z0-9_.-]+": "a name of two or more letters, digits, dots, hyphens and underscores",
    "always|never|build|if_not_present|missing|refresh|daily|weekly|every_([0-9]+[wdhms])+": (
        "always, never, build, missing, refresh, daily, weekly, or every_ and a time such as every_12h"
    ),
}


MAX_NAMES = 20


class Validator:
    """Judges values by ``schema``; of a file with more than ``MAX_FAULTS`` it tells no more."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._left = MAX_FAULTS

    def faults(self, value: object) -> list[Found]:
        """Return the place, what was found and what is allowed, of every fault in a file's content."""
        return self._judge(value, self._schema, ())

    def _judge(self, value: object, schema: Schema, place: Place) -> list[Found]:
        schema = self._resolved(schema)
        if self._left <= 0:
            return []
        if "oneOf" in schema:
            return self._judge_forms(value, schema["oneOf"], place)
        if not self._has_kind(value, schema):
            return self._fault(place, shown(value), self._allowed(schema, value))
        if "enum" in schema and value not in schema["enum"]:
            return self._fault(place, shown(value), _one_of(value, schema["enum"]))
        if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
            return self._fault(place, shown(value), _PATTERNS.get(schema["pattern"], f"text that matches {schema['pattern']}"))
        if isinstance(value, dict):
            return self._judge_mapping(value, schema, place)
        if isinstance(value, list):
            return self._judge_list(value, schema, place)
        if isinstance(value, int | float) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            limits = [f"{word} {schema[key]}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in schema]
            return self._fault(place, shown(value), f"a number {' '.join(limits)}")
        return []

    def _judge_forms(self, value: object, forms: list[Schema], place: Place) -> list[Found]:
        fitting = [form for form in forms if self._has_kind(value, self._resolved(form))]
        if not fitting:
            return self._fault(place, shown(value), self._allowed({"oneOf": forms}, value))
        judged = [self._judge(value, form, place) for form in fitting]
        return min(judged, key=len)

    def _judge_mapping(self, value: dict[str, Any], schema: Schema, place: Place) -> list[Found]:
        properties, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
        found: list[Found] = []
        for key, item in value.items():
            if self._left <= 0:
                break
            rule = properties.get(key) or next((rule for pattern, rule in patterns.items() if re.search(pattern, key)), None)
            if rule is not None:
                found += self._judge(item, rule, (*place, key))
            elif schema.get("additionalProperties") is False:
                names = [_NAMES.get(pattern, pattern) for pattern in patterns if pattern != "^x-"]
                allowed = _one_of(key, sorted(properties)) if properties else " or ".join(names)
                kind = "the unknown key" if properties else "the name"
                found += self._fault((*place, key), f"{kind} {shown(key)}", allowed)
        missing = " and ".join(key for key in schema.get("required", ()) if key not in value)
        return found + (self._fault(place, f"a mapping without {missing}", f"{missing} in it") if missing else [])

    def _judge_list(self, value: list[Any], schema: Schema, place: Place) -> list[Found]:
        found: list[Found] = []
        for index, item in enumerate(value):
            found += self._judge(item, schema.get("items", {}), (*place, index))
        return found or (self._judge_repetition(value, place) if schema.get("uniqueItems") else [])

    def _judge_repetition(self, value: list[Any], place: Place) -> list[Found]:
        known: dict[str, int] = {}
        for index, item in enumerate(value):
            first = known.setdefault(repr(item), index)
            if first != index:
                return self._fault((*place, index), f"{shown(item)}, which stands at [{first}] too", "each item once")
        return []

    def _fault(self, place: Place, found: str, allowed: str) -> list[Found]:
        self._left -= 1
        return [(place, found, allowed)]

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            *_path, name = schema["$ref"].split("/")
            schema = self._schema["definitions"][name]
        return schema

    def _has_kind(self, value: object, schema: Schema) -> bool:
        if "oneOf" in schema:
            return any(self._has_kind(value, self._resolved(form)) for form in schema["oneOf"])
        return any(_is_kind(value, kind) for kind in _kinds(schema)) if "type" in schema else True

    def _allowed(self, schema: Schema, value: object) -> str:
        """Return what a schema allows in words, and the way out for what is text but for its quotes."""
        kinds = list(dict.fromkeys(self._all_kinds(schema)))
        words = [_KINDS[kind] for kind in kinds if not (kind == "null" and len(kinds) > 1)]
        if not isinstance(value, str | dict | list) and value is not None and "string" in kinds:
            words[words.index("text")] = "text in quotes"
        return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))

    def _all_kinds(self, schema: Schema) -> list[str]:
        if "oneOf" in schema:
            return [kind for form in schema["oneOf"] for kind in self._all_kinds(self._resolved(form))]
        return _kinds(schema)


def _kinds(schema: Schema) -> list[str]:
    kinds = schema.get("type", ())
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _is_kind(value: object, kind: str) -> bool:
    if isinstance(value, bool) or value is None:
        return kind == ("null" if value is None else "boolean")
    if kind == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    types: dict[str, type | tuple[type, ...]] = {"array": list, "number": (int, float), "object": dict, "string": str}
    return kind in types and isinstance(value, types[kind])


def _one_of(value: object, allowed: list[Any]) -> str:
    names = [str(each) for each in allowed]
    close = difflib.get_close_matches(str(value), names, n=1)
    every = "the keys of the Compose Specification, or x- and a name of your own"
    others = ", ".join(names) if len(names) <= MAX_NAMES else every
    return (f"{close[0]!r}, or another of " if close else "one of ") + others


def without(content: dict[str, Any], places: Iterable[Place]) -> None:
    """Take away what stands at ``places``, so that the rest can be judged further: of a list all, so that places stay."""
    for place in places:
        first_index = next((index for index, part in enumerate(place) if isinstance(part, int)), len(place))
        *path, last = place[:first_index] or ("",)
        parent: Any = content
        for part in path:
            parent = parent.get(part) if isinstance(parent, dict) else None
        if isinstance(parent, dict):
            parent.pop(last, None)
