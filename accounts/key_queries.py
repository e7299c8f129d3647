"""What the pages about API keys show. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Now

from accounts import access, key_format, key_models, key_rules, keys
from accounts.actors import Actor
from accounts.models import ApiKey, ApiKeySecret
from project import db

MOST_ENDED = 50  # ended keys that the list shows


@dataclass(frozen=True)
class Shown:
    """One key as the pages show it. `overlap_ends_at` is when the last of its earlier secrets stops working."""

    key: ApiKey
    start: str
    state: str  # active, ending, expired, revoked
    overlap_ends_at: datetime | None
    secrets: int
    may_change: bool

    @property
    def usable(self) -> bool:
        return self.state in ("active", "ending")

    @property
    def badge(self) -> str:
        """The class of the state's badge."""
        return {"active": "succeeded", "ending": "unknown", "expired": "failed", "revoked": "failed"}[self.state]

    @property
    def maker(self) -> str:
        """Who made it, in short; a command of the operator's has no name here."""
        return (self.key.created_by.name or self.key.created_by.email) if self.key.created_by else "a program"

    @property
    def models(self) -> list[str]:
        """Names of the models that the key is held to; a slug where the catalogue has dropped it."""
        names = key_models.names() if self.key.allowed_models else {}
        return [names.get(slug, slug) for slug in self.key.allowed_models]


@dataclass(frozen=True)
class Listed:
    """A team's keys, newest first; of the ended ones only the newest."""

    usable: list[Shown]
    ended: list[Shown]
    ended_count: int


def listed(actor: Actor) -> Listed:
    """All keys of the actor's team. As many queries for one key as for a hundred."""
    moment = db.now()
    rows = _rows(access.api_keys(actor)).order_by("-created_at", "-id")
    live = Q(revoked_at=None, expires_at__gt=moment)
    usable = [_shown(row, actor, moment) for row in rows.filter(live)]
    ended = [_shown(row, actor, moment) for row in rows.exclude(live)[:MOST_ENDED]]
    return Listed(usable, ended, access.api_keys(actor).exclude(live).count())


def one(actor: Actor, public_id: str) -> Shown:
    """One key of the actor's team. Raises NotFound."""
    return _shown(_rows(access.api_keys(actor)).get(pk=access.api_key(actor, public_id).pk), actor, db.now())


def working_secrets(key: ApiKey) -> list[ApiKeySecret]:
    """The secrets that open the door now, the present one first."""
    live = ApiKeySecret.objects.filter(Q(ends_at=None) | Q(ends_at__gt=Now()), api_key=key)
    return list(live.order_by("-created_at", "-id"))


def _rows(keys_of_team: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
    return keys_of_team.select_related("created_by", "team").annotate(
        overlap_ends_at=Max("secrets__ends_at", filter=Q(secrets__ends_at__gt=Now())), secret_count=Count("secrets")
    )


def _shown(key: ApiKey, actor: Actor, moment: datetime) -> Shown:
    return Shown(
        key=key,
        start=key_format.start_of(key.lookup),
        state=_state(key, moment),
        overlap_ends_at=key.overlap_ends_at,  # type: ignore[attr-defined]  # annotated
        secrets=key.secret_count,  # type: ignore[attr-defined]  # annotated
        may_change=keys.may_give(key, actor.permissions),
    )


def _state(key: ApiKey, moment: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at <= moment:
        return "expired"
    return "ending" if key_rules.notice_due(key.expires_at, moment) else "active"
