"""The exact key sets of the answers: what is not here may not be in an answer (faults.md row 67)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

PROBLEM = {"type", "title", "status", "detail", "code", "retryable", "errors"}
PAGE = {"results", "next", "previous"}
MODEL = {"slug", "name", "kind", "available", "note", "typical_seconds", "input_schema", "price"}
QUOTE = {"id", "model", "input", "lines", "price", "hold", "expires_at"}
LINE = {"label", "quantity", "unit", "unit_price", "per", "amount"}
GENERATION = {
    "id",
    "model",
    "status",
    "input",
    "outputs",
    "text",
    "outputs_deleted_at",
    "error",
    "price",
    "held",
    "charged",
    "refunded",
    "metadata",
    "created_at",
    "submitted_at",
    "finished_at",
    "expires_at",
    "waits_for",
    "urls",
}
OUTPUT = {"url", "kind", "content_type", "width", "height", "duration", "bytes", "sha256"}
URLS = {"self", "events", "receipt", "cancel", "web"}
BATCH = {
    "id",
    "name",
    "mode",
    "count",
    "accepted",
    "refused",
    "price",
    "held",
    "items",
    "created_at",
    "urls",
}
BATCH_QUOTE = {"id", "items", "count", "price", "hold", "expires_at"}
EVENT = {"id", "kind", "data", "created_at"}
UPLOAD = {"id", "url", "content_type", "bytes", "width", "height", "created_at", "expires_at"}
WALLET = {"balance", "held", "available", "open_holds", "holds"}
ENTRY = {
    "id",
    "kind",
    "amount",
    "balance_after",
    "available_change",
    "available_after",
    "held_change",
    "held_after",
    "generation",
    "payment",
    "description",
    "created_at",
}
STATEMENT = {
    "from",
    "to",
    "opening",
    "bought",
    "granted",
    "charged",
    "expired",
    "taken_back",
    "closing",
    "counts",
}
BALANCE = {"at", "balance", "available", "held", "frozen"}
SPEND = {"by", "from", "to", "amount", "count", "results", "others"}
SPENT = {"id", "name", "amount", "count", "share"}
KEY = {"id", "name", "scopes", "allowed_ips", "allowed_models", "created_at", "expires_at", "last_used_at", "limits"}
LIMIT = {"period", "limit", "base_limit", "raised_until", "used", "held", "remaining", "resets_at"}
SHORTAGE = {
    "limit_kind",
    "limit_of",
    "base_limit",
    "raised_until",
    "limits",
    "needed",
    "available",
    "held",
    "limit",
    "used",
    "missing",
    "resets_at",
    "raised_by",
    "fits",
}

_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?Z")


def micro(money: Any) -> int:
    """Micro-dollars of money in JSON; both ways of writing it must be exact and agree."""
    assert set(money) == {"usd", "credits"}
    assert all(_DECIMAL.fullmatch(text) for text in money.values()), money
    amount = Decimal(money["usd"]) * 1_000_000
    assert amount == Decimal(money["credits"]) * 5_000 == int(amount)
    return int(amount)


def is_time(text: Any) -> bool:
    return isinstance(text, str) and _TIME.fullmatch(text) is not None


def problem(response: Any, status: int, code: str, *paths: str, extra: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The problem of an answer, after its form: status, type, code, the paths of its errors, nothing else in it."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert set(body) == PROBLEM | extra
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"] == f"urn:framehouse:problem:{code}"
    assert body["title"]
    assert body["detail"]
    assert isinstance(body["retryable"], bool)
    assert [set(error) for error in body["errors"]] == [{"path", "message", "code"}] * len(body["errors"])
    assert {error["path"] for error in body["errors"]} == set(paths)
    return body
