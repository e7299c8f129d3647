"""Teams: make one, rename it, set its rules, hand it over, close it.

Whoever changes a team or who belongs to it locks the team's row first, then reads the actor's own place again: two
owners who take each other's place at once meet there, and one of them is told (issue 3, races).
"""

from __future__ import annotations

import secrets

from allauth.account.models import EmailAddress
from allauth.mfa.utils import is_mfa_enabled
from django.db import transaction

from accounts import audit, invitation_ends, roles
from accounts.actors import Actor
from accounts.authority import still
from accounts.models import Action, Membership, Role, Team, TeamStatus, User
from accounts.notify import mail
from project import db
from project.errors import Conflict, FieldError, Forbidden, Invalid
from project.text import clean_name

OWNED_TEAMS = 20  # teams that one person may own: more is somebody who makes them by program

# What a team that is not active says to whoever wants to start or change something.
STANDING = {
    TeamStatus.SUSPENDED: "This team is suspended: it can read, not start anything new.",
    TeamStatus.CLOSING: "This team is closing: what is under way ends, nothing new starts.",
    TeamStatus.CLOSED: "This team is closed.",
}


def create(*, name: str, owner: User) -> Team:
    """A new team with its owner. The caller holds the transaction. Raises Invalid (field `name`)."""
    name = named(name)
    team = Team.objects.create(name=name)
    Membership.objects.create(team=team, user=owner, role=Role.OWNER)
    audit.record(Action.TEAM_CREATED, by=owner, team=team, target=team.public_id, target_name=team.name)
    return team


def start(*, name: str, owner: User) -> Team:
    """A person makes one more team. Raises Conflict (`too_many_teams`) when they own OWNED_TEAMS already, else as
    create does."""
    return db.in_transaction(lambda: _start(named(name), owner))


def _start(name: str, owner: User) -> Team:
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)  # so that two at once are counted one by one
    owned = Membership.current.filter(user=owner, role=Role.OWNER).exclude(team__status=TeamStatus.CLOSED)
    if owned.count() >= OWNED_TEAMS:
        raise Conflict(f"You own {OWNED_TEAMS} teams; nobody may own more.", code="too_many_teams")
    return create(name=name, owner=owner)


def ensure_user(*, email: str) -> tuple[User, str | None]:
    """The user of this address, made when missing with its address confirmed. Returns the password only then."""
    user = User.objects.filter(email__iexact=email).first()
    password = None
    if user is None:
        password = secrets.token_urlsafe(12)
        user = User.objects.create_user(email, password)
    address, _ = EmailAddress.objects.get_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )
    if not address.verified:
        EmailAddress.objects.filter(pk=address.pk).update(verified=True)
    return user, password


def ensure_own_team(user: User) -> Team:
    """The first team of a person, made at first need, so that nobody who signs up stands outside."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)  # two first requests at once make one team
        current = Membership.current.filter(user=user).exclude(team__status=TeamStatus.CLOSED)
        membership = current.select_related("team").order_by("id").first()
        return membership.team if membership else create(name=_first_name(user), owner=user)


def _first_name(user: User) -> str:
    """An address may be longer than a name, and hold what no name may."""
    try:
        return clean_name(f"{user.email.partition('@')[0][:100]}'s team")
    except ValueError:
        return "My team"


def named(text: str) -> str:
    """A team's name as it is kept. Raises Invalid for the field `name`."""
    try:
        return clean_name(text)
    except ValueError as error:
        raise Invalid("The name cannot be used.", errors=[FieldError("name", f"The name {error}.")]) from error


def lock(team: Team) -> Team:
    """The team's row, locked and read again. The caller holds the transaction."""
    return Team.objects.select_for_update(no_key=True).get(pk=team.pk)


def require_active(team: Team) -> None:
    """Raises Forbidden (`team_suspended`, `team_closing`, `team_closed`) where nothing new may start."""
    if team.status != TeamStatus.ACTIVE:
        raise Forbidden(STANDING[TeamStatus(team.status)], code=f"team_{team.status}")


def rename(*, by: Actor, name: str) -> Team:
    """Gives the actor's team another name. Raises Invalid (field `name`), Forbidden."""
    return db.in_transaction(lambda: _rename(by, named(name)))


