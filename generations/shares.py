"""Share links: what somebody made, shown to whoever holds the link, until it expires or is revoked (make, revoke).

The link is a signature over the share's id under a salt of its own, so it can be shown again at any time, and a dump
of the database holds none. It shows what `share_queries.opened` gives and nothing else of the team.

What becomes of a link when its team does: of a suspended team nothing is shown (a public page is not reading, and
abuse is a reason for a suspension), and everything again once it is reinstated; of a closed team nothing any more,
because nobody is left who could revoke it. Revoking is possible whatever the team's standing.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.core.signing import BadSignature, Signer

from accounts import access, audit, roles, teams
from accounts.actors import Actor
from accounts.models import Action
from generations import states
from generations.models import Generation, Output, Removal, Share, Status
from project import db
from project.errors import Conflict, FieldError, Invalid, NotFound

SALT = "generations.share"  # of links that are out in the world
LIFETIMES = (1, 7, 30, 90)  # days
USUAL = 7
OPEN_OF_A_GENERATION = 20


def link(share: Share) -> str:
    """The address to hand out."""
    return f"{settings.SITE_URL}/s/{token(share)}"


def token(share: Share) -> str:
    """What the link carries: the share's id and our signature over it."""
    return _signer().sign(share.id.hex)


def read(text: str) -> uuid.UUID:
    """The id that a token carries. Raises NotFound for what we did not sign."""
    try:
        return uuid.UUID(hex=_signer().unsign(text))
    except BadSignature as error:
        raise NotFound("This link is not one of ours. Look whether it was copied whole.") from error


def make(*, by: Actor, generation: Generation, days: int, shows_inputs: bool, press: str = "") -> Share:
    """Makes a link to the generation's outputs, good for `days` of LIFETIMES. The same `press` (32 hex digits of the
    form) again gives the share of the first one.

    Raises Invalid (field `days`), Conflict (`nothing_to_share`, `too_many_shares`), Forbidden."""
    if days not in LIFETIMES:
        message = f"Choose {', '.join(str(each) for each in LIFETIMES[:-1])} or {LIFETIMES[-1]} days."
        raise Invalid(message, errors=[FieldError("days", message, "not_allowed")])
    pk = uuid.uuid5(generation.pk, press) if press else uuid.uuid4()
    wanted = Share(id=pk, team=by.team, generation=generation, shows_inputs=shows_inputs)
    return db.in_transaction(lambda: _make(by, wanted, timedelta(days=days)))


def _make(by: Actor, wanted: Share, lifetime: timedelta) -> Share:
    actor = access.still(by, roles.MAKE)
    teams.require_active(actor.team)
    row = states.locked(wanted.generation_id)  # so that two at once are counted one by one
    if row.team_id != actor.team.pk:
        raise NotFound("There is no such generation.")
    again = Share.objects.filter(pk=wanted.pk, generation=row).first()
    if again is not None:
        return again
    _require_outputs(row)
    moment = db.now()
    still_open = Share.objects.filter(generation=row, revoked_at=None, expires_at__gt=moment)
    if still_open.count() >= OPEN_OF_A_GENERATION:
        message = f"It has {OPEN_OF_A_GENERATION} open links. Revoke one first."
        raise Conflict(message, code="too_many_shares")
    wanted.created_by, wanted.created_at, wanted.expires_at = actor.name, moment, moment + lifetime
    wanted.save(force_insert=True)
    _record(Action.SHARE_MADE, actor, wanted, row)
    return wanted


def _require_outputs(row: Generation) -> None:
    there = row.status == Status.SUCCEEDED and Output.objects.filter(generation=row).exists()
    if not there or Removal.objects.filter(generation=row).exists():
        message = "Only results that are there can be shared: an image or a video that came, and was not deleted."
        raise Conflict(message, code="nothing_to_share")


def revoke(*, by: Actor, share: Share) -> Share:
    """Ends a link now; one that is revoked or has expired stays as it is. Raises NotFound, Forbidden."""
    return db.in_transaction(lambda: _revoke(by, share.pk))


def _revoke(by: Actor, pk: uuid.UUID) -> Share:
    actor = access.still(by, roles.MAKE)
    rows = Share.objects.select_for_update(no_key=True, of=("self",)).select_related("generation")
    row = rows.filter(pk=pk, team=actor.team).first()
    if row is None:
        raise NotFound("There is no such link.")
    moment = db.now()
    if row.revoked_at is not None or row.expires_at <= moment:
        return row
    row.revoked_at, row.revoked_by = moment, actor.name
    row.save(update_fields=["revoked_at", "revoked_by"])
    _record(Action.SHARE_REVOKED, actor, row, row.generation)
    return row


def _record(action: Action, actor: Actor, share: Share, generation: Generation) -> None:
    data = {
        "share": share.public_id,
        "expires_at": share.expires_at.isoformat(timespec="seconds"),
        "shows_inputs": share.shows_inputs,
    }
    name = generation.public_id
    audit.record(action, by=actor, team=actor.team, target=name, target_name=name, data=data)


def _signer() -> Signer:
    return Signer(salt=SALT, sep=".")
