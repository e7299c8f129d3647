"""Public ids: a prefix and 32 hex digits of a row's uuid, such as `gen_0f...` (design section 6)."""

from __future__ import annotations

import re
import uuid

_HEX = re.compile(r"[0-9a-f]{32}", re.ASCII)


def public(prefix: str, value: uuid.UUID) -> str:
    """The id that the world sees: `gen_` + hex."""
    return f"{prefix}_{value.hex}"


def parse(prefix: str, text: object) -> uuid.UUID | None:
    """The uuid behind a public id; None when the text is not one of this prefix."""
    if not isinstance(text, str):
        return None
    head, _, tail = text.partition("_")
    if head != prefix or not _HEX.fullmatch(tail):
        return None
    return uuid.UUID(hex=tail)