def _rename(by: Actor, name: str) -> Team:
    team, actor = _as_owner(by)
    if team.name != name:
        before, team.name = team.name, name
        team.save(update_fields=["name"])
        change = {"before": before, "after": name}
        audit.record(Action.TEAM_RENAMED, by=actor, team=team, target=team.public_id, target_name=name, data=change)
    return team


def _as_owner(by: Actor) -> tuple[Team, Actor]:
    """The actor's team, locked and active, and the actor, who owns it still."""
    team = lock(by.team)
    actor = still(by, roles.OWN)
    require_active(team)
    return team, actor


def require_mfa(*, by: Actor) -> Team:
    """From now on members need a second factor. Raises Conflict (`no_second_factor`) for an owner who has none: the
    rule would shut them out first."""
    return db.in_transaction(lambda: _require_mfa(by))


def _require_mfa(by: Actor) -> Team:
    team, actor = _as_owner(by)
    if not is_mfa_enabled(actor.user):
        raise Conflict("Add a second factor to your own account first.", code="no_second_factor")
    if not team.requires_mfa:
        team.requires_mfa = True
        team.save(update_fields=["requires_mfa"])
        audit.record(Action.TEAM_MFA_REQUIRED, by=actor, team=team, target=team.public_id, target_name=team.name)
    return team


def no_longer_require_mfa(*, by: Actor) -> Team:
    """From now on a second factor is each member's own choice."""
    return db.in_transaction(lambda: _no_longer_require_mfa(by))


def _no_longer_require_mfa(by: Actor) -> Team:
    team, actor = _as_owner(by)
    if team.requires_mfa:
        team.requires_mfa = False
        team.save(update_fields=["requires_mfa"])
        audit.record(Action.TEAM_MFA_NOT_REQUIRED, by=actor, team=team, target=team.public_id, target_name=team.name)
    return team


def hand_over(*, by: Actor, to: Membership) -> Team:
    """Makes `to` an owner and the actor an admin, at once. Raises Invalid (field `to`) for oneself, for somebody who
    has left, and for an owner."""
    return db.in_transaction(lambda: _hand_over(by, to))


def _hand_over(by: Actor, to: Membership) -> Team:
    team, actor = _as_owner(by)
    assert actor.membership is not None
    successor = Membership.current.select_related("user").filter(team=team, pk=to.pk).first()
    if successor is None or not successor.user.is_active:
        raise Invalid("Choose another member.", errors=[FieldError("to", "Choose another member of the team.")])
    if successor.role == Role.OWNER:
        raise Invalid("Choose another member.", errors=[FieldError("to", "This member owns the team already.")])
    before = successor.role
    Membership.objects.filter(pk=successor.pk).update(role=Role.OWNER)
    Membership.objects.filter(pk=actor.membership.pk).update(role=Role.ADMIN)
    invitation_ends.withdraw_ungrantable(of=actor.membership, permissions=roles.of_role(Role.ADMIN), by=actor)
    audit.record(
        Action.TEAM_HANDED_OVER,
        by=actor,
        team=team,
        target=successor.public_id,
        target_name=successor.user.email,
        data={"before": before, "after": Role.OWNER.value},
    )
    context = {"team": team, "by": actor.membership.user, "before": before, "after": Role.OWNER.value}
    mail(to=successor.user.email, template="member_role_changed", context=context)
    return team


def close(*, by: Actor, typed_name: str) -> Team:
    """Begins to close the actor's team: nothing new starts, open invitations are withdrawn; what is under way ends
    first, and then billing.closures.finish closes it. The balance stays on record.

    Raises Invalid (field `name`) unless the team's name is typed."""
    return db.in_transaction(lambda: _close(by, typed_name))


def _close(by: Actor, typed_name: str) -> Team:
    team, actor = _as_owner(by)
    if " ".join(typed_name.split()) != team.name:
        raise Invalid("The name differs.", errors=[FieldError("name", f"Type “{team.name}” to close the team.")])
    team.status = TeamStatus.CLOSING
    team.save(update_fields=["status"])
    withdrawn = invitation_ends.withdraw_all(team=team, by=actor)
    audit.record(
        Action.TEAM_CLOSING,
        by=actor,
        team=team,
        target=team.public_id,
        target_name=team.name,
        data={"invitations_withdrawn": withdrawn},
    )
    return team
