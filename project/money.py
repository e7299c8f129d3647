"""Micro-dollars and how they are written: 1 USD = 1,000,000; 1 credit = 5,000 (catalogue.md, Units).

Every amount in the house is a whole number of micro-dollars. Text in and out is exact decimal.
"""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal

USD = 1_000_000
CREDIT = 5_000
CEILING = 10**15  # invariants.md L6

_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?", re.ASCII)


def to_json(micro: int) -> dict[str, str]:
    """`{"usd": "0.21", "credits": "42"}` for 210,000 micro-dollars: exact decimal strings, no padding zeros."""
    return {"usd": usd(micro), "credits": credits(micro)}


def usd(micro: int) -> str:
    """Dollars as an exact decimal string: 17,500 -> "0.0175"."""
    return _plain(Decimal(micro) / USD)


def dollars(micro: int) -> str:
    """An amount in a sentence: 300,000 -> "$0.30", 17,500 -> "$0.0175"."""
    return in_dollars(usd(micro))


def in_dollars(text: str) -> str:
    """A dollar amount with its sign before it: "0.3" -> "$0.30", "-0.02" -> "\N{MINUS SIGN}$0.02"."""
    return f"\N{MINUS SIGN}${cents(text[1:])}" if text.startswith("-") else f"${cents(text)}"


def cents(text: str) -> str:
    """A dollar amount for people, two decimals at least: "0.3" -> "0.30", "1000" -> "1,000.00"."""
    whole, _, rest = text.partition(".")
    return f"{int(whole):,}.{rest.ljust(2, '0')}"


def credits(micro: int) -> str:
    """Credits as an exact decimal string: 17,500 -> "3.5"."""
    return _plain(Decimal(micro) / CREDIT)


def from_usd(text: str) -> int:
    """Micro-dollars of an exact dollar amount such as "0.30"; ValueError for anything else (signs, "1e3", NaN)."""
    if not isinstance(text, str) or not _AMOUNT.fullmatch(text):
        raise ValueError("an amount is digits with at most 6 decimals, such as 0.30")
    return int(Decimal(text) * USD)


def from_credits(text: str) -> int:
    """Micro-dollars of a credit amount such as "2000" or "3.5"; ValueError for anything else."""
    if not isinstance(text, str) or not _AMOUNT.fullmatch(text):
        raise ValueError("credits are digits with at most 6 decimals, such as 2000")
    micro = Decimal(text) * CREDIT
    if micro != int(micro):
        raise ValueError("credits go down to 0.0002 (one micro-dollar)")
    return int(micro)


def up(dollars: Decimal) -> int:
    """Micro-dollars of a dollar amount, rounded up to the next one (catalogue.md, prompt expansion)."""
    if not dollars.is_finite() or dollars < 0:
        raise ValueError("an amount of money is finite and not negative")
    return int((dollars * USD).to_integral_value(rounding=ROUND_CEILING))


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
