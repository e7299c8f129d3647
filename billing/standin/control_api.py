"""The control interface and the oracle: /_control/<verb> in JSON, from this machine only. Stripe has no such thing.

A verb that reads is asked by GET with a query, one that changes by POST with a JSON object."""

from __future__ import annotations

import ipaddress
import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from werkzeug import Request, Response

from billing.standin import (
    cards,
    deliveries,
    disputing,
    faults,
    letters,
    money_back,
    paying,
    refunding,
    sessions,
    settling,
    wire,
)
from billing.standin.cards import Card
from billing.standin.refusals import Refused
from billing.standin.shapes import Object
from billing.standin.world import World

Verb = Callable[[World, dict[str, Any]], Any]
OUTSIDE_THE_LOCK = {"reset", "deliver", "settings"}
LIES = ("id", "type", "account", "livemode", "api_version", "age", "object", "body", "signature", "signed_ago")


def serve(world: World, request: Request, verb: Verb, ids: dict[str, str]) -> Response:
    """One call: 400 with a sentence for what cannot be done, 403 for who is not on this machine."""
    if not ipaddress.ip_address(request.remote_addr or "0.0.0.0").is_loopback:  # noqa: S104  (no address: nobody)
        return wire.answer({"error": "from this machine only"}, 403)
    if request.method not in ("GET", "POST"):
        return wire.answer({"error": "GET or POST"}, 405)
    if request.method == "POST" and request.mimetype != "application/json":  # no form of another site
        return wire.answer({"error": "JSON, please"}, 415)
    try:
        given = dict(request.args) if request.method == "GET" else json.loads(request.get_data() or b"{}")
        if verb.__name__ in OUTSIDE_THE_LOCK:
            return wire.answer(verb(world, given))
        with world.asked_by(None, None, writes=request.method == "POST"):
            settling.settle_due(world)
            return wire.answer(verb(world, given))
    except Refused as refused:
        return wire.answer({"error": refused.error["message"]}, 400)
    except (TypeError, ValueError, KeyError) as error:
        return wire.answer({"error": f"{type(error).__name__}: {error}"}, 400)


def health(world: World, given: dict[str, Any]) -> Object:
    """Up."""
    return {"ok": True}


def stats(world: World, given: dict[str, Any]) -> Object:
    """Counters: calls by endpoint and by idempotency key, events by type, deliveries by state and by answer."""
    return {
        "calls": dict(Counter(call["endpoint"] for call in world.calls)),
        "by_key": dict(Counter(call["idempotency_key"] for call in world.calls if call["idempotency_key"])),
        "events": dict(Counter(made["type"] for made in world.all("event"))),
        "deliveries": dict(Counter(post.state for post in world.posts.values())),
        "answers": dict(Counter(str(tried["status"]) for post in world.posts.values() for tried in post.tries)),
        "sending": world.sending,
    }


def calls(world: World, given: dict[str, Any]) -> list[Any]:
    """Every call in order; `path` begins with, `method` is, `idempotency_key` is."""
    return [
        call
        for call in world.calls
        if call["path"].startswith(given.get("path", ""))
        and given.get("method", call["method"]) == call["method"]
        and given.get("idempotency_key", call["idempotency_key"]) == call["idempotency_key"]
    ]


def events(world: World, given: dict[str, Any]) -> list[Any]:
    """Every event, oldest first, with what became of its delivery; `type` is, `about` is the id of its object or of
    the object's payment_intent."""
    found = []
    for made in reversed(list(world.all("event"))):
        shown = made["data"]["object"]
        if given.get("type", made["type"]) != made["type"]:
            continue
        if given.get("about") and given["about"] not in (shown["id"], shown.get("payment_intent")):
            continue
        found.append({**made, "delivery": asdict(world.posts[made["id"]])})
    return found


def show(world: World, given: dict[str, Any]) -> Object:
    """An object by its id."""
    return world.objects[given["id"]]


def settings(world: World, given: dict[str, Any]) -> Object:
    """Changes webhook_url, webhook_secret, public_url, speed, settle_seconds, held, account."""
    return asdict(world.change(given))


def reset(world: World, given: dict[str, Any]) -> Object:
    """Forgets everything; settings are those of the start. Returns when no webhook is on its way."""
    world.reset()
    return {"ok": True}


def advance(world: World, given: dict[str, Any]) -> Object:
    """The stand-in's clock goes `seconds` forward; what is over then ends."""
    world.offset += float(given["seconds"])
    sessions.expire_due(world)
    return {"now": world.now()}


def fault(world: World, given: dict[str, Any]) -> Object:
    """Plans a fault: faults.plan."""
    faults.plan(world, given)
    return {"planned": len(world.faults)}


def hurry(world: World, given: dict[str, Any]) -> Object:
    """Slow calls go on now."""
    world.epoch.set()
    world.epoch = threading.Event()
    return {"ok": True}


def pay(world: World, given: dict[str, Any]) -> Object:
    """Pays `session` by card `number`, as a buyer on the page; asked to confirm, `authenticate` says whether (true).

    {status: succeeded, processing, requires_action or declined; error; session}."""
    session = world.get("checkout.session", given["session"])
    error = None
    try:
        status = sessions.pay(world, session, _card(given))
        if status == "requires_action" and given.get("authenticate", True):
            status = sessions.authenticated(world, session)
    except Refused as refused:
        if refused.status != 402:
            raise
        status, error = "declined", refused.error
    return {"status": status, "error": error, "session": session}


