"""A generation as the API and outgoing events show it (design section 6): an allow list, never a row's own fields.

What a provider charged, said or is called by its ids is not in it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings

from generations import removals
from generations.models import Generation, GenerationEvent, Output, Quote, Status, Upload
from generations.reasons import RETRYABLE
from project import media_links
from project.money import to_json
from project.times import stamp

LINK_SECONDS = 24 * 3600  # an output's address is made anew in every answer and works this long

# What an event's data may show; details for staff stay inside.
SHOWN_AMOUNTS = ("held", "charged", "released")
SHOWN = ("attempt", "delivered", "outputs", "dropped", "reason", "index", "bytes", "try")


def generation(row: Generation) -> dict[str, Any]:
    """A generation in JSON. In lists `outputs` must be prefetched and `removal` selected; `paused` is there on rows of
    access.shown: what was accepted just now waits for no pause."""
    base = f"{settings.SITE_URL}/api/v1/generations/{row.public_id}"
    there = row.status == Status.SUCCEEDED and not removals.is_removed(row)
    return {
        "id": row.public_id,
        "model": row.model,
        "status": row.status,
        "input": row.input,
        "outputs": [output(item) for item in sorted(row.outputs.all(), key=lambda item: item.index)] if there else [],
        "text": row.text if row.kind == "text" and there else None,
        "outputs_deleted_at": stamp(row.removal.removed_at) if removals.is_removed(row) else None,
        "error": {"code": row.reason, "message": row.message, "retryable": row.reason in RETRYABLE}
        if row.status == Status.FAILED
        else None,
        "price": to_json(row.price),
        "held": to_json(0 if row.ended else row.hold_amount),
        "charged": to_json(row.charged or 0),
        "refunded": to_json(row.hold_amount - (row.charged or 0) if row.ended else 0),
        "metadata": row.metadata,
        "created_at": stamp(row.created_at),
        "submitted_at": stamp(row.submitted_at) if row.submitted_at else None,
        "finished_at": stamp(row.finished_at) if row.finished_at else None,
        "expires_at": stamp(row.deadline_at),
        "waits_for": (getattr(row, "paused", "") or None) if row.status == Status.QUEUED else None,
        "urls": {
            "self": base,
            "events": f"{base}/events",
            "receipt": f"{base}/receipt",
            "cancel": f"{base}/cancel",
            "web": f"{settings.SITE_URL}/generations/{row.public_id}",
        },
    }


def snapshot(row: Generation) -> tuple[dict[str, Any], dict[str, str]]:
    """The same to be kept: without links, which a dump would hold, and the stored names by the path where each link
    belongs (`outputs.0.url`)."""
    shown = generation(row)
    names: dict[str, str] = {}
    if shown["outputs"]:
        for place, item in enumerate(sorted(row.outputs.all(), key=lambda item: item.index)):
            shown["outputs"][place]["url"] = None
            names[f"outputs.{place}.url"] = item.name
    return shown, names


def output(row: Output) -> dict[str, Any]:
    """One stored output; `duration` in seconds as a number, null for an image."""
    return {
        "url": media_links.signed_url(row.name, lifetime_seconds=LINK_SECONDS),
        "kind": row.kind,
        "content_type": row.content_type,
        "width": row.width,
        "height": row.height,
        "duration": float(Decimal(row.duration_ms) / 1000) if row.duration_ms is not None else None,
        "bytes": row.bytes,
        "sha256": row.sha256,
    }


def event(row: GenerationEvent) -> dict[str, Any]:
    """One line of history."""
    data = {name: row.data[name] for name in SHOWN if name in row.data}
    data |= {name: to_json(row.data[name]) for name in SHOWN_AMOUNTS if name in row.data}
    return {"id": str(row.pk), "kind": row.kind, "data": data, "created_at": stamp(row.at)}


def quote(row: Quote) -> dict[str, Any]:
    """A stored quote."""
    return {
        "id": row.public_id,
        "model": row.model,
        "input": row.input,
        "lines": row.lines,
        "price": to_json(row.price),
        "hold": to_json(row.hold),
        "expires_at": stamp(row.expires_at),
    }


def upload(row: Upload) -> dict[str, Any]:
    """A stored upload; `url` may stand in any image field, as its id may. Each use puts off `expires_at`."""
    return {
        "id": row.public_id,
        "url": media_links.signed_url(row.name, lifetime_seconds=7 * LINK_SECONDS),
        "content_type": row.content_type,
        "bytes": row.bytes,
        "width": row.width,
        "height": row.height,
        "created_at": stamp(row.created_at),
        "expires_at": stamp(row.expires_at),
    }


def upload_address(row: Upload) -> str:
    """Where the API tells of a stored upload."""
    return f"{settings.SITE_URL}/api/v1/uploads/{row.public_id}"
