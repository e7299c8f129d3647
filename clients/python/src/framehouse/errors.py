"""What can go wrong, as exceptions; every one is a FramehouseError."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from framehouse.shapes import Generation


class FramehouseError(Exception):
    """The base of all errors of this package. `idempotency_key` is that of the call, where it had one: whatever became
    of it, the same call with the same key is never done twice."""

    idempotency_key: str | None = None


class APIConnectionError(FramehouseError):
    """No answer came. Whether the request arrived is unknown, unless it was refused before anything was sent."""


class APITimeoutError(APIConnectionError):
    """No answer came in time."""


class UnreadableAnswer(FramehouseError):
    """The answer is not what the API is documented to say; is base_url right?"""


class DownloadError(FramehouseError):
    """A file could not be fetched, or is not the one that the API described: nothing was kept of it."""


class WaitTimeout(FramehouseError):
    """The wait is over and the generation is not: it goes on, wait for it again. `generation` is its last known state,
    None when it was never seen."""

    def __init__(self, message: str, generation: Generation | None) -> None:
        super().__init__(message)
        self.generation = generation


class GenerationFailed(FramehouseError):
    """The generation ended without a result and nothing was charged; `generation.error` says why."""

    def __init__(self, generation: Generation) -> None:
        error = generation.error
        reason = f": {error.code}: {error.message}" if error else ""
        super().__init__(f"{generation.id} {generation.status}{reason}")
        self.generation = generation


@dataclass(frozen=True)
class FieldError:
    """One thing wrong with one field; `path` is dotted: `input.image_urls.0`."""

    path: str
    message: str
    code: str


class APIError(FramehouseError):
    """The API refused (RFC 9457 problem details). `problem` is the whole answer: for money it also says which limit,
    what is used and who can raise it. `retry_after` in seconds, where the API named a time."""

    def __init__(
        self,
        status: int,
        problem: Mapping[str, Any],
        *,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.status = status
        self.problem = problem
        self.code = str(problem.get("code") or f"http_{status}")
        self.title = str(problem.get("title") or f"HTTP status {status}")
        self.detail = str(problem.get("detail") or self.title)
        self.retryable = problem.get("retryable") is True
        self.request_id = request_id or problem.get("request_id")
        self.retry_after = retry_after
        found = problem.get("errors")
        self.errors = tuple(
            FieldError(*(str(one.get(name, "")) for name in ("path", "message", "code")))
            for one in (found if isinstance(found, list) else [])
            if isinstance(one, dict)
        )
        fields = "".join(f"; {one.path}: {one.message}" for one in self.errors)
        tail = f" (request {self.request_id})" if self.request_id else ""
        super().__init__(f"{status} {self.code}: {self.detail}{fields}{tail}")


class Unauthenticated(APIError):
    """401: no key, or not a valid one."""


class PaymentRequired(APIError):
    """402: not enough credit, or a budget blocks."""


class Forbidden(APIError):
    """403: the key's scopes do not reach."""


class NotFound(APIError):
    """404: not there, or not your team's."""


class Conflict(APIError):
    """409: not in this state."""


class Invalid(APIError):
    """422: `errors` names each field."""


class RateLimited(APIError):
    """429: too many requests, and the time to wait is longer than this client waits by itself."""


class ServerError(APIError):
    """5xx."""


_BY_STATUS: dict[int, type[APIError]] = {
    401: Unauthenticated,
    402: PaymentRequired,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    422: Invalid,
    429: RateLimited,
}


def error_class(status: int) -> type[APIError]:
    """The exception of an HTTP status."""
    return _BY_STATUS.get(status, ServerError if status >= 500 else APIError)
