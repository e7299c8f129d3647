"""A model's input from the outside: validated, its images checked, and made ready for a provider.

An image field takes a public https URL or one of our uploads (its id or its url; design section 6). Uploads are
kept as ids in the stored input; the provider gets a fresh signed address of them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.conf import settings

from accounts.models import Team
from generations import media
from generations.catalog.base import Entry, InputError, Rates
from generations.models import Generation, Upload, UploadState
from project import db, ids, net
from project.errors import FieldError, Invalid

IMAGE_BYTES = 10 * 1024 * 1024
LOOK_DEADLINE = 4.0  # seconds for looking at one foreign image
MOST_LOOKS = 10
UPLOAD_IN_URL = re.compile(r"/uploads/([0-9a-f]{32})\.[a-z]+(?:\?|$)")


def validate(
    *, entry: Entry, data: object, team: Team | None, rates: Rates, image: Callable[[str], str] | None = None
) -> dict[str, Any]:
    """The input with defaults filled in and uploads as ids. Raises Invalid with a path for every wrong field.

    `rates` are the price data in force: they list the language models of a router. Without a team uploads cannot be
    resolved and are refused. `image` reads an address in place of own_upload and foreign (ValueError refuses it)."""
    try:
        clean = entry.validate(data, rates=rates)
    except InputError as error:
        fields = [FieldError(f"input.{e.path}" if e.path else "input", e.message, e.code) for e in error.errors]
        raise Invalid("The input has errors.", errors=fields) from error
    problems: list[FieldError] = []
    mapping: dict[str, str] = {}
    for path, value in entry.image_paths(clean):
        try:
            mapping[value] = image(value) if image else own_upload(value, team) or foreign(value)
        except ValueError as error:
            problems.append(FieldError(f"input.{path}", str(error), "image_refused"))
    if problems:
        raise Invalid("An image cannot be used.", errors=problems)
    return entry.with_images(clean, lambda value: mapping[value])


def look_at_images(*, entry: Entry, data: dict[str, Any]) -> None:
    """Fetches the head of each foreign image through the guard: what is no jpeg, png or webp, or above 10 MB, or
    lies at an address that is not public, is refused here. One that cannot be reached from here is left to the
    provider, who fetches it from elsewhere. Never inside a transaction."""
    problems: list[FieldError] = []
    seen: set[str] = set()
    for path, value in foreign_images(entry, data)[:MOST_LOOKS]:
        if value in seen:
            continue
        seen.add(value)
        sentence = look(value)
        if sentence:
            problems.append(FieldError(f"input.{path}", sentence, "image_refused"))
    if problems:
        raise Invalid("An image cannot be used.", errors=problems)


def foreign_images(entry: Entry, data: dict[str, Any]) -> list[tuple[str, str]]:
    """The images of a validated input that lie elsewhere: path and address."""
    return [(path, value) for path, value in entry.image_paths(data) if not value.startswith("upl_")]


def look(url: str, *, seconds: float = LOOK_DEADLINE) -> str:
    """A sentence about what is wrong with a foreign image, or nothing."""
    try:
        response = net.fetch(method="GET", url=url, deadline=seconds, max_bytes=IMAGE_BYTES, guard=net.Guard.PUBLIC)
    except net.Unresolvable:
        return ""
    except net.Refused as error:
        return error.reason
    except net.TooLarge:
        return "the image is larger than 10 MB"
    except net.NetError:
        return ""
    if response.status != 200:
        return f"the address answers {response.status} instead of an image" if response.status in (404, 410) else ""
    if media.sniff(response.body[:64]) not in ("image/jpeg", "image/png", "image/webp"):
        return "the address holds no jpeg, png or webp image"
    return ""


def own_upload(value: str, team: Team | None) -> str | None:
    """The id of an upload of this team that a value names; None when it names none of ours."""
    wanted = ids.parse("upl", value)
    if wanted is None and value.startswith(f"{settings.SITE_URL}/media/"):
        match = UPLOAD_IN_URL.search(value)
        if match is None:
            raise ValueError("this address of ours is no upload")
        wanted = UUID(hex=match[1])
    if wanted is None:
        if value.startswith("upl_"):
            raise ValueError("there is no such upload")
        return None
    row = Upload.objects.filter(team=team, pk=wanted, state=UploadState.READY).first() if team is not None else None
    if row is None:
        raise ValueError(f"there is no such upload; one goes {settings.UPLOAD_KEEP_DAYS} days after its last use")
    if row.expires_at <= db.now():
        raise ValueError(f"this upload expired on {row.expires_at:%Y-%m-%d}; send the image again")
    return row.public_id


def foreign(value: str, *, resolve: net.Resolver | None = None) -> str:
    """A public https address, checked by form and name (faults.md row 61). Raises ValueError."""
    try:
        net.check_url(value, resolve=resolve)
    except net.Unresolvable:
        return value  # the provider may know the name; nothing is fetched from here
    except net.Refused as error:
        raise ValueError(error.reason) from error
    return value


def check_webhook(url: str, *, resolve: net.Resolver | None = None) -> None:
    """Raises Invalid for an address that we would not call. Asks DNS: never inside a transaction."""
    if not url:
        return
    try:
        foreign(url, resolve=resolve)
    except ValueError as error:
        reason = str(error)
        raise Invalid(reason, errors=[FieldError("webhook_url", reason, "address_refused")]) from error


def for_provider(*, entry: Entry, generation: Generation, addresses: Mapping[str, str]) -> dict[str, Any]:
    """The stored input with each upload replaced by its address (hand_over.addresses)."""
    return entry.with_images(
        generation.input, lambda value: addresses[value] if ids.parse("upl", value) is not None else value
    )


def fingerprint(model: str, data: dict[str, Any]) -> str:
    """sha256 of the canonical JSON of model and input."""
    text = json.dumps([model, data], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
