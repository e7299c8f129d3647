"""What every call that makes something has in common: the idempotency key, the wait for an end, the answer."""

from __future__ import annotations

import re
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actors import Actor
from generations import access, idempotency, present, queries
from generations.models import Generation
from project.api import PROBLEM_JSON
from project.ids import public

LONGEST_WAIT = 60  # seconds
_WAIT = re.compile(r'(?:^|[,;])\s*wait\s*=\s*"?([0-9]{1,9})"?\s*(?=[,;]|$)', re.ASCII | re.IGNORECASE)


def wait_of(request: Request) -> int:
    """The seconds of `Prefer: wait=N`, at most 60; 0 without one. A preference that cannot be read is passed over
    (RFC 7240 section 2)."""
    found = _WAIT.search(request.headers.get("Prefer", ""))
    return min(int(found[1]), LONGEST_WAIT) if found else 0


def idempotency_of(request: Request) -> tuple[str, str] | None:
    """The key of the request and the print that it stands for. Raises Invalid."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    print_of_request = idempotency.fingerprint(method="POST", path=request.path, body=request.data)
    return idempotency.check_key(key), print_of_request


def accepted(generation: Generation) -> idempotency.Answer:
    """The first answer of a generation's acceptance."""
    shown = present.generation(generation)
    return idempotency.Answer(201, shown, {"Location": shown["urls"]["self"]})


def response(answer: idempotency.Answer, **headers: str) -> Response:
    """A first answer, or its replay, as it goes out."""
    replayed = {"Idempotency-Replayed": "true"} if answer.replayed else {}
    content_type = PROBLEM_JSON if answer.status >= 400 else None
    return Response(
        answer.body, answer.status, headers={**answer.headers, **headers, **replayed}, content_type=content_type
    )


def waited(request: Request, actor: Actor, made: UUID | None, answer: idempotency.Answer) -> Response:
    """The answer of a generation that was `made` by this request: with `Prefer: wait`, as it is at its end."""
    wait = wait_of(request)
    if made is None or not wait:
        return response(answer)
    queries.wait_for_end(made, seconds=wait)
    body = present.generation(access.generation(actor, public("gen", made)))
    now = idempotency.Answer(answer.status, body, answer.headers)
    return response(now, **{"Preference-Applied": f"wait={wait}"})
