"""Text that people type or programs send: what may be kept of it (faults.md row 76)."""

from __future__ import annotations

import unicodedata

# Controls, surrogates, private use, and format characters: right-to-left overrides and zero-width marks hide things.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
_JOINERS = {"\u200c", "\u200d"}  # some scripts and emoji cannot be written without them

_BLANK_LETTERS = {"\u115f", "\u1160", "\u3164", "\uffa0"}  # Hangul fillers: letters that nobody sees


def printable(text: str) -> str:
    """The text without what cannot be seen or stored: for headers and log lines of others."""
    return "".join(" " if unicodedata.category(char) in _HIDDEN else char for char in text).strip()


def clean_name(text: str, *, longest: int = 120) -> str:
    """A name as it is kept: NFC, one line, single spaces. Raises ValueError with what is wrong with it."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        raise ValueError("must not be empty")
    if len(name) > longest:
        raise ValueError(f"must have at most {longest} characters")
    if any(unicodedata.category(char) in _HIDDEN and char not in _JOINERS for char in name):
        raise ValueError("must not hold invisible or control characters")
    if not any(unicodedata.category(char)[0] in "LNPS" and char not in _BLANK_LETTERS for char in name):
        raise ValueError("must hold something that can be seen")
    return name
