"""Members: change a role, remove somebody, leave.

Nobody gives or takes more than they have, and nobody touches somebody who has more (roles.grantable_roles). A team
keeps an owner: the trigger `team_keeps_an_owner` is the wall, the sentence is here.
"""

from __future__ import annotations

from django.db.models.functions import Now

from accounts import audit, invitation_ends, roles, teams
from accounts.actors import Actor
from accounts.authority import still
from accounts.models import Action, Membership, Role, Team
from accounts.notify import mail
from project import db
from project.errors import Conflict, FieldError, Forbidden, Invalid, NotFound


def change_role(*, by: Actor, membership: Membership, role: str) -> Membership:
    """Gives a member of the actor's team another role.

    Raises Invalid (field `role`), Forbidden (`has_more`) for a member who has more than the actor may give, NotFound
    for one who has left, Conflict (`last_owner`)."""
    return db.in_transaction(lambda: _change_role(by, membership, role))


def _change_role(by: Actor, membership: Membership, role: str) -> Membership:
    team, actor, row = _meet(by, membership)
    _check_grantable(actor, role)
    if row.role == role:
        return row
    if row.role == Role.OWNER:
        _keep_an_owner(team, row)
    before, row.role = row.role, role
    row.save(update_fields=["role"])
    invitation_ends.withdraw_ungrantable(of=row, permissions=roles.of_role(role), by=actor)
    _record(Action.ROLE_CHANGED, actor, team, row, data={"before": before, "after": role})
    if not _same_person(actor, row):
        context = {"team": team, "by": actor.user, "before": before, "after": role}
        mail(to=row.user.email, template="member_role_changed", context=context)
    return row


def remove(*, by: Actor, membership: Membership) -> Membership:
    """Ends somebody's place in the actor's team, from their next request on. What they have under way goes on: it is
    the team's. Open invitations that they sent are withdrawn, or they could come back by their own.

    Raises Forbidden (`has_more`), NotFound for one who has left already, Conflict (`last_owner`, `leave_instead`)."""
    return db.in_transaction(lambda: _remove(by, membership))


def _remove(by: Actor, membership: Membership) -> Membership:
    team, actor, row = _meet(by, membership)
    if _same_person(actor, row):
        raise Conflict("To go yourself, leave the team.", code="leave_instead")
    if row.role == Role.OWNER:
        _keep_an_owner(team, row)
    _end(row)
    invitation_ends.withdraw_ungrantable(of=row, permissions=frozenset(), by=actor)
    _record(Action.MEMBER_REMOVED, actor, team, row, data={"role": row.role})
    mail(to=row.user.email, template="member_removed", context={"team": team, "by": actor.user})
    return row


def leave(*, by: Actor) -> Membership:
    """Ends the actor's own place in the team, and open invitations that they sent. Raises Conflict (`last_owner`)."""
    return db.in_transaction(lambda: _leave(by))


def _leave(by: Actor) -> Membership:
    team = teams.lock(by.team)
    actor = still(by, roles.SEE)
    row = actor.membership
    assert row is not None
    if row.role == Role.OWNER:
        _keep_an_owner(team, row)
    _end(row)
    invitation_ends.withdraw_ungrantable(of=row, permissions=frozenset(), by=actor)
    _record(Action.MEMBER_LEFT, actor, team, row, data={"role": row.role})
    return row


def _meet(by: Actor, membership: Membership) -> tuple[Team, Actor, Membership]:
    """The team's row locked, then the actor and the other one read again. After the lock nobody else can change
    either of them."""
    team = teams.lock(by.team)
    actor = still(by, roles.MANAGE)
    row = Membership.current.select_related("user").filter(team=team, pk=membership.pk).first()
    if row is None:
        raise NotFound("This person no longer belongs to the team.")
    if row.role not in roles.grantable_roles(actor.permissions):
        raise Forbidden(f"Your role may not change what {_article(row.role)} may do.", code="has_more")
    return team, actor, row


def _check_grantable(actor: Actor, role: str) -> None:
    if role not in Role.values:
        raise Invalid("There is no such role.", errors=[FieldError("role", "There is no such role.")])
    if role not in roles.grantable_roles(actor.permissions):
        message = f"Your role may not make somebody {_article(role)}."
        raise Invalid(message, errors=[FieldError("role", message, "not_grantable")])


def _keep_an_owner(team: Team, row: Membership) -> None:
    others = Membership.current.filter(team=team, role=Role.OWNER, user__is_active=True).exclude(pk=row.pk)
    if not others.exists():
        raise Conflict(
            f"{team.name} needs an owner. Hand the team over, or make somebody else an owner first.", code="last_owner"
        )


def _end(row: Membership) -> None:
    Membership.objects.filter(pk=row.pk).update(ended_at=Now())
    row.refresh_from_db(fields=["ended_at"])


def _same_person(actor: Actor, row: Membership) -> bool:
    return actor.user is not None and actor.user.pk == row.user_id


def _record(action: Action, actor: Actor, team: Team, row: Membership, *, data: dict[str, str]) -> None:
    audit.record(action, by=actor, team=team, target=row.public_id, target_name=row.user.email, data=data)


def _article(role: str) -> str:
    names = {Role.OWNER: "an owner", Role.ADMIN: "an admin", Role.BILLING: "a billing member"}
    return names.get(Role(role), f"a {role}")
