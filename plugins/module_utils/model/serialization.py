"""Dataclasses out of JSON: what is parsed once, on the controller, moves to the target host as data."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

_hints = cache(get_type_hints)


def built(kind: Any, value: Any) -> Any:
    """Return the ``kind``, dataclasses of scalars and tuples, that ``dataclasses.asdict`` made ``value`` of.

    A field that an older version did not know yet has its default.
    """
    if value is None:
        return None
    if get_origin(kind) in (Union, types.UnionType):
        return built(next(each for each in get_args(kind) if each is not types.NoneType), value)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        known = [each.name for each in fields(kind) if each.name in value]
        return kind(**{name: built(hints[name], value[name]) for name in known})
    if get_origin(kind) is Mapping:
        return {str(key): built(get_args(kind)[1], item) for key, item in value.items()}
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
        return tuple(built(each, item) for each, item in zip(kinds, value, strict=True))
    return kind(value)
