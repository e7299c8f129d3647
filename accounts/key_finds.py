"""Keys that were found somewhere they should not be. The leak pattern for scanners is key_format.KEY."""

from __future__ import annotations

from dataclasses import dataclass

from accounts import key_format
from accounts.models import ApiKey, ApiKeySecret
from project import db


@dataclass(frozen=True)
class Find:
    """A key of ours whose text was found, and whether that text still opens the door."""

    key: ApiKey
    works: bool


def in_text(text: str) -> list[Find]:
    """The keys of ours in a text, each once: by form, checksum and stored mark. An invented one is not among them."""
    finds: dict[int, Find] = {}
    moment = db.now()
    for found in key_format.found_in(text):
        secret = ApiKeySecret.objects.filter(digest=key_format.digest(found)).select_related("api_key__team").first()
        if secret is None:
            continue
        key = secret.api_key
        ended = secret.ends_at is not None and secret.ends_at <= moment
        works = not ended and key.revoked_at is None and key.expires_at > moment
        if works or key.pk not in finds:
            finds[key.pk] = Find(key, works)
    return list(finds.values())
