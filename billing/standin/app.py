"""Which address is whose: the API, the hosted pages, the control interface."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from billing.standin import api, control_api, pages, wire
from billing.standin.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MOST_BODY = 1024 * 1024  # bytes


def _rules() -> list[Rule]:
    rules = [Rule(end.path, endpoint=(api.serve, end), methods=[end.method]) for end in api.ENDPOINTS]
    rules += [Rule(f"/_control/{name}", endpoint=(control_api.serve, verb)) for name, verb in control_api.VERBS.items()]
    rules += [
        Rule(path, endpoint=(pages.serve, (page, posted)), methods=["GET", "POST"] if posted else ["GET"])
        for path, page, posted in pages.PAGES
    ]
    return rules


class App:
    """The WSGI application around one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._map = Map(_rules(), strict_slashes=False, merge_slashes=False)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = request.max_form_memory_size = MOST_BODY
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        try:
            (serve, what), ids = self._map.bind_to_environ(request.environ).match()
            response: Response = serve(self.world, request, what, ids)
            return response
        except HTTPException as error:
            return _unknown(request, error)


def _unknown(request: Request, error: HTTPException) -> Response:
    told: dict[str, Any] = {
        "type": "invalid_request_error",
        "message": f"Unrecognized request URL ({request.method}: {request.path}).",
    }
    return wire.answer({"error": told}, error.code or 500)
