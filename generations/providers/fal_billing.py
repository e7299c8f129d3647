"""fal's platform API as far as it tells of our money: the balance, and what each request cost.

Documented by fal (platform-apis/v1/account/billing, /v1/models/billing-events; read in November 2026): both ask for an
admin key (`FAL_ADMIN_KEY`; `FAL_KEY` is tried where that is not set). Assumed, for no live call stands behind it yet:
`current_balance` already lacks what ran a moment ago, and `timestamp` is when a request was billed, not submitted.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from generations.providers.base import BALANCE_BYTES, READ_DEADLINE, Charge
from generations.providers.fal_records import decimal_of
from project import money, net, strict_json

EVENTS_BYTES = 4 * 1024 * 1024
A_PAGE = 5_000
MOST_PAGES = 20
NANO = Decimal(1_000)  # nano-dollars of a micro-dollar


def balance() -> int | None:
    """`credits.current_balance` in dollars, as micro-dollars rounded down; None where it cannot be had."""
    body = _get("/v1/account/billing", {"expand": "credits"}, BALANCE_BYTES)
    credits = body.get("credits") if isinstance(body, dict) else None
    if not isinstance(credits, dict) or credits.get("currency", "USD") != "USD":
        return None
    value = credits.get("current_balance")
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        amount = Decimal(str(value)) * money.USD
    except InvalidOperation:
        return None
    if not amount.is_finite() or abs(amount) >= money.CEILING:
        return None
    return int(amount.to_integral_value(rounding=ROUND_FLOOR))


def charges(*, since: datetime, until: datetime) -> list[Charge] | None:
    """The billing events from `since` until before `until`, every page; None where one of them cannot be had or read:
    half a bill would look like one."""
    found: list[Charge] = []
    query = {"start": _stamp(since), "end": _stamp(until), "limit": str(A_PAGE)}
    for _ in range(MOST_PAGES):
        body = _get("/v1/models/billing-events", query, EVENTS_BYTES)
        events = body.get("billing_events") if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(events, list):
            return None
        for event in events:
            charge = _charge(event)
            if charge is None:
                return None
            found.append(charge)
        if body.get("has_more") is not True:
            return found
        if not isinstance(body.get("next_cursor"), str):
            return None
        query["cursor"] = body["next_cursor"]
    return None


def _charge(event: Any) -> Charge | None:
    """One event; its cost is `cost_total` in dollars, or the same in nano-dollars where an older answer lacks it."""
    if not isinstance(event, dict) or not isinstance(event.get("request_id"), str):
        return None
    micro = decimal_of(event.get("cost_total"))
    micro = micro * money.USD if micro is not None else None
    if micro is None:
        nano = decimal_of(event.get("cost_estimate_nano_usd"))
        micro = nano / NANO if nano is not None else None
    try:
        at = datetime.fromisoformat(str(event.get("timestamp")))
    except ValueError:
        return None
    if micro is None or micro >= money.CEILING:
        return None
    amount = int(micro.to_integral_value(rounding=ROUND_CEILING))
    model = event.get("endpoint_id")
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return Charge(event["request_id"][:200], model[:120] if isinstance(model, str) else "", amount, at)


def _get(path: str, query: dict[str, str], most: int) -> Any:
    """The answer's JSON, None for anything but a good one."""
    key = settings.FAL_ADMIN_KEY or settings.FAL_KEY
    if not key:
        return None
    try:
        response = net.fetch(
            method="GET",
            url=f"{settings.FAL_API_BASE}{path}?{urlencode(query)}",
            headers={"Authorization": f"Key {key}", "Accept": "application/json"},
            deadline=READ_DEADLINE,
            max_bytes=most,
            guard=net.Guard.OPERATOR,
        )
        return strict_json.loads_provider(response.body, max_bytes=most) if response.status == 200 else None
    except (net.NetError, strict_json.BadJson):
        return None


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
