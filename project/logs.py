"""Keeps secrets out of log lines: callback tokens, API keys, signatures (faults.md row 13)."""

from __future__ import annotations

import logging
import re

_PATTERNS = (
    (re.compile(r"(/callbacks/[a-z]+/)[0-9a-f]{8,}"), r"\1[token]"),
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
