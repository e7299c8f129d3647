"""The fal dialect's endpoints: submit, status, result, cancel, keys (fal.md sections 1 to 4)."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError
from werkzeug import Request, Response

from generations.sandbox import creates, fal_shapes, lifecycle, signing, wire
from generations.sandbox.fal_models import ENDPOINTS, details
from generations.sandbox.faults import Faults, UnknownFault
from generations.sandbox.tasks import Task, Work
from generations.sandbox.world import World

KEY = re.compile(r"Key ([^\s:]+):([^\s:]+)\Z")
LOCKED = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."
INTERNAL = {"detail": "Internal error", "error_type": "internal_error"}


def unauthorized(request: Request) -> Response | None:
    """The 401 of a caller without a well-formed key; None for others."""
    given = request.headers.get("Authorization", "")
    if KEY.match(given):
        return None
    if given.startswith("Key "):
        text = "Invalid Key Authorization header format. Expected '<key_id>:<key_secret>'."
    else:
        text = "No user found for Key ID and Secret"
    return wire.answer({"detail": text}, 401)


def submit(world: World, request: Request, endpoint: str) -> Response:
    """A model's own validation shows in the result, not here (fal.md 2.4)."""
    if (failed := unauthorized(request)) is not None:
        return failed
    body = wire.object_of(request)
    if body is None:
        return wire.answer({"detail": "Invalid JSON body", "error_type": "bad_request"}, 400)
    try:
        faults = world.faults_for(str(body.get("prompt", "")))
    except UnknownFault as error:
        return wire.answer({"detail": str(error), "error_type": "bad_request"}, 422)
    if (failed := _asked_refusal(faults)) is not None:
        return failed
    if endpoint not in ENDPOINTS:
        return wire.answer({"detail": _no_such(endpoint)}, 404)
    family, shape = ENDPOINTS[endpoint]
    errors: list[dict[str, Any]] = []
    try:
        work = shape.model_validate(body).work()
    except ValidationError as error:
        errors = details(error.errors())
        work = Work("text" if family == "router" else "image", str(body.get("prompt", "")))
    task = creates.make_task(
        world,
        request,
        provider="fal",
        family=family,
        endpoint=endpoint,
        model=str(body.get("model", endpoint)),
        body=body,
        callback_url=request.args.get("fal_webhook", ""),
        faults=faults,
        work=work,
        errors=errors,
    )
    answered, headers = fal_shapes.submitted(task), {"x-fal-request-id": task.id}
    return creates.answer(world, request, task, answered, {"status": "IN_QUEUE"}, headers)


def _no_such(endpoint: str) -> str:
    owner_alias = "/".join(endpoint.split("/")[:2])
    if any(known.startswith(f"{owner_alias}/") or known == owner_alias for known in ENDPOINTS):
        return f"Path /{endpoint.removeprefix(owner_alias).lstrip('/')} not found"
    return f'Application "{owner_alias}" not found'


def _asked_refusal(faults: Faults) -> Response | None:
    """The word's refusal in fal's way of speaking (fal.md 2.3)."""
    code = creates.refusal(faults)
    if code in (402, 433) or "create-500-balance" in faults:
        return wire.answer({"detail": LOCKED}, 403)
    if code == 429 or "http-429" in faults:
        return wire.answer({"detail": "Too many requests", "error_type": "concurrent_requests_limit"}, 429)
    match code:
        case 401:
            return wire.answer({"detail": "No user found for Key ID and Secret"}, 401)
        case 404 | 505:
            return wire.answer({"detail": "Path / not found"}, 404)
        case 400 | 422 | 451:
            detail = [{"loc": ["body", "prompt"], "msg": "Field required", "type": "missing", "input": {}}]
            return wire.answer({"detail": detail}, 400 if code == 400 else 422)
        case 408 | 455:
            return wire.answer({"detail": "No runner", "error_type": "runner_scheduling_failure"}, 503, _seen())
        case 500:
            return wire.answer(INTERNAL, 500, _seen())
    return creates.at_the_edge(faults)


def _seen() -> dict[str, str]:
    """A server error behind the edge carries a request id: nothing is proven (fal.md 2.4)."""
    return {"x-fal-request-id": "00000000-0000-4000-8000-000000000000"}


def _of(world: World, request: Request, owner_alias: str, request_id: str) -> Task | Response:
    if (failed := unauthorized(request)) is not None:
        return failed
    task = world.find("fal", request_id)
    if task is None or not f"{task.endpoint}/".startswith(f"{owner_alias}/"):
        return wire.answer({"status": "NOT_FOUND"}, 404)
    return task


def status(world: World, request: Request, owner: str, alias: str, request_id: str) -> Response:
    """202 while it runs, 200 when it is over."""
    task = _of(world, request, f"{owner}/{alias}", request_id)
    if isinstance(task, Response):
        return task
    with world.lock:
        task.polls += 1
        match task.faults.play(("record-404", "record-422", "record-429", "record-500", "record-html")):
            case "record-404" | "record-422":
                return wire.answer({"status": "NOT_FOUND"}, 404)
            case "record-429":
                return wire.answer({"detail": "Too many requests"}, 429)
            case "record-500":
                return wire.answer(INTERNAL, 500, _seen())
            case "record-html":
                return wire.bad_gateway()
        code, body = fal_shapes.status(task)
    return wire.answer(body, code, {"x-fal-request-id": task.id})


def result(world: World, request: Request, owner: str, alias: str, request_id: str) -> Response:
    """The model's own code, headers and body."""
    task = _of(world, request, f"{owner}/{alias}", request_id)
    if isinstance(task, Response):
        return task
    with world.lock:
        if task.outcome is None:
            return wire.answer({"detail": "Request is still in progress"}, 400)
        code, text, headers = fal_shapes.result(task)
    return wire.raw_answer(text, code, headers)


def cancel(world: World, request: Request, owner: str, alias: str, request_id: str) -> Response:
    """200 removed before it ran, 202 asked for while it runs (it still ends, billed), 400 too late."""
    task = _of(world, request, f"{owner}/{alias}", request_id)
    if isinstance(task, Response):
        return task
    with world.lock:
        if task.outcome is not None:
            return wire.answer({"status": "ALREADY_COMPLETED"}, 400)
        task.canceled = True
        if task.state == "generating":
            return wire.answer({"status": "CANCELLATION_REQUESTED"}, 202)
        lifecycle.conclude(world, task, "canceled")
    return wire.answer({"status": "OK"})


def jwks(world: World, request: Request) -> Response:
    """The public keys of the webhooks."""
    if world.settings.jwks_down:
        return wire.bad_gateway()
    keys = [signing.jwk(key.public_key(), f"sandbox-{number}") for number, key in enumerate(world.fal_keys)]
    return wire.answer({"keys": keys})
