"""Errors that no view of ours raised: an address that does not exist, a bad host, a defect."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views import defaults

from project.errors import BadRequest, Forbidden, NotFound, Problem
from project.middleware import answer, told, wants_json


class Failure(Problem):
    """A defect of ours: the log has it under the request's id."""

    status, code, title = 500, "internal_error", "Something went wrong on our side"
    retryable = True


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """With the person's navigation where the request came far enough to know the person."""
    if wants_json(request):
        return answer(request, BadRequest(""))
    page = render_to_string("400.html", told(request), request if hasattr(request, "user") else None)
    return HttpResponse(page, status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, Forbidden("")) if wants_json(request) else defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, NotFound("")) if wants_json(request) else defaults.page_not_found(request, exception)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token; `reason` is for the log, which has it already."""
    if wants_json(request):
        return answer(request, Forbidden(""))
    return HttpResponse(render_to_string("403_csrf.html", told(request), request), status=403)


def failed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """A page that needs nothing that may have broken: no database, no session, no manifest of files."""
    if wants_json(request):
        request_id = request.META.get("FRAMEHOUSE_REQUEST_ID", "")
        return answer(request, Failure("The log has it.", extra={"request_id": request_id}))
    return HttpResponse(render_to_string("500.html", told(request)), status=500)
