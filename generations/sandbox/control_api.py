"""The control interface and the oracle: /_control/... in JSON. No provider has it; only tests and developers use it.

health, stats, tasks (?callback_url=, ?prompt=), faults: GET.
script {match, faults, times}, reset, settings {...}, callback {task_id, ...}, finish {task_id, outcome},
rotate-keys: POST.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, get_args

from werkzeug import Request, Response

from generations.sandbox import delivery, faults, letters, lifecycle, wire
from generations.sandbox.faults import FAULTS, Script
from generations.sandbox.tasks import Outcome, Task
from generations.sandbox.world import World


class BadControl(ValueError):
    """A control request that cannot be understood."""


def handler(verb: Callable[[World, dict[str, Any]], Any]) -> Callable[[World, Request], Response]:
    """A control verb as an endpoint: JSON in, JSON out, 400 with a sentence for what cannot be done."""

    def handle(world: World, request: Request) -> Response:
        given = dict(request.args) if request.method == "GET" else wire.object_of(request) or {}
        try:
            return wire.answer(verb(world, given))
        except (BadControl, faults.UnknownFault, TypeError, ValueError) as error:
            return wire.answer({"error": str(error)}, 400)

    return handle


def health(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """Up."""
    return {"ok": True}


def show_faults(world: World, given: dict[str, Any]) -> dict[str, str]:
    """Every word with its one-line help."""
    return FAULTS


def stats(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """The counters."""
    return world.stats()


def tasks(world: World, given: dict[str, Any]) -> list[dict[str, Any]]:
    """Every task in the order of its making; `callback_url` and `prompt` are parts that must occur."""
    with world.lock:
        return [
            described(task)
            for task in world.tasks
            if given.get("callback_url", "") in task.callback_url and given.get("prompt", "") in task.work.prompt
        ]


def described(task: Task) -> dict[str, Any]:
    """One task as the control interface shows it. Money: KIE credits, fal billable units."""
    return {
        "id": task.id,
        "provider": task.provider,
        "family": task.family,
        "endpoint": task.endpoint,
        "model": task.model,
        "prompt": task.work.prompt,
        "body": task.body,
        "headers": task.headers,
        "callback_url": task.callback_url,
        "reference": task.token,
        "created_at": task.created,
        "state": task.state,
        "outcome": task.outcome,
        "inputs_fetched": task.fetched,
        "outputs": [made.url for made in task.made],
        "credits": task.credits,
        "billable_units": task.units,
        "usage": task.usage,
        "callbacks": task.callbacks,
        "polls": task.polls,
        "canceled": task.canceled,
        "faults": sorted(task.faults.words),
    }


def script(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """Faults for the next `times` (1) creates whose prompt contains `match` ("*": any)."""
    words = given.get("faults")
    if not isinstance(words, list) or not words:
        raise BadControl("faults is a list of words")
    made = Script(str(given.get("match", "*")), faults.parse(map(str, words)), int(given.get("times", 1)))
    with world.lock:
        world.scripts.append(made)
        return {"scripts": len(world.scripts)}


def reset(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """Forgets everything; settings are those of the start."""
    world.reset()
    return {"ok": True}


def settings(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """Changes speed, hmac_key, balance, enforce_limits, jwks_down, upload_fault."""
    shown = asdict(world.change(given))
    return {**shown, "balance": world.balance, "hmac_key": bool(shown["hmac_key"])}


def rotate_keys(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """A new ED25519 key; the old one is gone from the key set."""
    world.rotate_fal_key()
    return {"ok": True}


def callback(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """Sends a callback of a task now, once, and tells the answer: {"status", "body"}; status 0 is no answer.

    Given may be: outcome (what it claims; the task's own), body (JSON or text, replaces what it says), headers (set
    last), signed (false: no signature), timestamp (Unix seconds, signed), url (elsewhere)."""
    task = _task(world, given)
    outcome = _outcome(given.get("outcome", task.outcome or "success"))
    timestamp = given.get("timestamp")
    letter = letters.one(
        world,
        task,
        outcome,
        body=given.get("body"),
        timestamp=int(timestamp) if timestamp is not None else None,
    )
    signed = letter.headers if given.get("signed", True) else {}
    letter = letters.Letter(letter.raw, {**signed, **dict(given.get("headers") or {})}, letter.summary)
    url = str(given.get("url") or task.callback_url)
    delivered = delivery.post(world, task, letter, url)
    return {"status": delivered.status, "body": delivered.text}


def finish(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """Ends a task now, also one that has ended otherwise, and calls back as its faults say."""
    task = _task(world, given)
    lifecycle.finish(world, task, _outcome(given.get("outcome", "success")))
    with world.lock:
        return described(task)


def _task(world: World, given: dict[str, Any]) -> Task:
    with world.lock:
        for task in world.tasks:
            if task.id == given.get("task_id"):
                return task
    raise BadControl("no such task")


def _outcome(given: Any) -> Outcome:
    for known in get_args(Outcome):
        if given == known:
            outcome: Outcome = known
            return outcome
    raise BadControl(f"outcome is one of {', '.join(get_args(Outcome))}")
