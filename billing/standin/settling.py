"""What happens after a while: asynchronous payments and refunds end, sessions expire."""

from __future__ import annotations

import time

from billing.standin import paying, refunding, sessions
from billing.standin.cards import Decline
from billing.standin.refusals import cannot
from billing.standin.shapes import Object
from billing.standin.world import World

TICK = 0.25  # seconds
FAILED = Decline("payment_intent_payment_attempt_failed", "", "The payment failed.")


def settle_for_ever(world: World) -> None:
    """The body of the thread that plays the clock."""
    while not world.closed:
        time.sleep(TICK)
        with world.lock:
            if _something_is_due(world):
                with world.asked_by(None, None):
                    settle_due(world)


def _something_is_due(world: World) -> bool:
    if any((secret.get("settles_at") or float("inf")) <= time.time() for secret in world.hidden.values()):
        return True
    return any(made["expires_at"] <= world.now() for made in world.all("checkout.session", status="open"))


def settle_due(world: World) -> None:
    """Ends what is due. Under the lock."""
    sessions.expire_due(world)
    for ident, secret in list(world.hidden.items()):
        if (secret.get("settles_at") or float("inf")) <= time.time():
            settle(world, world.objects[ident], secret["settles"])


def settle(world: World, about: Object, outcome: str) -> Object:
    """Ends an intent that is processing, or a refund, by `succeed` or `fail`."""
    if outcome not in ("succeed", "fail"):
        raise cannot("outcome is succeed or fail")
    world.secret_of(about["id"])["settles_at"] = None
    if about["object"] == "refund":
        return refunding.succeed(world, about) if outcome == "succeed" else refunding.fail(world, about)
    if about["status"] != "processing":
        raise cannot(f"{about['id']} is {about['status']}, not processing")
    method = world.objects[about["payment_method"]]
    if outcome == "succeed":
        paying.succeed(world, about, method)
    else:
        paying.fail(world, about, method, paying.card_of(world, method["id"]).decline or FAILED)
    sessions.after_a_while(world, about)
    return about
