"""Reads fal's results: images and router texts (fal.md sections 2, 4, 7). Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from generations.providers.base import Done, Failed, Observation, Unreadable
from generations.providers.kie_records import urls_of
from project import money

URLS = ("status_url", "response_url", "cancel_url")
REQUEST_ID = re.compile(r"[0-9A-Za-z_.:-]{1,200}", re.ASCII)
CONTENT_TYPES = {"content_policy_violation"}
MOST_TEXT = 200_000


def request_id_of(body: dict[str, Any]) -> str | None:
    """The request id of a submit answer or webhook; None when missing or odd."""
    value = body.get("request_id")
    return value if isinstance(value, str) and REQUEST_ID.fullmatch(value) else None


def observe(family: str, result: Any) -> Observation:
    """What a result body with HTTP 200 says."""
    if not isinstance(result, dict):
        return Unreadable("result is no object")
    return _router(result) if family == "router" else _images(result)


def _images(result: dict[str, Any]) -> Observation:
    images = result.get("images")
    flags = result.get("has_nsfw_concepts")
    if images is None:
        return Done()
    sources = urls_of(images) if isinstance(images, list) else None
    if sources is None:
        return Unreadable("images is no list of addresses")
    if isinstance(flags, list) and flags and len(flags) == len(sources):
        # A flagged image comes blacked out: it is no delivery (fal.md 7.1).
        kept = [url for url, flag in zip(sources, flags, strict=False) if flag is not True]
        if sources and not kept:
            return Failed("all outputs flagged", content=True)
        return Done(sources=kept, flagged=len(kept) < len(sources))
    return Done(sources=sources)


def _router(result: dict[str, Any]) -> Observation:
    if result.get("error"):
        return Failed("router error")
    text = result.get("output")
    if text is not None and not isinstance(text, str):
        return Unreadable("output is no text")
    usage = result.get("usage")
    cost = decimal_of(usage.get("cost")) if isinstance(usage, dict) else None
    clean = (text or "").replace("\x00", "").encode("utf-8", "replace").decode()
    micro = money.up(cost) if cost is not None and cost < money.USD else None
    return Done(text=clean[:MOST_TEXT].strip(), cost=micro, usage_cost=cost if micro is not None else None)


def with_cost(observed: Observation, cost: int | None) -> Observation:
    """The observation with a cost that came beside it, where it brought none itself."""
    if isinstance(observed, Done) and observed.cost is None and cost is not None:
        return replace(observed, cost=cost)
    return observed


def is_content(body: Any) -> bool:
    """Whether an error's `detail` list names the content policy: by type, never by text (fal.md 2.1)."""
    detail = body.get("detail") if isinstance(body, dict) else None
    if not isinstance(detail, list):
        return False
    return any(isinstance(item, dict) and item.get("type") in CONTENT_TYPES for item in detail)


def decimal_of(value: Any) -> Decimal | None:
    """A finite, non-negative decimal from a number or its text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and number >= 0 else None
