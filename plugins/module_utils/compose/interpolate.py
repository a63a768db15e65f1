"""Variable interpolation as the Compose Specification defines it (its section "Interpolation")."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .node import Node

_VARIABLE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<bare>[A-Za-z_]\w*)"
    r"|\{(?P<name>[A-Za-z_]\w*)(?:(?P<rule>:?[-?+])(?P<rest>(?:[^{}]|\{[^{}]*\})*))?\}|(?P<bad>))"
)


def interpolate(node: Node, variables: Mapping[str, str]) -> object:
    """Return the node's value with every ``$NAME`` and ``${NAME...}`` in its values replaced; keys stay as they are."""
    if isinstance(node.value, dict):
        return {key: interpolate(node.child(str(key), value), variables) for key, value in node.value.items()}
    if isinstance(node.value, list):
        return [interpolate(node.child(str(index), value), variables) for index, value in enumerate(node.value)]
    if isinstance(node.value, str) and "$" in node.value:
        return _substitute(node, node.value, variables)
    return node.value


def _substitute(node: Node, text: str, variables: Mapping[str, str]) -> str:
    def replacement(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        if match["bad"] is not None:
            node.fail("$NAME, ${NAME}, ${NAME:-default}, ${NAME:?message}, or $$ for a dollar sign")
            return ""
        name, rule = match["bare"] or match["name"], match["rule"] or ""
        value = variables.get(name)
        is_set = value is not None and (value != "" or not rule.startswith(":"))
        rest = match["rest"] or ""
        if rule.endswith("+"):
            return _substitute(node, rest, variables) if is_set else ""
        if is_set:
            return value or ""
        if rule.endswith("-"):
            return _substitute(node, rest, variables)
        if rule.endswith("?"):
            reason = _substitute(node, rest, variables) or "it is required"
            node.fail(f"a value for {name} ({reason})", actual=f"the unset variable {name}")
        return ""

    return _VARIABLE.sub(replacement, text)
