"""Validation of a file's content against the JSON schema of the Compose Specification.

Only the JSON Schema features that this schema uses are supported. Errors are worded for authors of Compose files, and of
several alternatives the one with the type of the value is reported.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from .faults import MAX_FAULTS, Place, describe

Schema = Mapping[str, Any]
Violation = tuple[Place, str, str]

_KINDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "an integer",
    "null": "nothing",
    "number": "a number",
    "object": "a mapping",
    "string": "a string",
}
_NAMES = {
    "^[a-zA-Z0-9._-]+$": "a name of the letters a to z and A to Z, digits, dots, hyphens and underscores",
    "^[a-z]+$": "a name of the letters a to z",
    ".+": "a non-empty name",
    "^.+$": "a non-empty name",
}
_PATTERNS = {
    "[a-zA-Z0-9][a-zA-Z0-9_.-]+": "a name of two or more letters, digits, dots, hyphens and underscores",
    "always|never|build|if_not_present|missing|refresh|daily|weekly|every_([0-9]+[wdhms])+": (
        "always, never, build, missing, refresh, daily, weekly, or every_ and a time such as every_12h"
    ),
}


MAX_NAMES = 20


class Validator:
    """Validates values against ``schema``, and stops after ``MAX_FAULTS`` violations."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._remaining = MAX_FAULTS

    def validate(self, value: object) -> list[Violation]:
        """Return the violations in a file's content: the place, what was found and what is allowed."""
        return self._validate(value, self._schema, ())

    def _validate(self, value: object, schema: Schema, place: Place) -> list[Violation]:
        schema = self._resolve(schema)
        if self._remaining <= 0:
            return []
        if "oneOf" in schema:
            return self._validate_alternatives(value, schema["oneOf"], place)
        if not self._has_kind(value, schema):
            return self._fault(place, describe(value), self._allowed(schema, value))
        if "enum" in schema and value not in schema["enum"]:
            return self._fault(place, describe(value), _one_of(value, schema["enum"]))
        if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
            return self._fault(
                place, describe(value), _PATTERNS.get(schema["pattern"], f"a string that matches {schema['pattern']}")
            )
        if isinstance(value, dict):
            return self._validate_mapping(value, schema, place)
        if isinstance(value, list):
            return self._validate_list(value, schema, place)
        if isinstance(value, int | float) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            limits = [f"{word} {schema[key]}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in schema]
            return self._fault(place, describe(value), f"a number {' '.join(limits)}")
        return []

    def _validate_alternatives(self, value: object, forms: list[Schema], place: Place) -> list[Violation]:
        candidates = [form for form in forms if self._has_kind(value, self._resolve(form))]
        if not candidates:
            return self._fault(place, describe(value), self._allowed({"oneOf": forms}, value))
        violations = [self._validate(value, form, place) for form in candidates]
        return min(violations, key=len)

    def _validate_mapping(self, value: dict[str, Any], schema: Schema, place: Place) -> list[Violation]:
        properties, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
        violations: list[Violation] = []
        for key, item in value.items():
            if self._remaining <= 0:
                break
            rule = properties.get(key) or next((rule for pattern, rule in patterns.items() if re.search(pattern, key)), None)
            if rule is not None:
                violations += self._validate(item, rule, (*place, key))
            elif schema.get("additionalProperties") is False:
                names = [_NAMES.get(pattern, pattern) for pattern in patterns if pattern != "^x-"]
                allowed = _one_of(key, sorted(properties)) if properties else " or ".join(names)
                kind = "the unknown key" if properties else "the name"
                violations += self._fault((*place, key), f"{kind} {describe(key)}", allowed)
        missing = " and ".join(key for key in schema.get("required", ()) if key not in value)
        return violations + (self._fault(place, f"a mapping without {missing}", f"a mapping with {missing}") if missing else [])

    def _validate_list(self, value: list[Any], schema: Schema, place: Place) -> list[Violation]:
        violations: list[Violation] = []
        for index, item in enumerate(value):
            violations += self._validate(item, schema.get("items", {}), (*place, index))
        return violations or (self._validate_unique(value, place) if schema.get("uniqueItems") else [])

    def _validate_unique(self, value: list[Any], place: Place) -> list[Violation]:
        first_indexes: dict[str, int] = {}
        for index, item in enumerate(value):
            first = first_indexes.setdefault(repr(item), index)
            if first != index:
                return self._fault((*place, index), f"{describe(item)}, a duplicate of [{first}]", "each item once")
        return []

    def _fault(self, place: Place, found: str, allowed: str) -> list[Violation]:
        self._remaining -= 1
        return [(place, found, allowed)]

    def _resolve(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            *_path, name = schema["$ref"].split("/")
            schema = self._schema["definitions"][name]
        return schema

    def _has_kind(self, value: object, schema: Schema) -> bool:
        if "oneOf" in schema:
            return any(self._has_kind(value, self._resolve(form)) for form in schema["oneOf"])
        return any(_is_kind(value, kind) for kind in _kinds(schema)) if "type" in schema else True

    def _allowed(self, schema: Schema, value: object) -> str:
        """Describe what a schema allows, with a hint for a string that lacks quotes."""
        kinds = list(dict.fromkeys(self._all_kinds(schema)))
        words = [_KINDS[kind] for kind in kinds if not (kind == "null" and len(kinds) > 1)]
        if not isinstance(value, str | dict | list) and value is not None and "string" in kinds:
            words[words.index("a string")] = "a quoted string"
        return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))

    def _all_kinds(self, schema: Schema) -> list[str]:
        if "oneOf" in schema:
            return [kind for form in schema["oneOf"] for kind in self._all_kinds(self._resolve(form))]
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
    names = [str(name) for name in allowed]
    close = difflib.get_close_matches(str(value), names, n=1)
    summary = "the keys of the Compose Specification, or an extension with the prefix x-"
    choices = ", ".join(names) if len(names) <= MAX_NAMES else summary
    return (f"{close[0]!r}, or another of " if close else "one of ") + choices


def remove_values(content: dict[str, Any], places: Iterable[Place]) -> None:
    """Remove the values at ``places`` to validate the rest; a list is removed as a whole to keep places valid."""
    for place in places:
        first_index = next((index for index, part in enumerate(place) if isinstance(part, int)), len(place))
        *path, last = place[:first_index] or ("",)
        parent: Any = content
        for part in path:
            parent = parent.get(part) if isinstance(parent, dict) else None
        if isinstance(parent, dict):
            parent.pop(last, None)
