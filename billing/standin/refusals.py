"""Errors in Stripe's shape: {"error": {type, message, code, param, ...}} under an HTTP status."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """An answer that is an error. `kept`: an idempotency key remembers it (not so for bad parameters)."""

    def __init__(
        self, status: int, kind: str, message: str, *, code: str = "", param: str = "", kept: bool = True, **more: Any
    ) -> None:
        super().__init__(message)
        self.status, self.kept = status, kept
        self.error: dict[str, Any] = {"type": kind, "message": message, **more}
        if code:
            self.error["code"] = code
            self.error["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
        if param:
            self.error["param"] = param


def bad_parameter(message: str, param: str, code: str = "") -> Refused:
    """400 before anything is done."""
    return Refused(400, "invalid_request_error", message, code=code, param=param, kept=False)


def cannot(message: str, *, code: str = "", param: str = "", **more: Any) -> Refused:
    """400: understood, but the object's state forbids it."""
    return Refused(400, "invalid_request_error", message, code=code, param=param, **more)


def missing(what: str, ident: str, param: str = "id") -> Refused:
    """404 for an id that is not here."""
    return Refused(
        404, "invalid_request_error", f"No such {what}: '{ident}'", code="resource_missing", param=param, kept=False
    )
