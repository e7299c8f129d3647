"""Keeps secrets out of log lines: callback tokens, API keys, signatures, links of mails (faults.md row 13, E11).

Whoever reads a log could open such a link before the one whom it was sent to."""

from __future__ import annotations

import logging
import re

_PART = r"[^\s/?#\"'<>]+"  # one part of an address
_PATTERNS = (
    (re.compile(r"(/callbacks/[a-z]+/)[0-9a-f]{8,}"), r"\1[token]"),
    # Links that are proofs by themselves. An id, as in /team/invitations/inv_..., is none and stays readable.
    (re.compile(rf"(/invitations/)(?!inv_[0-9a-f]{{32}}\b){_PART}"), r"\1[token]"),
    (re.compile(rf"(/address-changes/){_PART}"), r"\1[token]"),
    (re.compile(rf"(/accounts/password/reset/key/){_PART}"), r"\1[key]"),
    (re.compile(rf"(/accounts/confirm-email/){_PART}"), r"\1[key]"),
    (re.compile(r"fh_live_[0-9A-Za-z_]+"), "fh_live_[key]"),
    (re.compile(r"(?i)(signature=)[^&\s\"']+"), r"\1[signature]"),
    (re.compile(r"(?i)(authorization['\"]?\s*[:=]\s*['\"]?(?:bearer|key)\s+)\S+"), r"\1[secret]"),
)


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