def settle(world: World, given: dict[str, Any]) -> Object:
    """Ends a payment that is processing, or a refund, `id`, by `outcome` succeed or fail."""
    return settling.settle(world, world.objects[given["id"]], given["outcome"])


def dispute(world: World, given: dict[str, Any]) -> Object:
    """Opens a dispute of `payment_intent`: amount (all), reason (fraudulent), status (needs_response)."""
    charge = money_back.charge_of(world, given["payment_intent"])
    return disputing.open_dispute(
        world,
        charge,
        amount=int(given.get("amount") or charge["amount"]),
        reason=str(given.get("reason", "fraudulent")),
        status=str(given.get("status", "needs_response")),
    )


def set_dispute(world: World, given: dict[str, Any]) -> Object:
    """`dispute` goes on to `status`: won, lost, under_review, warning_closed and so on."""
    return disputing.set_status(world, world.get("dispute", given["dispute"]), given["status"])


def refund(world: World, given: dict[str, Any]) -> Object:
    """A refund of `payment_intent` as from the dashboard: amount (all that is left), status (succeeded, pending)."""
    charge = money_back.charge_of(world, given["payment_intent"])
    amount = int(given["amount"]) if given.get("amount") else None
    made = refunding.refund(world, charge, amount=amount, reason=given.get("reason"), metadata=given.get("metadata"))
    if given.get("status") == "pending":
        made |= {"status": "pending", "pending_reason": "processing"}
    return made


def save_card(world: World, given: dict[str, Any]) -> Object:
    """Saves card `number` with `customer`, ready for off-session payments; the payment method."""
    customer = world.get("customer", given["customer"])
    method = paying.new_method(world, _card(given))
    world.secret_of(method["id"])["set_up"] = True
    paying.attach(world, method, customer["id"])
    return method


def change_card(world: World, given: dict[str, Any]) -> Object:
    """From now on `payment_method` behaves as card `number` does; what it shows stays."""
    method = world.get("payment_method", given["payment_method"])
    world.secret_of(method["id"])["number"] = _card(given).number
    return method


def expire(world: World, given: dict[str, Any]) -> Object:
    """Expires an open `session` now."""
    return sessions.expire(world, {}, given["session"])


def make_event(world: World, given: dict[str, Any]) -> Object:
    """An event of any `type` about any `object`."""
    return world.emit(str(given["type"]), dict(given.get("object") or {"id": "obj_unknown", "object": "unknown"}))


def letter(world: World, given: dict[str, Any]) -> Object:
    """The letter of `event` with lies (letters.write), not sent: {body, headers}."""
    lies = {name: given[name] for name in LIES if name in given}
    return asdict(letters.write(world, world.get("event", given["event"]), **lies))


def deliver(world: World, given: dict[str, Any]) -> list[Any]:
    """Sends now, whatever became of it before: `events` (ids, in this order) or `event`; `copies` (1) of each at
    once; `url` (the webhook's); lies. The answers in order: {event, status, body}."""
    url = str(given.get("url") or world.settings.webhook_url)
    if not url:
        raise ValueError("there is no webhook_url")
    lies = {name: given[name] for name in LIES if name in given}
    answers = []
    for ident in given.get("events") or [given["event"]]:
        with world.lock:
            written = letters.write(world, world.get("event", ident), **lies)
        for tried in _at_once(world, written, url, int(given.get("copies", 1))):
            answers.append({"event": ident, "status": tried["status"], "body": tried["body"]})
            with world.lock:
                if not lies and (post := world.posts.get(ident)):
                    deliveries.note(world, post, tried)
    world.save()
    return answers


def _at_once(world: World, written: letters.Letter, url: str, copies: int) -> list[dict[str, Any]]:
    tries: list[dict[str, Any]] = []
    start = threading.Barrier(copies)

    def send() -> None:
        start.wait(wire.TIMEOUT)
        tries.append(deliveries.send(written, url))

    threads = [threading.Thread(target=send, daemon=True) for _ in range(copies)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tries


def drop(world: World, given: dict[str, Any]) -> Object:
    """`event` is never sent, as if its webhook had been given up; without `event`: all that wait."""
    dropped = [given["event"]] if given.get("event") else list(world.posts)
    for ident in dropped:
        if world.posts[ident].state == "pending":
            world.posts[ident].state = "dropped"
    return {"dropped": dropped}


def _card(given: dict[str, Any]) -> Card:
    card = cards.find(str(given.get("number", "4242424242424242")))
    if card is None:
        raise ValueError(f"no such test card; there are {', '.join(cards.CARDS)}")
    return card


VERBS: dict[str, Verb] = {
    verb.__name__: verb
    for verb in (health, stats, calls, events, show, settings, reset, advance, fault, hurry, pay, settle, dispute)
}
VERBS |= {
    verb.__name__: verb
    for verb in (set_dispute, refund, save_card, change_card, expire, make_event, letter, deliver, drop)
}
