"""The KIE dialect's endpoints: HTTP 200 with the verdict in the body's `code` (kie.md sections 1 to 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError
from werkzeug import Request, Response

from generations.sandbox import creates, kie_shapes, wire
from generations.sandbox.faults import Faults, UnknownFault
from generations.sandbox.kie_base import Model, sentence
from generations.sandbox.kie_flat import FluxFlat, VeoFlat
from generations.sandbox.kie_models import MARKET
from generations.sandbox.tasks import Family, Task
from generations.sandbox.world import World

NO_BALANCE = "Credits insufficient : Your current balance isn't enough to run this request. Please top up to continue."
TEXTS = {
    400: "Your prompt was flagged by Website as violating content policies.",
    401: "You do not have access permissions",
    402: NO_BALANCE,
    404: "Not Found",
    408: "Upstream is currently experiencing service issues. No result has been returned for over 10 minutes.",
    422: "This field is required",
    429: "Your call frequency is too high. Please try again later.",
    433: "Request limit: sub-key usage exceeds its limit",
    451: "Failed to fetch the image. Verify any access limits set by you or your service provider.",
    455: "Service Unavailable: system is currently undergoing maintenance.",
    500: "Internal Error, Please try again later",
    505: "Feature Disabled",
}
RECORD_FAULTS = {"record-404": 404, "record-422": 422, "record-429": 429, "record-500": 500, "record-html": 502}


class Refused(Exception):
    """A request that KIE refuses, with its body code."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


def refused(code: int, text: str | None = None, *, status: int = 200) -> Response:
    """A refusal: HTTP 200 unless said otherwise."""
    return wire.answer({"code": code, "msg": text or TEXTS[code], "data": None}, status)


def guarded(handler: Callable[[World, Request, str], Response]) -> Callable[[World, Request], Response]:
    """Refuses odd agents at the edge and callers without a key; passes the key on."""

    def handle(world: World, request: Request) -> Response:
        agent = request.headers.get("User-Agent", "")
        if not agent or agent.startswith("Python-urllib"):
            return Response("error code: 1010", 403, mimetype="text/plain")
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return refused(401)
        try:
            return handler(world, request, key.strip())
        except Refused as refusal:
            return refused(refusal.code, refusal.text)

    return handle


def create(family: Family) -> Callable[[World, Request], Response]:
    """The create endpoint of a family."""

    def handle(world: World, request: Request, key: str) -> Response:
        body = wire.object_of(request)
        if body is None:
            raise Refused(400, "Invalid JSON")
        faults = _faults(world, family, body)
        failed = _asked_refusal(faults)
        if failed is not None:
            return failed
        if not world.take_create(key):
            return refused(429)
        model, name = _validated(family, body)
        work = model.work()
        if work.credits_each * work.count > world.balance:
            return refused(402)
        task = creates.make_task(
            world,
            request,
            provider="kie",
            family=family,
            endpoint=request.path,
            model=name,
            body=body,
            callback_url=str(body.get("callBackUrl") or ""),
            faults=faults,
            work=work,
        )
        ids = {"taskId": task.id, "recordId": task.id} if family == "market" else {"taskId": task.id}
        empty = {"code": 200, "msg": "success", "data": {}}
        return creates.answer(world, request, task, {"code": 200, "msg": "success", "data": ids}, empty, {})

    return guarded(handle)


def _faults(world: World, family: Family, body: dict[str, Any]) -> Faults:
    given = body.get("input") if family == "market" else body
    prompt = given.get("prompt") if isinstance(given, dict) else None
    try:
        return world.faults_for(prompt if isinstance(prompt, str) else "")
    except UnknownFault as error:
        raise Refused(422, str(error)) from error


def _asked_refusal(faults: Faults) -> Response | None:
    if "http-429" in faults:
        return refused(429, status=429)
    if "create-500-balance" in faults:
        return refused(500, NO_BALANCE)
    code = creates.refusal(faults)
    return refused(code) if code is not None else creates.at_the_edge(faults)


def _validated(family: Family, body: dict[str, Any]) -> tuple[Model, str]:
    """The request as its model, and the model's name. Raises Refused."""
    if family == "market":
        name, given, shape = str(body.get("model")), body.get("input"), MARKET.get(str(body.get("model")))
        unknown = set(body) - {"model", "input", "callBackUrl"}
        if shape is None:
            raise Refused(422, "The model name you specified is not supported. Please use a supported model name.")
        if unknown:
            raise Refused(422, f"{min(unknown)}: no such field")
    else:
        given = {key: value for key, value in body.items() if key != "callBackUrl"}
        shape = VeoFlat if family == "veo" else FluxFlat
        name = str(body.get("model", "veo3_fast" if family == "veo" else "flux-kontext-pro"))
    try:
        model = shape.model_validate(given)
        model.work()
    except ValidationError as error:
        raise Refused(422, sentence(error.errors())) from error
    except ValueError as error:
        raise Refused(422, str(error)) from error
    if isinstance(model, FluxFlat) and not model.tolerable:
        raise Refused(500, "security tolerance level is out of range. Please adjust the value.")
    return model, name


def read(family: Family) -> Callable[[World, Request], Response]:
    """The record endpoint of a family."""

    def handle(world: World, request: Request, key: str) -> Response:
        task_id = request.args.get("taskId", "")
        if not task_id:
            raise Refused(400, "taskId parameter is required")
        if not world.take_read(key):
            return refused(429)
        task = world.find("kie", task_id)
        if task is None or task.family != family:
            return wire.answer({"code": 404, "msg": "Task not found"})
        return _record(world, task)

    return guarded(handle)


def _record(world: World, task: Task) -> Response:
    with world.lock:
        task.polls += 1
        fault = task.faults.play(RECORD_FAULTS)
    null = "recordInfo is null" if task.family == "market" else "record is null"
    match fault:
        case "record-404":
            return wire.answer({"code": 404, "msg": "Task not found"})
        case "record-422":
            return refused(422, null)
        case "record-html":
            return wire.bad_gateway()
        case str():
            return refused(RECORD_FAULTS[fault])
    if not task.visible:
        return refused(422, null)
    with world.lock:
        return wire.answer({"code": 200, "msg": "success", "data": kie_shapes.record(task)})


def download_url(world: World, request: Request, key: str) -> Response:
    """A link to one of our files; a foreign address is refused."""
    url = (wire.object_of(request) or {}).get("url")
    home = f"{request.host_url}files/"
    if not isinstance(url, str) or not url.startswith(home) or url.removeprefix(home) not in world.files:
        raise Refused(422, "The URL is not one of ours")
    return wire.answer({"code": 200, "msg": "success", "data": f"{url}?expires=1200"})
