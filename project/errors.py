"""The one family of errors that edges translate: RFC 9457 problem details (design section 6).

A Problem says what is wrong in our own words. It never carries a provider's text, a key or a stack trace.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FieldError:
    """One thing wrong with one field. `path` is dotted from the body's root: `input.image_urls.0`."""

    path: str
    message: str
    code: str = "invalid"


class Problem(Exception):
    """An answer that is not the one asked for: HTTP status, stable code, one sentence."""

    status = 400
    code = "bad_request"
    title = "Bad request"
    retryable = False

    def __init__(
        self,
        detail: str = "",
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        if code is not None:
            self.code = code
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})

    def as_json(self) -> dict[str, Any]:
        """The body of an `application/problem+json` answer."""
        body: dict[str, Any] = {
            "type": f"urn:framehouse:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "retryable": self.retryable,
            "errors": [{"path": e.path, "message": e.message, "code": e.code} for e in self.errors],
        }
        return {**body, **self.extra}


class BadRequest(Problem):
    """The request cannot be read at all."""


class Invalid(Problem):
    status, code, title = 422, "invalid", "The request has errors"


class Unauthenticated(Problem):
    status, code, title = 401, "unauthenticated", "A valid API key is needed"

    def __init__(self, detail: str = "", **rest: Any) -> None:
        super().__init__(detail, **rest)
        self.headers.setdefault("WWW-Authenticate", 'Bearer realm="framehouse"')


class Forbidden(Problem):
    status, code, title = 403, "forbidden", "Not allowed"


class NotFound(Problem):
    status, code, title = 404, "not_found", "Not found"


class MethodNotAllowed(Problem):
    status, code, title = 405, "method_not_allowed", "Method not allowed"


class Conflict(Problem):
    status, code, title = 409, "conflict", "Conflict"


class Gone(Problem):
    status, code, title = 410, "gone", "No longer there"


class TooLargeBody(Problem):
    status, code, title = 413, "too_large", "The request is too large"


class UnsupportedMedia(Problem):
    status, code, title = 415, "unsupported_media_type", "This content type is not understood"


class PaymentRequired(Problem):
    """Not enough credit, or a budget blocks; `extra` names the limit, used, held, left and who can raise it."""

    status, code, title = 402, "insufficient_credit", "Not enough credit"

    def __init__(self, detail: str = "", *, room: int = 0, **rest: Any) -> None:
        super().__init__(detail, **rest)
        self.room = room  # micro-dollars that would still fit


class RateLimited(Problem):
    status, code, title = 429, "rate_limited", "Too many requests"
    retryable = True


class Busy(Problem):
    """A lock or connection was not to be had in time: nothing was written, try again."""

    status, code, title = 503, "busy", "Try again in a moment"
    retryable = True

    def __init__(self, detail: str = "", **rest: Any) -> None:
        super().__init__(detail, **rest)
        self.headers.setdefault("Retry-After", "2")


class Unavailable(Problem):
    status, code, title = 503, "unavailable", "Not available right now"
    retryable = True
