"""JSON into the dataclasses of framehouse.shapes."""

from __future__ import annotations

import types
import typing
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, TypeVar

from framehouse.errors import UnreadableAnswer
from framehouse.shapes import Shape

T = TypeVar("T")


def read(kind: type[T], data: object) -> T:
    """JSON as one `kind`. Raises UnreadableAnswer where it is no object."""
    if not isinstance(data, dict):
        raise UnreadableAnswer(f"expected a {kind.__name__}, not {data!r:.100}")
    hints = _hints(typing.cast(Any, kind))  # mypy: type[T] is not Hashable to it
    values = {one.name: _value(hints[one.name], data.get(one.name)) for one in fields(kind) if one.name != "raw"}  # type: ignore[arg-type]
    return kind(**values, raw=data) if issubclass(kind, Shape) else kind(**values)


def _value(hint: Any, value: Any) -> Any:
    if typing.get_origin(hint) is types.UnionType:
        hint = next(one for one in typing.get_args(hint) if one is not type(None))
    if typing.get_origin(hint) is tuple:
        return tuple(_value(typing.get_args(hint)[0], one) for one in value or ())
    if value is None:
        return None
    try:
        if hint is datetime:
            return datetime.fromisoformat(value)
        if hint is Decimal:
            return Decimal(_text(value))
    except (TypeError, ValueError, InvalidOperation) as error:
        raise UnreadableAnswer(f"{value!r:.100} is no {hint.__name__}") from error
    return read(hint, value) if isinstance(hint, type) and is_dataclass(hint) else value


def _text(value: object) -> str:
    """Money is written as text: a JSON number has gone through a float."""
    if not isinstance(value, str):
        raise TypeError
    return value


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)
