"""Idempotency keys as Stripe keeps them: 24 hours, the first answer for the same request, errors too."""

from __future__ import annotations

import json
from typing import Any

from billing.standin.refusals import Refused
from billing.standin.world import Kept, World

KEPT_SECONDS = 24 * 60 * 60
LONGEST = 255


def begin(world: World, key: str, method: str, path: str, given: dict[str, Any]) -> Kept | None:
    """The answer to replay, or None when the request is to run. Refuses another request under the same key and one
    that meets the first still running."""
    asked = json.dumps([method, path, given], sort_keys=True)
    with world.lock:
        if len(key) > LONGEST:
            raise Refused(400, "invalid_request_error", "Idempotency keys hold 255 characters.", kept=False)
        kept = world.keys.get(key)
        if kept is not None and kept.at < world.now() - KEPT_SECONDS:
            kept = None
        if kept is None:
            world.keys[key] = Kept(asked, world.now())
            return None
        if kept.asked != asked:
            raise Refused(
                400,
                "idempotency_error",
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{key}' if you meant to execute a different request.",
                kept=False,
            )
        if not kept.status:
            raise Refused(
                409,
                "idempotency_error",
                f"There is currently another in-progress request using this Idempotent Key: {key}.",
                code="idempotency_key_in_use",
                kept=False,
            )
        return kept


def finish(world: World, key: str, status: int, body: str) -> None:
    """Keeps the answer. A key that a reset has forgotten stays so."""
    with world.lock:
        if kept := world.keys.get(key):
            kept.status, kept.body, world.dirty = status, body, True


def forget(world: World, key: str) -> None:
    """The request did nothing: the key is free."""
    with world.lock:
        world.keys.pop(key, None)
