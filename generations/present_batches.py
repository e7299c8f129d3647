"""Batches and their quotes as the API shows them: allow lists, as in present.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from generations import present
from generations.models import Batch, BatchQuote, Generation
from project.money import to_json
from project.times import stamp


def batch(row: Batch, generations: Mapping[str, Generation]) -> dict[str, Any]:
    """A batch with its generations (by public id) as they are now; `held` is what is set aside for it now."""
    base = f"{settings.SITE_URL}/api/v1/generations"
    return {
        "id": row.public_id,
        "name": row.name,
        "mode": row.mode,
        "count": row.count,
        "accepted": row.accepted,
        "refused": row.count - row.accepted,
        "price": to_json(row.price),
        "held": to_json(sum(each.hold_amount for each in generations.values() if not each.ended)),
        "items": [_item(index, item, generations) for index, item in enumerate(row.items)],
        "created_at": stamp(row.created_at),
        "urls": {"self": f"{base}/batch/{row.public_id}", "generations": f"{base}?batch={row.public_id}"},
    }


def _item(index: int, item: Mapping[str, Any], generations: Mapping[str, Generation]) -> dict[str, Any]:
    if "error" in item:
        return {"index": index, "status": "refused", "error": item["error"]}
    shown = present.generation(generations[item["generation"]])
    return {"index": index, "status": "accepted", "generation": shown}


def quote(row: BatchQuote) -> dict[str, Any]:
    """A stored quote of a batch."""
    return {
        "id": row.public_id,
        "items": [_quoted(index, item) for index, item in enumerate(row.items)],
        "count": row.count,
        "price": to_json(row.price),
        "hold": to_json(row.hold),
        "expires_at": stamp(row.expires_at),
    }


def _quoted(index: int, item: Mapping[str, Any]) -> dict[str, Any]:
    if "error" in item:
        return {"index": index, "error": item["error"]}
    return {
        "index": index,
        "model": item["model"],
        "input": item["input"],
        "lines": item["lines"],
        "price": to_json(item["price"]),
        "hold": to_json(item["hold"]),
    }
