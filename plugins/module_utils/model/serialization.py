"""Dataclasses from JSON: the controller parses the model once, and target hosts receive it as data."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

_hints = cache(get_type_hints)


def from_json(kind: Any, value: Any) -> Any:
    """Return a ``kind``, dataclasses of scalars and tuples, from the ``value`` that ``dataclasses.asdict`` made of it.

    Fields that an older version did not write have their defaults.
    """
    if value is None:
        return None
    if get_origin(kind) in (Union, types.UnionType):
        return from_json(next(option for option in get_args(kind) if option is not types.NoneType), value)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        names = [field.name for field in fields(kind) if field.name in value]
        return kind(**{name: from_json(hints[name], value[name]) for name in names})
    if get_origin(kind) is Mapping:
        return {str(key): from_json(get_args(kind)[1], item) for key, item in value.items()}
    if get_origin(kind) is tuple:
        arguments = get_args(kind)
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else arguments
        return tuple(from_json(item_kind, item) for item_kind, item in zip(kinds, value, strict=True))
    return kind(value)
