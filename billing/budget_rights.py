"""Who may change whose budget.

Setting, raising and removing needs `manage`, and beyond it:
- an owner's budget is the owners' matter: nobody limits, or frees, who stands above them;
- nobody but an owner changes the budget that binds themselves, a key's program included: a cap that its bearer can
  lift is none. Another admin can, and is named in the audit log.
"""

from __future__ import annotations

from accounts import roles
from accounts.actors import Actor
from accounts.authority import still
from accounts.models import ApiKey, Membership, Role
from project import db
from project.errors import Forbidden, NotFound

By = Actor | str  # a str is a program of ours, such as "create_team": it may


def may_change(by: Actor, *, membership: Membership | None = None, api_key: ApiKey | None = None) -> bool:
    """Whether pages offer it; what counts in the end is `require`."""
    return by.may(roles.MANAGE) and _objection(by, membership=membership, api_key=api_key) is None


def require(*, by: By, membership: Membership | None = None, api_key: ApiKey | None = None) -> None:
    """Locks who acts and whose budget it is, and looks at both as they are now: who acts may have been removed or
    given another role meanwhile. Raises as authority.still does, Forbidden by the rules above, and NotFound where the
    member has left or the key is revoked or expired.

    The caller holds the transaction and locks the budget after this. Not the team's row: an accept shares it after the
    budget (billing_hold_of_active_team)."""
    acting = by.membership if isinstance(by, Actor) else None
    wanted = {row.pk for row in (acting, membership) if row is not None}
    rows = Membership.objects.filter(pk__in=wanted).order_by("id").select_for_update(no_key=True)
    now = {row.pk: row for row in rows}
    target = now[membership.pk] if membership is not None else None
    if target is not None and target.ended_at is not None:
        raise NotFound("This member has left the team.")
    if api_key is not None:
        _require_living(api_key)
    if isinstance(by, Actor):
        objection = _objection(still(by, roles.MANAGE), membership=target, api_key=api_key)
        if objection:
            raise Forbidden(objection)


def _objection(by: Actor, *, membership: Membership | None, api_key: ApiKey | None) -> str | None:
    if by.may(roles.OWN):
        return None
    if membership is not None and membership.role == Role.OWNER:
        return "An owner's budget is set by owners."
    own = by.membership is not None and by.membership == membership
    if own or (by.api_key is not None and by.api_key == api_key):
        return "Nobody but an owner changes the budget that binds themselves: ask an owner or another admin."
    return None


def _require_living(key: ApiKey) -> None:
    row = ApiKey.objects.select_for_update(no_key=True).get(pk=key.pk)
    if row.revoked_at is not None or row.expires_at <= db.now():
        raise NotFound("This API key is revoked or expired.")
