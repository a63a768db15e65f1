"""The options of the collection's public modules, validated according to their documentation."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

import yaml

from ..doc_fragments.application import ModuleDocFragment

_KEYS = ("type", "elements", "choices", "default", "required")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def argument_spec(module: str) -> dict[str, dict[str, Any]]:
    """Return the argument specification of the public module called ``module``."""
    package = __name__.rpartition(".plugin_utils")[0]
    documentation = _parse(import_module(f"{package}.modules.{module}").DOCUMENTATION)
    options = {**_parse(ModuleDocFragment.DOCUMENTATION)["options"], **(documentation.get("options") or {})}
    return {name: {key: option[key] for key in _KEYS if key in option} for name, option in options.items()}


def _parse(text: str) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.load(text, Loader=_LOADER)
    return parsed
