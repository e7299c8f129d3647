"""The /v1 paths: key, version, parameters, idempotency, then the verb; faults on demand around it."""

from __future__ import annotations

import json
from typing import Any

from werkzeug import Request, Response

from billing.standin import (
    accounting,
    customers,
    expanding,
    faults,
    idempotency,
    intents,
    money_back,
    params,
    sessions,
    settling,
    shapes,
    wire,
)
from billing.standin.endpoints import Endpoint
from billing.standin.refusals import Refused
from billing.standin.world import MOST_CALLS, World

KEYS = "sk_test_standin"  # what a key begins with
ENDPOINTS = (
    *customers.ENDPOINTS,
    *sessions.ENDPOINTS,
    *intents.ENDPOINTS,
    *money_back.ENDPOINTS,
    *accounting.ENDPOINTS,
)
OOPS = {"error": {"type": "api_error", "message": "An unknown error occurred"}}
BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


def serve(world: World, request: Request, endpoint: Endpoint, ids: dict[str, str]) -> Response:
    """One call, answered and noted."""
    request_id = shapes.new_id("req")
    key = request.headers.get("Idempotency-Key", "") if request.method == "POST" else ""
    call: dict[str, Any] = {
        "method": request.method,
        "path": request.path,
        "endpoint": f"{request.method} {endpoint.path}",
        "idempotency_key": key,
        "status": 0,
        "replayed": False,
        "fault": None,
        "params": {},
    }
    with world.lock:
        world.calls.append(call)
        del world.calls[:-MOST_CALLS]
    fault = faults.take(world, request.method, request.path)
    call["fault"] = fault["kind"] if fault else None
    if call["fault"] == "refused":
        wire.reset(request)
    try:
        status, body = _answered(world, request, endpoint, ids, fault, call, (request_id, key))
    except Refused as refused:
        status, body = refused.status, _text(refused, request_id)
    call["status"] = status
    if call["fault"] == "lost":
        wire.reset(request)
    headers = {"Request-Id": request_id, "Stripe-Version": shapes.API_VERSION}
    headers |= {"Idempotency-Key": key} if key else {}
    headers |= {"Idempotent-Replayed": "true"} if call["replayed"] else {}
    kind = "text/html" if body == BAD_GATEWAY else "application/json"
    return Response(body, status, headers, mimetype=kind)


def _answered(
    world: World,
    request: Request,
    endpoint: Endpoint,
    ids: dict[str, str],
    fault: dict[str, Any] | None,
    call: dict[str, Any],
    named: tuple[str, str],
) -> tuple[int, str]:
    _check_caller(request)
    kind = fault["kind"] if fault else ""
    if kind == "429":
        raise Refused(429, "rate_limit_error", "Request rate limit exceeded.", code="rate_limit", kept=False)
    if kind == "bad_gateway":
        return 502, BAD_GATEWAY
    pairs = [*request.args.items(multi=True), *request.form.items(multi=True)]
    raw = call["params"] = params.nested(pairs)
    request_id, key = named
    if key and (kept := idempotency.begin(world, key, request.method, request.path, raw)):
        call["replayed"] = True
        return kept.status, kept.body
    if fault and kind == "slow":
        era = world.era
        world.epoch.wait(fault["seconds"])
        if world.era != era:  # the world it was asked of is gone
            wire.reset(request)
    try:
        status, body, keep = _run(world, endpoint, ids, raw, kind, named)
    except BaseException:
        idempotency.forget(world, key)
        raise
    if key and keep:
        idempotency.finish(world, key, status, body)
    elif key:
        idempotency.forget(world, key)
    world.save()
    return status, body


def _run(
    world: World, endpoint: Endpoint, ids: dict[str, str], raw: dict[str, Any], kind: str, named: tuple[str, str]
) -> tuple[int, str, bool]:
    """Status, body, and whether an idempotency key remembers them."""
    oops = json.dumps(OOPS)
    if kind == "500":
        return 500, oops, True
    request_id, key = named
    try:
        given = params.check(raw, endpoint.known, required=endpoint.required)
        wanted = given.pop("expand", [])
        expanding.check(f"list:{endpoint.shows}" if endpoint.lists else endpoint.shows, wanted)
        with world.asked_by(request_id, key or None, writes=endpoint.method != "GET"):
            settling.settle_due(world)
            shown = endpoint.verb(world, given, **ids)
            body = json.dumps(expanding.expand(world, shown, wanted), indent=2)
    except Refused as refused:
        status, body, keep = refused.status, _text(refused, request_id), refused.kept
        return (500, oops, True) if kind == "500_after" else (status, body, keep)
    return (500, oops, True) if kind == "500_after" else (200, body, True)


def _check_caller(request: Request) -> None:
    """The key is ours, and the version the one whose shapes these are."""
    key = _key(request)
    if not key.startswith(KEYS):
        shown = f"{key[:8]}{'*' * 8}{key[-4:]}" if len(key) > 16 else "none"
        raise Refused(
            401,
            "invalid_request_error",
            f"Invalid API Key provided: {shown}. This is a stand-in for Stripe: its keys begin with {KEYS}.",
            kept=False,
        )
    version = request.headers.get("Stripe-Version", shapes.API_VERSION)
    if version != shapes.API_VERSION:
        raise Refused(
            400,
            "invalid_request_error",
            f"Invalid Stripe API version: {version}. The stand-in speaks {shapes.API_VERSION}.",
            kept=False,
        )


def _key(request: Request) -> str:
    given = request.authorization
    if given is not None and given.type == "basic":
        return given.username or ""
    return (given.token or "") if given is not None and given.type == "bearer" else ""


def _text(refused: Refused, request_id: str) -> str:
    error = {**refused.error, "request_log_url": f"https://dashboard.stripe.com/test/logs/{request_id}"}
    return json.dumps({"error": error}, indent=2)
