"""Results as a provider under stress writes them (kie.md 9.7, faults.md row 18): cut, null, nested, huge.

Each function takes the true result (a dict whose `key` holds the outputs) and what is asked for.
"""

from __future__ import annotations

import json
from typing import Any

from generations.sandbox.faults import RESULTS, Faults

DEPTH = 100_000
HUGE = 5 * 1024 * 1024
DEEP = "[" * DEPTH + "]" * DEPTH


def is_odd(faults: Faults) -> bool:
    """Whether any of these faults is asked for."""
    return faults.first(RESULTS) is not None


def as_text(result: dict[str, Any], key: str, faults: Faults) -> str | None:
    """The result as the text of a JSON-in-a-string field: KIE's `resultJson`."""
    text = json.dumps(result)
    match faults.first(RESULTS):
        case "empty-result":
            return json.dumps({**result, key: _nothing(result[key])})
        case "malformed-result":
            return text[: len(text) // 2]
        case "double-encoded-result":
            return json.dumps(text)
        case "null-result":
            return None
        case "list-result":
            return json.dumps(_listed(result[key]))
        case "deep-result":
            return DEEP
        case "huge-result":
            return json.dumps({**result, "padding": "x" * HUGE})
        case "nan-result":
            return f'{{"{key}": NaN}}'
    return text


def as_value(result: dict[str, Any], key: str, faults: Faults) -> Any:
    """The result as a value inside a record: the `response` of Veo and Flux. What is no JSON comes as a string."""
    match faults.first(RESULTS):
        case "empty-result" | "list-result" | "huge-result" | "null-result":
            text = as_text(result, key, faults)
            return None if text is None else json.loads(text)
        case None:
            return result
    return as_text(result, key, faults)


def as_body(result: dict[str, Any], key: str, faults: Faults) -> str:
    """The result as the text of a whole JSON body, good or not: fal's result."""
    match faults.first(RESULTS):
        case "malformed-result":
            return json.dumps({**result, key: {"url": 7}}, sort_keys=True)
        case "double-encoded-result":
            return json.dumps({**result, key: json.dumps(result[key])}, sort_keys=True)
        case None:
            return json.dumps(result, sort_keys=True)
    return as_text(result, key, faults) or "null"


def _nothing(value: Any) -> Any:
    return [] if isinstance(value, list) else ""


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
