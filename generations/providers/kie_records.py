"""Reads KIE's three record shapes, whatever form they come in (kie.md sections 3 and 8). Pure.

Every value is a stranger's: strings that should be lists, JSON in JSON, numbers as text.
"""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from typing import Any

from generations.providers.base import Done, Failed, Observation, Running, Unreadable
from project import money, strict_json

TASK_ID = re.compile(r"[0-9A-Za-z_.:-]{1,200}", re.ASCII)
CONTENT = re.compile(r"(?i)polic|prohibited|flagged|nsfw|unsafe|sensitive|violat")
NESTED_BYTES = 1024 * 1024
MOST_SOURCES = 32


def too_large() -> Observation:
    """A record above the cap is a result that cannot be read (faults.md row 18)."""
    return Unreadable("record too large")


def observe(family: str, data: dict[str, Any]) -> Observation:
    """What a record's `data` says of its task."""
    if family == "market":
        return _market(data)
    flag = number(data.get("successFlag"))
    if flag == 1:
        return _flat_done(family, data)
    if flag in (2, 3):
        text = words(data.get("errorMessage"))
        code = number(data.get("errorCode"))
        return Failed(f"flag {flag}", content=code == 400 and bool(CONTENT.search(text)), cost=cost_of(data))
    return Running()


def _market(data: dict[str, Any]) -> Observation:
    state = data.get("state")
    if state == "fail":
        text = words(data.get("failMsg"))
        return Failed(
            f"code {words(data.get('failCode'))[:20]}", content=bool(CONTENT.search(text)), cost=cost_of(data)
        )
    if state != "success":
        return Running()  # also every value nobody has heard of (kie.md 3.1)
    result = data.get("response")
    if not isinstance(result, dict) or "resultUrls" not in result:
        result = _unwrap(data.get("resultJson"))
    if result is None or result == "":
        return Done(cost=cost_of(data))
    if isinstance(result, list):
        sources = urls_of(result)
    elif isinstance(result, dict):
        sources = urls_of(result.get("resultUrls"))
    else:
        sources = None
    if sources is None:
        return Unreadable("resultJson is no result")
    return Done(sources=sources, cost=cost_of(data))


def _flat_done(family: str, data: dict[str, Any]) -> Observation:
    response = _unwrap(data.get("response"))
    if response in (None, ""):
        return Done(cost=cost_of(data))
    if not isinstance(response, dict):
        return Unreadable("response is no object")
    # Flux: originImageUrl lives 10 minutes; resultImageUrl is KIE's own copy (kie.md 4.1).
    found = urls_of(response.get("resultImageUrl" if family == "flux" else "resultUrls"))
    return Unreadable("no list of addresses") if found is None else Done(sources=found, cost=cost_of(data))


def _unwrap(value: Any) -> Any:
    """A value that may be JSON, or JSON in JSON, in a string. "" and null mean nothing; broken JSON is itself."""
    for _ in range(3):
        if not isinstance(value, str) or not value.strip():
            break
        try:
            value = strict_json.loads_provider(value.encode("utf-8", "replace"), max_bytes=NESTED_BYTES)
        except strict_json.BadJson:
            return value.strip()
    return value


def urls_of(value: Any) -> list[str] | None:
    """The addresses in a list, a JSON list, a bracketed string or one string; None when it is none of these."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        text = value.strip()
        inner = _unwrap(text)
        if isinstance(inner, list):
            return urls_of(inner)
        text = text.removeprefix("[").removesuffix("]")
        value = [part.strip().strip("\"'") for part in text.split(",")]
    if not isinstance(value, list):
        return None
    found: list[str] = []
    for item in value:
        if isinstance(item, dict):
            item = item.get("url")
        if not isinstance(item, str) or not item.startswith(("http://", "https://")) or len(item) > 4096:
            return None
        if item not in found:
            found.append(item)
    return found[:MOST_SOURCES]


def cost_of(data: dict[str, Any]) -> int | None:
    """Credits consumed in micro-dollars, under either name (kie.md 3.1); None when not reported or nonsense."""
    for name in ("creditsConsumed", "consumeCredits"):
        value = data.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
            continue
        try:
            amount = Decimal(str(value)) * money.CREDIT
        except InvalidOperation:
            continue
        if amount.is_finite() and 0 <= amount < money.CEILING:
            return int(amount.to_integral_value(rounding=ROUND_CEILING))
    return None


def made_of(data: dict[str, Any]) -> tuple[str, str]:
    """The model that a record names and the address it calls back to; "" for what it does not tell (kie.md 3.1)."""
    given = _unwrap(data.get("param") or data.get("paramJson"))
    param = given if isinstance(given, dict) else {}
    model = data.get("model") or param.get("model")
    address = param.get("callBackUrl")
    return (model if isinstance(model, str) else ""), (address if isinstance(address, str) else "")


def balance_of(value: Any) -> int | None:
    """A balance in credits, fractional, as micro-dollars rounded down; None when it is no number. May be negative."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        amount = Decimal(str(value)) * money.CREDIT
    except InvalidOperation:
        return None
    if not amount.is_finite() or abs(amount) >= money.CEILING:
        return None
    return int(amount.to_integral_value(rounding=ROUND_FLOOR))


def task_id_of(body: dict[str, Any]) -> str | None:
    """The task id in a create answer or callback: data.taskId, data.task_id or root taskId; None when none or
    when two of them differ (kie.md 4.2)."""
    data = body.get("data")
    places = [body.get("taskId")]
    if isinstance(data, dict):
        places += [data.get("taskId"), data.get("task_id")]
    found = {place for place in places if isinstance(place, str) and place}
    if len(found) != 1:
        return None
    (task_id,) = found
    return task_id if TASK_ID.fullmatch(task_id) else None


def number(value: Any) -> int | None:
    """A small whole number, also as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    return None


def words(value: Any) -> str:
    """A provider's text, for matching only: never shown, never logged."""
    return value[:2000] if isinstance(value, str) else str(value or "")[:20]
