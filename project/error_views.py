"""Errors that no view of ours raised: an address that does not exist, a bad host, a defect."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from project.errors import BadRequest, Forbidden, NotFound, Problem
from project.middleware import answer, wants_json


class Failure(Problem):
    """A defect of ours: the log has it under the request's id."""

    status, code, title = 500, "internal_error", "Something went wrong on our side"
    retryable = True


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, BadRequest("")) if wants_json(request) else defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, Forbidden("")) if wants_json(request) else defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, NotFound("")) if wants_json(request) else defaults.page_not_found(request, exception)


def failed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    if not wants_json(request):
        return defaults.server_error(request)
    request_id = request.META.get("FRAMEHOUSE_REQUEST_ID", "")
    return answer(request, Failure("The log has it.", extra={"request_id": request_id}))
