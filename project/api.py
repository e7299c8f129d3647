"""REST version 1, the frame: strict JSON in, problem details out, one base view (design section 6).

Order of every call: authentication, limits, scope, query parameters, body, and only then the call itself.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponseNotModified
from django.http.request import UnreadablePostError
from django.utils.http import parse_etags
from rest_framework import exceptions
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.actors import Actor
from accounts.authentication import actor_of
from project import api_limits, params
from project.error_views import Failure
from project.errors import (
    FieldError,
    Forbidden,
    MethodNotAllowed,
    NotFound,
    Problem,
    TooLargeBody,
    Unauthenticated,
    UnsupportedMedia,
)
from project.limits import Taken
from project.middleware import as_problem
from project.strict_json import REQUEST_MAX_BYTES, BadJson, loads_request

log = logging.getLogger(__name__)
PROBLEM_JSON = "application/problem+json"


class LengthRequired(Problem):
    status, code, title = 411, "length_required", "A Content-Length is needed"


class StrictJSONParser(BaseParser):
    """`application/json` by project.strict_json: 413 above 256 KiB, 400 for anything doubtful (faults.md row 75)."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        try:
            return loads_request(_read(stream, REQUEST_MAX_BYTES))
        except BadJson as error:
            if error.status == TooLargeBody.status:
                raise TooLargeBody(error.reason) from error
            raise Problem(
                error.reason, code="malformed_json", errors=[FieldError("", error.reason, error.code)]
            ) from error


def _read(stream: Any, most: int) -> bytes:
    """The body, but never more than one byte above `most`: whoever sent more is refused by length."""
    data = bytearray()
    while len(data) <= most:
        chunk = stream.read(most + 1 - len(data))
        if not chunk:
            break
        data += chunk
    return bytes(data)


class AlwaysJson(DefaultContentNegotiation):
    """There is one representation; an `Accept` header changes nothing, and `?format=` is an unknown parameter. A body
    has the very type that is asked for: REST framework itself would take `application/*`."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        sent = str(request.content_type).partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == sent), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, str(first.media_type)


class ApiView(APIView):
    """One address of the API.

    `permission` is what a key's scopes must allow (accounts.roles), one for all methods or one by method; None is
    open to everybody. `parameters` names the query parameters of GET; a name that ends in a dot is a prefix.
    """

    permission: ClassVar[str | Mapping[str, str] | None]
    parameters: ClassVar[frozenset[str]] = frozenset()
    parser_classes: Sequence[type[BaseParser]] = (StrictJSONParser,)
    content_negotiation_class = AlwaysJson
    revalidated: ClassVar[bool] = False  # whether a copy of GET may be kept, when asked before each use (ETag, 304)
    standing: Sequence[Taken] = ()  # how the caller stands to the limits

    def permission_of(self, request: Request) -> str | None:
        """What this request needs; OPTIONS and methods that do not exist need nothing."""
        if request.method == "OPTIONS":
            return None
        if self.permission is None or isinstance(self.permission, str):
            return self.permission
        return self.permission.get("GET" if request.method == "HEAD" else str(request.method))

    @property
    def actor(self) -> Actor:
        """Who is calling. Raises Unauthenticated or Forbidden."""
        needed = self.permission_of(self.request)
        assert needed is not None, "an open call has no actor"
        return actor_of(self.request, needed)

    def perform_authentication(self, request: Request) -> None:
        """Who is calling, and whether they have called too often: before anything else is read. Raises RateLimited."""
        try:
            super().perform_authentication(request)
        except (Unauthenticated, Forbidden):
            self.standing = api_limits.of_failed_key()
            api_limits.refuse_if_too_many(self.standing)
            raise
        self.standing = api_limits.of_caller(request.auth)
        api_limits.refuse_if_too_many(self.standing)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.META.get("HTTP_TRANSFER_ENCODING") and not request.META.get("CONTENT_LENGTH"):
            raise LengthRequired("Send the body with a Content-Length.")
        if request.method != "OPTIONS":
            params.check(request.query_params, self.parameters if request.method in ("GET", "HEAD") else frozenset())

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """204; the `Allow` header that every answer carries says what there is."""
        return Response(status=204)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        final = super().finalize_response(request, response, *args, **kwargs)
        if self.revalidated and final.status_code == 200:
            final = _revalidated(request, final)
        elif self.permission is not None or final.status_code >= 400:
            final["Cache-Control"] = "no-store"
        api_limits.tell(final, self.standing)
        return final


def _revalidated(request: Request, response: Any) -> Any:
    """The answer with its ETag, or 304 for whoever has it already: `If-None-Match` names it, weak or not, or is `*`."""
    etag = f'"{hashlib.sha256(response.render().content).hexdigest()[:32]}"'
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if known == ["*"] or etag in (tag.removeprefix("W/") for tag in known):
        allow = response["Allow"]
        response = HttpResponseNotModified(headers={"Allow": allow})
    response["ETag"] = etag
    response["Cache-Control"] = "no-cache"
    return response


class Nowhere(ApiView):
    """Every address of the API that does not exist."""

    schema = None
    permission = None
    authentication_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.perform_authentication(request)
        raise NotFound("There is no such call.")


def problem_handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """Every exception of a call as problem details (REST framework's EXCEPTION_HANDLER)."""
    problem = problem_of(error, context.get("view"))
    if problem is None:
        request = context.get("request")
        request_id = request.META.get("FRAMEHOUSE_REQUEST_ID", "") if request is not None else ""
        log.error("request %s failed", request_id, exc_info=error)
        problem = Failure(
            "It was logged under this request_id. Try again, or tell us the id.", extra={"request_id": request_id}
        )
    return Response(problem.as_json(), problem.status, headers=problem.headers, content_type=PROBLEM_JSON)


def problem_of(error: Exception, view: Any = None) -> Problem | None:
    """What an exception means to the caller; None for a defect of ours. The words are ours, never the exception's."""
    known = as_problem(error)
    if known is not None:
        return known
    match error:
        case Http404() | exceptions.NotFound():
            return NotFound()
        case PermissionDenied() | exceptions.PermissionDenied():
            return Forbidden()
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return Unauthenticated()
        case exceptions.MethodNotAllowed():
            return MethodNotAllowed("This call does not exist with this method; see the Allow header.")
        case exceptions.UnsupportedMediaType():
            wanted = " or ".join(parser.media_type for parser in getattr(view, "parser_classes", ()))
            return UnsupportedMedia(f"Send the body as {wanted or 'application/json'}.")
        case RequestDataTooBig():
            return TooLargeBody()
        case exceptions.ParseError() | SuspiciousOperation() | UnreadablePostError():
            return Problem("The request cannot be read.", code="malformed_request")
        case _:
            return None
