"""JSON is hostile: reads it with every limit on (invariants.md section 1 item 10, faults.md rows 18 and 75).

Two entries. `loads_request` is for what our callers send: anything doubtful is refused. `loads_provider` is
for what a provider answers: paid work hangs on it, so big seeds and repeated keys pass, and characters that
PostgreSQL cannot keep are replaced. Neither raises anything but BadJson.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any, NoReturn

REQUEST_MAX_BYTES = 256 * 1024
PROVIDER_MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 20  # arrays and objects inside each other
_MAX_DIGITS = 100  # of a provider's integer; fal's seeds have 20
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # text and jsonb refuse them


class BadJson(Exception):
    """Not JSON that we take.

    `reason` is a sentence; `code` is too_large, not_utf8, syntax, too_deep, duplicate_key, number or
    forbidden_character; `status` is the HTTP status that says it.
    """

    def __init__(self, reason: str, code: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.status = 413 if code == "too_large" else 400


def loads_request(raw: bytes, *, max_bytes: int = REQUEST_MAX_BYTES, max_depth: int = MAX_DEPTH) -> Any:
    """A caller's JSON, strictly. Raises BadJson.

    UTF-8 without a mark, integers in 64 bits, no repeated keys, no NaN, no NUL, no lone surrogates.
    """
    value = _parse(_text(raw, max_bytes), parse_int=_int64, object_pairs_hook=_unique)
    return _tidy(value, max_depth, _refuse)


def loads_provider(raw: bytes | str, *, max_bytes: int = PROVIDER_MAX_BYTES, max_depth: int = MAX_DEPTH) -> Any:
    """A provider's JSON: big integers and repeated keys (the last wins) pass, NUL and lone surrogates become
    U+FFFD.

    NaN, Infinity and 1e999 are refused here too: they are not JSON, and jsonb cannot keep them.
    """
    data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
    text = raw if isinstance(raw, str) and len(data) <= max_bytes else _text(data, max_bytes)
    return _tidy(_parse(text, parse_int=_bounded_int), max_depth, _replace)


def _text(raw: bytes, max_bytes: int) -> str:
    if len(raw) > max_bytes:
        raise BadJson(f"The JSON is longer than {max_bytes} bytes.", "too_large")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadJson("The JSON is not UTF-8.", "not_utf8") from None


def _parse(text: str, **hooks: Any) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant, parse_float=_finite, **hooks)
    except RecursionError:
        raise BadJson("The JSON is nested too deeply.", "too_deep") from None
    except json.JSONDecodeError as error:
        raise BadJson(f"Not valid JSON at line {error.lineno}, column {error.colno}.", "syntax") from None


def _tidy(value: Any, levels: int, text: Callable[[str], str]) -> Any:
    """The value with `text` done to each string; goes at most `levels` deep."""
    if isinstance(value, str):
        return text(value)
    if not isinstance(value, dict | list):
        return value
    if levels == 0:
        raise BadJson("The JSON is nested too deeply.", "too_deep")
    if isinstance(value, list):
        return [_tidy(item, levels - 1, text) for item in value]
    return {text(key): _tidy(item, levels - 1, text) for key, item in value.items()}


def _refuse(text: str) -> str:
    if _UNSTORABLE.search(text):
        raise BadJson("Text must not hold NUL characters or lone surrogates.", "forbidden_character")
    return text


def _replace(text: str) -> str:
    return _UNSTORABLE.sub("�", text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadJson("A key stands twice in one object.", "duplicate_key")
    return found


def _int64(digits: str) -> int:
    if len(digits) > 20 or not -(2**63) <= (number := int(digits)) < 2**63:
        raise BadJson("A whole number does not fit into 64 bits.", "number")
    return number


def _bounded_int(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise BadJson(f"A whole number has more than {_MAX_DIGITS} digits.", "number")
    return int(digits)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise BadJson("A number is out of range.", "number")
    return number


def _no_constant(name: str) -> NoReturn:
    raise BadJson(f"{name} is not a JSON number.", "number")
