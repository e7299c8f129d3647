"""Around every request: an id for the log, and an honest answer for what went wrong."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable

from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme

from project import appearance, logs
from project.db import was_lock_timeout
from project.errors import Busy, MethodNotAllowed, Problem, TooLargeBody, Unavailable

log = logging.getLogger("project.request")
Handler = Callable[[HttpRequest], HttpResponse]
_ID = re.compile(r"[0-9A-Za-z-]{8,64}", re.ASCII)


class RequestIdMiddleware:
    """Gives each request an id (`X-Request-Id`, taken from the caller when it looks like one)."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if _ID.fullmatch(given) else uuid.uuid4().hex
        request.META["FRAMEHOUSE_REQUEST_ID"] = request_id
        with logs.lines_of(request_id):
            response = self.get_response(request)
        response["X-Request-Id"] = request_id
        return response


class BodyCapMiddleware:
    """Refuses a body by its announced length before anybody reads it: ten images and their form are the most."""

    MOST = 105 * 1024 * 1024

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isascii() and length.isdigit() and (len(length) > 15 or int(length) > self.MOST):
            return answer(request, TooLargeBody("The request is larger than anything asked for here."))
        return self.get_response(request)


class ProblemMiddleware:
    """Turns a Problem raised by a view into its answer: problem details under /api and for callbacks, a page else."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and request.method == "GET" and not wants_json(request):
            problem = MethodNotAllowed("Only a form is sent to this address. Go to the page with the form.")
            problem.headers["Allow"] = response.headers["Allow"]
            return answer(request, problem)  # else an empty page, as after reloading what a form answered
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        problem = as_problem(error)
        return None if problem is None else answer(request, problem)


def as_problem(error: Exception) -> Problem | None:
    """The Problem that an exception means at the edge, or None when it is a defect of ours."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, DatabaseError) and was_lock_timeout(error):
        return Busy("Somebody else is changing the same thing. Nothing was written; try again.")
    if isinstance(error, OperationalError | InterfaceError):
        log.error("database out of reach: %s", type(error).__name__)
        return Unavailable("The database is out of reach. Try again in a moment.", headers={"Retry-After": "5"})
    return None


def wants_json(request: HttpRequest) -> bool:
    """Whether this path answers programs."""
    return request.path.startswith(("/api/", "/callbacks/", "/health/"))


def told(request: HttpRequest) -> dict[str, object]:
    """What a page about an error knows without asking the database: the request's id and the chosen theme."""
    chosen = appearance.theme(request)["theme"]
    return {"request_id": request.META.get("FRAMEHOUSE_REQUEST_ID", ""), "theme": chosen}


def answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The response for a Problem, as JSON or as a page."""
    response: HttpResponse
    if wants_json(request):
        response = JsonResponse(problem.as_json(), status=problem.status, content_type="application/problem+json")
    else:
        context_of = None if problem.status in (413, 503) else request  # no context processors: they ask the database
        wait = problem.headers.get("Retry-After", "")
        context = {
            **told(request),
            "problem": problem,
            "wait": int(wait) if wait.isdecimal() else None,
            "sent": request.method == "POST",
            "back": _back(request),
        }
        response = HttpResponse(render_to_string("problem.html", context, context_of), status=problem.status)
    for name, value in problem.headers.items():
        response[name] = value
    return response


def _back(request: HttpRequest) -> str:
    """The page of ours that a form was sent from; nothing when it is not known or no form was sent."""
    page = request.headers.get("Referer", "")
    if request.method != "POST" or not url_has_allowed_host_and_scheme(page, allowed_hosts={request.get_host()}):
        return ""
    return page
