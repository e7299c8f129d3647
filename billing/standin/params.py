"""Form-encoded parameters: `a[b][0][c]=v` to nested values, then checked against what an endpoint knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from billing.standin.refusals import bad_parameter

Checker = Callable[[Any, str], Any]
Spec = Mapping[str, Checker]
NAME = re.compile(r"[^\[\]]+")
DEEPEST = 8
MOST_METADATA, LONGEST_NAME, LONGEST_VALUE = 50, 40, 500  # Stripe's limits of metadata


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The pairs of a form or a query as nested dicts; lists stay dicts with numbers as names until checked."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        path = NAME.findall(name)
        if not path or len(path) > DEEPEST:
            raise bad_parameter(f"Invalid parameter name: {name[:100]}", name[:100])
        place = found
        for step in path[:-1]:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                raise bad_parameter(f"Invalid hash: {name}", name)
        if name.endswith("[]"):
            numbered = place.setdefault(path[-1], {})
            numbered[str(len(numbered))] = value
        else:
            place[path[-1]] = value
    return found


def check(given: Mapping[str, Any], spec: Spec, *, required: Iterable[str] = (), at: str = "") -> dict[str, Any]:
    """The values as the spec reads them. Refuses unknown names, missing ones and values that do not fit."""
    known: dict[str, Any] = {}
    for name, value in given.items():
        path = f"{at}[{name}]" if at else name
        if name not in spec:
            raise bad_parameter(f"Received unknown parameter: {path}", path, "parameter_unknown")
        known[name] = spec[name](value, path)
    for name in required:
        if known.get(name) in (None, "", {}, []):
            path = f"{at}[{name}]" if at else name
            raise bad_parameter(f"Missing required param: {path}.", path, "parameter_missing")
    return known


def text(value: Any, path: str) -> str:
    """Any string of up to 5,000 characters."""
    if not isinstance(value, str):
        raise bad_parameter(f"Invalid string: {path}", path)
    if len(value) > 5000:
        raise bad_parameter(f"Invalid string: {value[:20]}...; must be at most 5000 characters", path)
    return value


def integer(least: int | None = None, most: int | None = None) -> Checker:
    """A whole number within bounds."""

    def read(value: Any, path: str) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"-?\d{1,15}", value):
            raise bad_parameter(f"Invalid integer: {value}", path, "parameter_invalid_integer")
        number = int(value)
        if (least is not None and number < least) or (most is not None and number > most):
            raise bad_parameter(f"This value must be between {least} and {most}.", path, "parameter_invalid_integer")
        return number

    return read


def boolean(value: Any, path: str) -> bool:
    """true or false."""
    if value not in ("true", "false"):
        raise bad_parameter(f"Invalid boolean: {value}", path)
    return bool(value == "true")


def choice(*values: str) -> Checker:
    """One of the values."""

    def read(value: Any, path: str) -> str:
        if value not in values:
            listed = ", ".join(values)
            raise bad_parameter(f"Invalid {path}: must be one of {listed}", path)
        return str(value)

    return read


def hash_of(spec: Spec, *, required: Iterable[str] = ()) -> Checker:
    """A hash with these names."""
    wanted = tuple(required)

    def read(value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise bad_parameter("Invalid object", path)
        return check(value, spec, required=wanted, at=path)

    return read


def list_of(checker: Checker, most: int = 100) -> Checker:
    """A list, sent as `[]`, `[0]`, `[1]` and so on."""

    def read(value: Any, path: str) -> list[Any]:
        if not isinstance(value, dict) or not all(name.isdigit() for name in value) or len(value) > most:
            raise bad_parameter("Invalid array", path)
        ordered = sorted(value.items(), key=lambda pair: int(pair[0]))
        return [checker(item, f"{path}[{name}]") for name, item in ordered]

    return read


def metadata(value: Any, path: str) -> dict[str, str]:
    """Names to texts within Stripe's limits; an empty text takes the name away (merged)."""
    if value == "":
        return {}
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise bad_parameter("Invalid object", path)
    if len(value) > MOST_METADATA:
        raise bad_parameter(f"Metadata can have up to {MOST_METADATA} keys.", path)
    for name, item in value.items():
        if len(name) > LONGEST_NAME or len(item) > LONGEST_VALUE:
            raise bad_parameter(f"Metadata names hold {LONGEST_NAME} characters, values {LONGEST_VALUE}.", path)
    return dict(value)


def merged(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """Metadata after an update: an empty text removes."""
    return {name: item for name, item in {**old, **new}.items() if item != ""}


ADDRESS = hash_of(dict.fromkeys(("line1", "line2", "city", "state", "postal_code", "country"), text))
CREATED: Checker = hash_of(dict.fromkeys(("gt", "gte", "lt", "lte"), integer(0)))
EXPAND: Spec = {"expand": list_of(text, most=20)}
PAGE: Spec = {**EXPAND, "limit": integer(1, 100), "starting_after": text, "ending_before": text}
LIST: Spec = {
    **PAGE,
    "created": lambda value, path: CREATED(value, path) if isinstance(value, dict) else integer(0)(value, path),
}
