"""Which address is whose: the KIE paths, fal's, the files, the control interface. The paths do not collide."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from generations.sandbox import billing, control_api, fal, kie, uploads, wire
from generations.sandbox.faults import FAULTS
from generations.sandbox.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MOST_BODY = 20 * 1024 * 1024
Handler = Callable[..., Response]


def _index(world: World, request: Request) -> Response:
    """What this is, for whoever opens it in a browser."""
    rules = sorted(f"{'/'.join(sorted(rule.methods or ()))}  {rule.rule}" for rule in _rules())
    words = [f"[[{word}]]  {text}" for word, text in FAULTS.items()]
    text = "\n".join(["Framehouse sandbox provider", "", *rules, "", "Faults by a word in the prompt:", *words, ""])
    return Response(text, mimetype="text/plain")


def _kie_unknown(world: World, request: Request, rest: str) -> Response:
    return wire.answer({"code": 404, "msg": "Not Found"}, 404)


def _counted(handler: Handler) -> Handler:
    """Counts the request before anything can refuse it."""

    def handle(world: World, request: Request, **values: str) -> Response:
        world.count_create()
        return handler(world, request, **values)

    return handle


def _file(world: World, request: Request, name: str) -> Response:
    return world.files.serve(request, name)


def _rules() -> list[Rule]:
    def get(path: str, handler: Handler) -> Rule:
        return Rule(path, endpoint=handler, methods=["GET"])

    def post(path: str, handler: Handler) -> Rule:
        return Rule(path, endpoint=handler, methods=["POST"])

    asked, told = control_api.handler, "/_control"
    request = "/<owner>/<alias>/requests/<request_id>"
    return [
        get("/", _index),
        get("/files/<name>", _file),
        get("/.well-known/jwks.json", fal.jwks),
        post("/api/v1/jobs/createTask", _counted(kie.create("market"))),
        get("/api/v1/jobs/recordInfo", kie.read("market")),
        post("/api/v1/veo/generate", _counted(kie.create("veo"))),
        get("/api/v1/veo/record-info", kie.read("veo")),
        post("/api/v1/flux/kontext/generate", _counted(kie.create("flux"))),
        get("/api/v1/flux/kontext/record-info", kie.read("flux")),
        get("/api/v1/chat/credit", kie.guarded(billing.credit)),
        get("/v1/account/billing", billing.account),
        get("/v1/models/billing-events", billing.events),
        post("/api/v1/common/download-url", kie.guarded(kie.download_url)),
        post("/api/file-stream-upload", uploads.kie),
        post("/storage/upload/initiate", uploads.initiate),
        Rule("/storage/put/<name>", endpoint=uploads.put, methods=["PUT"]),
        Rule("/api/<path:rest>", endpoint=_kie_unknown),
        get(f"{told}/health", asked(control_api.health)),
        get(f"{told}/faults", asked(control_api.show_faults)),
        get(f"{told}/stats", asked(control_api.stats)),
        get(f"{told}/tasks", asked(control_api.tasks)),
        post(f"{told}/script", asked(control_api.script)),
        post(f"{told}/reset", asked(control_api.reset)),
        post(f"{told}/settings", asked(control_api.settings)),
        post(f"{told}/rotate-keys", asked(control_api.rotate_keys)),
        post(f"{told}/callback", asked(control_api.callback)),
        post(f"{told}/finish", asked(control_api.finish)),
        get(f"{request}/status", fal.status),
        get(f"{request}/response", fal.result),
        get(request, fal.result),
        Rule(f"{request}/cancel", endpoint=fal.cancel, methods=["PUT"]),
        post("/<path:endpoint>", _counted(fal.submit)),
    ]


class App:
    """The WSGI application around one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._map = Map(_rules(), strict_slashes=False, merge_slashes=False)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = MOST_BODY
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        try:
            handler, values = self._map.bind_to_environ(request.environ).match()
            response: Response = handler(self.world, request, **values)
            return response
        except HTTPException as error:
            return wire.answer({"detail": error.name}, error.code or 500)
