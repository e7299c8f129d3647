"""Log lines: each says which request or job it belongs to, and none holds a secret (faults.md row 13, E11).

Callback tokens, API keys, signatures and links of mails are hidden: whoever reads a log could open such a link before
the one whom it was sent to."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_PART = r"[^\s/?#\"'<>]+"  # one part of an address
_PATTERNS = (
    (re.compile(r"(/callbacks/[a-z]+/)[0-9a-f]{8,}"), r"\1[token]"),
    # Links that are proofs by themselves. An id, as in /team/invitations/inv_..., is none and stays readable.
    (re.compile(rf"(/invitations/)(?!inv_[0-9a-f]{{32}}\b){_PART}"), r"\1[token]"),
    (re.compile(rf"(/address-changes/){_PART}"), r"\1[token]"),
    (re.compile(rf"(/s/){_PART}"), r"\1[token]"),
    (re.compile(rf"(/accounts/password/reset/key/){_PART}"), r"\1[key]"),
    (re.compile(rf"(/accounts/confirm-email/){_PART}"), r"\1[key]"),
    (re.compile(r"fh_live_[0-9A-Za-z_]+"), "fh_live_[key]"),
    (re.compile(r"whsec_[0-9A-Za-z_+/=-]+"), "whsec_[secret]"),
    (re.compile(r"(?i)(signature=)[^&\s\"']+"), r"\1[signature]"),
    (re.compile(r"(?i)(authorization['\"]?\s*[:=]\s*['\"]?(?:bearer|key)\s+)\S+"), r"\1[secret]"),
)

_of: ContextVar[str] = ContextVar("of", default="-")


@contextmanager
def lines_of(name: str) -> Iterator[None]:
    """Every line that is logged meanwhile, in this thread, bears it: a request's id, `job:<name>:<id>`,
    `clock:<chore>`."""
    token = _of.set(name)
    try:
        yield
    finally:
        _of.reset(token)


class Whose(logging.Filter):
    """Gives each record its `request_id`: what lines_of named, or `-`."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)  # Django's own lines come when the middleware is through
        record.request_id = getattr(request, "META", {}).get("FRAMEHOUSE_REQUEST_ID") or _of.get()
        return True


def redact(text: str) -> str:
    """The text without tokens, keys and signatures; line breaks are made visible."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


class Redact(logging.Filter):
    """Rewrites each record once, message and arguments together."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        clean = redact(message).replace("\r", "\\r").replace("\n", "\\n")
        if clean != message:
            record.msg, record.args = clean, None
        return True
