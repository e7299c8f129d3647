"""`expand[]`: ids become the objects they name; and the list objects, page by page."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from billing.standin.refusals import bad_parameter, missing
from billing.standin.shapes import Object
from billing.standin.world import World

EXPANDABLE = {  # the field and the kind that it becomes
    "checkout.session": {"payment_intent": "payment_intent", "customer": "customer", "line_items": "list:item"},
    "payment_intent": {"latest_charge": "charge", "customer": "customer", "payment_method": "payment_method"},
    "charge": {"payment_intent": "payment_intent", "customer": "customer", "refunds": "list:refund"},
    "refund": {"payment_intent": "payment_intent", "charge": "charge"},
    "dispute": {"payment_intent": "payment_intent", "charge": "charge"},
    "payment_method": {"customer": "customer"},
}
DEEPEST = 4  # Stripe's limit
PAGE = 10


def check(kind: str, paths: Iterable[str]) -> None:
    """Refuses, before anything is done, what cannot be expanded in an object of the kind (`list:` and its kind)."""
    for path in paths:
        steps, place = path.split("."), kind
        if len(steps) > DEEPEST:
            raise bad_parameter(f"You cannot expand more than {DEEPEST} levels of a property.", "expand")
        for step in steps:
            if place.startswith("list:") and step == "data":
                place = place.removeprefix("list:")
            elif step in EXPANDABLE.get(place, {}):
                place = EXPANDABLE[place][step]
            else:
                raise bad_parameter(f"This property cannot be expanded ({path}).", "expand")


def expand(world: World, shown: Object, paths: Iterable[str]) -> Object:
    """A copy with what is asked for in it; the paths have been checked."""
    answer = copy.deepcopy(shown)
    for path in paths:
        _into(world, answer, path.split("."))
    return answer


def _into(world: World, place: Any, steps: list[str]) -> None:
    name, rest = steps[0], steps[1:]
    if isinstance(place.get(name), list):  # the data of a list
        for item in place[name]:
            if rest:
                _into(world, item, rest)
        return
    if name == "line_items":
        place[name] = items(world, place["id"])
    elif name == "refunds":
        found = [copy.deepcopy(made) for made in world.all("refund", charge=place["id"])]
        place[name] = _list(f"/v1/charges/{place['id']}/refunds", found, more=False)
    elif isinstance(place.get(name), str):
        place[name] = copy.deepcopy(world.objects[place[name]])
    if rest and isinstance(place.get(name), dict):
        _into(world, place[name], rest)


def items(world: World, session: str) -> Object:
    """The line items of a session."""
    lines = copy.deepcopy(world.secret_of(session)["line_items"])
    return _list(f"/v1/checkout/sessions/{session}/line_items", lines, more=False)


def listing(found: Iterable[Object], given: dict[str, Any], url: str) -> Object:
    """One page of what was found (newest first) by limit, starting_after, ending_before and created."""
    kept = [made for made in found if _is_in(made["created"], given.get("created"))]
    size = given.get("limit") or PAGE
    if after := given.get("starting_after"):
        kept = kept[_place(kept, after, "starting_after") + 1 :]
        return _list(url, kept[:size], more=len(kept) > size)
    if before := given.get("ending_before"):
        kept = kept[: _place(kept, before, "ending_before")]
        return _list(url, kept[-size:], more=len(kept) > size)
    return _list(url, kept[:size], more=len(kept) > size)


def _list(url: str, data: list[Object], *, more: bool) -> Object:
    return {"object": "list", "data": data, "has_more": more, "url": url}


def _place(kept: list[Object], ident: str, param: str) -> int:
    for place, made in enumerate(kept):
        if made["id"] == ident:
            return place
    raise missing("object", ident, param)


def _is_in(created: int, wanted: Any) -> bool:
    if wanted is None:
        return True
    if isinstance(wanted, int):
        return created == wanted
    tests = {
        "gt": created.__gt__,
        "gte": created.__ge__,
        "lt": created.__lt__,
        "lte": created.__le__,
    }
    return all(tests[name](value) for name, value in wanted.items())
