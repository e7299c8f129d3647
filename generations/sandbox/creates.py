"""What a create of either dialect shares: faults by word, the task itself, the answer that may go wrong."""

from __future__ import annotations

import re
import secrets
from typing import Any, Literal

from werkzeug import Request, Response

from generations.sandbox import lifecycle, wire
from generations.sandbox.faults import Faults
from generations.sandbox.tasks import Family, Task, Work
from generations.sandbox.world import World

REFUSED = re.compile(r"create-(\d{3})\Z")
SEEN = ("User-Agent", "Content-Type", "Accept", "X-Fal-Request-Start-Timeout", "X-Fal-Store-IO", "X-Fal-No-Retry")
SLOW_ANSWER = 30.0  # seconds


def refusal(faults: Faults) -> int | None:
    """The code of a `create-NNN` word, if one is asked for."""
    for word in faults.words:
        if found := REFUSED.match(word):
            return int(found[1])
    return None


def at_the_edge(faults: Faults) -> Response | None:
    """The refusals that are the same in both dialects."""
    if "create-html-502" in faults:
        return wire.bad_gateway()
    if "create-1010" in faults:
        return Response("error code: 1010", 403, mimetype="text/plain")
    return None


def make_task(
    world: World,
    request: Request,
    *,
    provider: Literal["kie", "fal"],
    family: Family,
    endpoint: str,
    model: str,
    body: dict[str, Any],
    callback_url: str,
    faults: Faults,
    work: Work,
    errors: list[dict[str, Any]] | None = None,
) -> Task:
    """Makes the task, charges what it will cost when it succeeds, and starts its life."""
    task = Task(
        id=world.new_id(provider, "hex" if provider == "kie" else "uuid", faults),
        provider=provider,
        family=family,
        endpoint=endpoint,
        model=model,
        body=body,
        headers={name.lower(): request.headers[name] for name in SEEN if name in request.headers},
        callback_url=callback_url,
        base=request.host_url.rstrip("/"),
        faults=faults,
        work=work,
        duration=lifecycle.duration(world, work.kind, faults, valid=not errors),
        grace=lifecycle.grace(world),
        errors=errors or [],
        seed=work.seed if work.seed is not None else secrets.randbits(63) | 1 << 63,
    )
    if task.errors and "early-callback" not in faults:
        task.grace = 0.0
    world.add(task)
    world.charge(task, work.credits_each * work.count if work.per_output else work.credits_each)
    lifecycle.begin(world, task)
    return task


def answer(world: World, request: Request, task: Task, body: Any, without_id: Any, headers: dict[str, str]) -> Response:
    """The answer to a create whose task was made: `body`, or what its faults make of it."""
    faults = task.faults
    if "lost-answer" in faults:
        wire.reset(request)
    if "slow-answer" in faults:
        world.closed.wait(faults.number("slow-answer", SLOW_ANSWER))
    response = wire.answer(without_id if "no-task-id" in faults else body, 200, headers)
    return wire.dripping(response, world.closed) if "drip-answer" in faults else response
