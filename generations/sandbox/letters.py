"""What a callback says and how it is signed, for every family, with the lies that are asked for."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from generations.sandbox import fal_shapes, kie_shapes, signing
from generations.sandbox.tasks import Outcome, Task
from generations.sandbox.world import World

TEN_MINUTES = 600


@dataclass(frozen=True)
class Letter:
    """One callback: the exact bytes, their headers, and in a word what it claims."""

    raw: bytes
    headers: dict[str, str]
    summary: str


def of(world: World, task: Task) -> list[Letter]:
    """The callbacks that a task with this end and these faults sends, in their order."""
    outcome = task.outcome or "success"
    letters = [one(world, task, outcome)]
    if "out-of-order" in task.faults:
        if task.family == "market":
            letters.append(one(world, task, None))
        letters.append(one(world, task, _opposite(outcome)))
    return letters


def one(
    world: World,
    task: Task,
    outcome: Outcome | None,
    *,
    body: Any = None,
    timestamp: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Letter:
    """A callback that claims `outcome` (None: still generating), signed as the provider signs it.

    `body` (a JSON value, or a string taken as it is) replaces what it says; `headers` are set last."""
    faults = task.faults
    named = _other_id(world, task) if "foreign-task" in faults else task.id
    raw = _raw(world, task, outcome, named) if body is None else _bytes(body)
    signed = raw
    if "altered-body" in faults and body is None:
        raw = _raw(world, task, _opposite(outcome or "fail"), named, evil=task.outcome != "success")
    shift = TEN_MINUTES * (("future-callback" in faults) - ("stale-callback" in faults))
    moment = timestamp if timestamp is not None else int(time.time()) + shift
    made = {} if "unsigned-callback" in faults else _sign(world, task, named, moment, signed)
    if "bad-signature" in faults:
        made |= {name: _spoiled(value) for name, value in made.items() if name.endswith("-Signature")}
    return Letter(raw, {**made, **(headers or {})}, outcome or "generating")


def _raw(world: World, task: Task, outcome: Outcome | None, named: str, *, evil: bool = False) -> bytes:
    if task.provider == "kie":
        body = kie_shapes.callback(world, task, outcome, evil=evil)
        body["data"]["taskId"] = named
        return json.dumps(body).encode()
    return fal_shapes.webhook(task, outcome or "success", named, evil=evil).encode()


def _bytes(body: Any) -> bytes:
    return body.encode("utf-8", "replace") if isinstance(body, str) else json.dumps(body).encode()


def _sign(world: World, task: Task, named: str, moment: int, raw: bytes) -> dict[str, str]:
    if task.provider == "kie":
        key = world.settings.hmac_key
        if not key:
            return {}
        signature = signing.kie_signature(key=key, task_id=named, timestamp=moment)
        return {"X-Webhook-Timestamp": str(moment), "X-Webhook-Signature": signature}
    signature = signing.fal_signature(
        key=world.fal_keys[0], request_id=named, user_id=signing.FAL_USER, timestamp=moment, raw=raw
    )
    return {
        "X-Fal-Webhook-Request-Id": named,
        "X-Fal-Webhook-User-Id": signing.FAL_USER,
        "X-Fal-Webhook-Timestamp": str(moment),
        "X-Fal-Webhook-Signature": signature,
    }


def _spoiled(signature: str) -> str:
    """The same signature with its first character changed: of the right form, and wrong."""
    return ("b" if signature[0] == "a" else "a") + signature[1:]


def _opposite(outcome: Outcome) -> Outcome:
    return "fail" if outcome == "success" else "success"


def _other_id(world: World, task: Task) -> str:
    """The id of another task of this provider, or one that was never given out when there is none."""
    with world.lock:
        others = [other.id for other in world.tasks if other.provider == task.provider and other.id != task.id]
    return others[-1] if others else f"{task.id[:-4]}ffff"
