"""What the providers say of our money: KIE's credits, fal's account and its billing events.

fal's shapes are those of its platform API (docs: platform-apis/v1/account/billing and /v1/models/billing-events, as of
November 2026). Both ask for an admin key there; here every well-formed key is one, until `billing_fault` says other.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

from werkzeug import Request, Response

from generations.sandbox import fal, wire
from generations.sandbox.tasks import Task
from generations.sandbox.world import World, fal_cost

MOST_EVENTS = 10_000


def credit(world: World, request: Request, key: str) -> Response:
    """KIE's balance in credits, fractional."""
    if (failed := _fault(world)) is not None:
        return failed
    return wire.answer({"code": 200, "msg": "success", "data": world.balance})


def account(world: World, request: Request) -> Response:
    """fal's account; the balance in dollars only where it is asked for."""
    if (failed := fal.unauthorized(request) or _fault(world)) is not None:
        return failed
    body: dict[str, object] = {"username": "sandbox"}
    if "credits" in request.args.getlist("expand"):
        body["credits"] = {"current_balance": world.fal_balance, "currency": "USD"}
    return wire.answer(body)


def events(world: World, request: Request) -> Response:
    """What each request cost, newest first, from `start` until before `end`; pages by `cursor`."""
    if (failed := fal.unauthorized(request) or _fault(world)) is not None:
        return failed
    now = datetime.now(UTC)
    try:
        start = _moment(request.args.get("start"), now - timedelta(days=1))
        end = _moment(request.args.get("end"), now)
        page = int(base64.b64decode(request.args["cursor"])) if "cursor" in request.args else 1
        limit = min(int(request.args.get("limit", 50)), MOST_EVENTS)
    except ValueError:
        return wire.answer({"error": {"type": "validation_error", "message": "Bad query"}}, 400)
    with world.lock:
        found = [
            task
            for task in reversed(world.tasks)
            if task.provider == "fal"
            and task.units
            and task.ended is not None
            and start.timestamp() <= task.ended < end.timestamp()
        ]
    more = len(found) > page * limit
    rows = [_event(task) for task in found[(page - 1) * limit : page * limit]]
    cursor = base64.b64encode(str(page + 1).encode()).decode() if more else None
    return wire.answer({"billing_events": rows, "next_cursor": cursor, "has_more": more})


def _event(task: Task) -> dict[str, object]:
    assert task.ended is not None
    cost = fal_cost(task, task.units)
    stamp = datetime.fromtimestamp(task.ended, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "request_id": task.id,
        "endpoint_id": task.endpoint,
        "timestamp": stamp,
        "output_units": task.units,
        "unit_price": fal_cost(task, 1),
        "percent_discount": None,
        "cost_subtotal": cost,
        "cost_discount": 0,
        "cost_total": cost,
        "cost_estimate_nano_usd": round(cost * 1_000_000_000),
    }


def _moment(text: str | None, default: datetime) -> datetime:
    if text is None:
        return default
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _fault(world: World) -> Response | None:
    """What these addresses do instead, as the setting `billing_fault` says."""
    match world.settings.billing_fault:
        case "admin-key":
            return wire.answer({"error": {"type": "authorization_error", "message": "Admin API key required"}}, 403)
        case "500":
            return wire.answer({"code": 500, "msg": "Internal Error", "detail": "Internal error"}, 500)
        case "html":
            return wire.bad_gateway()
        case "nonsense":
            return wire.answer({"code": 200, "msg": "success", "data": "many", "credits": {"current_balance": "NaN"}})
    return None
