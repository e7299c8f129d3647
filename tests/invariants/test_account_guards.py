"""What the database keeps of accounts (accounts/migrations/0004_guards.py and the models' constraints): the audit
log only grows, a team keeps an owner, ends are final, keys and invitations keep what they are (T1, K1, L4)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.db.models import Model

from accounts import audit, keys
from accounts.models import (
    Action,
    AddressChange,
    ApiKey,
    ApiKeySecret,
    AuditEvent,
    Invitation,
    Membership,
    Role,
    Team,
    User,
)
from project import db
from tests.concurrency.racing import race
from tests.invariants.refusals import Statement, each, expect_refusal
from tests.invariants.scene import Scene
from tests.invariants.webhook_guards import STATEMENTS as HOOKS

HOUR = timedelta(hours=1)


def _person(name: str) -> User:
    return User.objects.create_user(f"{name}-{uuid.uuid4().hex[:6]}@example.com")


def _member(scene: Scene, role: str = Role.MEMBER) -> Membership:
    return Membership.objects.create(team=scene.team, user=_person(role), role=role)


def _owner(scene: Scene) -> Membership:
    return _member(scene, Role.OWNER)


def _invited(scene: Scene, **fields: Any) -> Invitation:
    given = {"email": "new@example.com", "role": Role.MEMBER, "expires_at": db.now() + HOUR, **fields}
    return Invitation.objects.create(team=scene.team, invited_by=_owner(scene), **given)


def _ended(scene: Scene) -> Invitation:
    row = _invited(scene)
    Invitation.objects.filter(pk=row.pk).update(status="withdrawn", ended_at=db.now())
    return row


def _key(scene: Scene) -> ApiKey:
    return keys.issue(team=scene.team, name="key", scopes=["read"], by=None)[0]


def _revoked(scene: Scene) -> ApiKey:
    row = _key(scene)
    ApiKey.objects.filter(pk=row.pk).update(revoked_at=db.now())
    return row


def _secret(scene: Scene) -> ApiKeySecret:
    return ApiKeySecret.objects.get(api_key=_key(scene))


def _old_secret(scene: Scene) -> ApiKeySecret:
    row = _secret(scene)
    ApiKeySecret.objects.filter(pk=row.pk).update(ends_at=db.now() + HOUR)
    return row


def _event(scene: Scene) -> AuditEvent:
    return audit.record(Action.KEY_ISSUED, by="test", team=scene.team)


def _team(status: str) -> Callable[[Scene], Team]:
    def make(scene: Scene) -> Team:
        team = Team.objects.create(name="Third")
        if status != "active":
            Team.objects.filter(pk=team.pk).update(status="closing" if status == "closed" else status)
        if status == "closed":
            Team.objects.filter(pk=team.pk).update(status="closed", closed_at=db.now())
        return team

    return make


def _set(assignments: str) -> Callable[[Scene, Model], Any]:
    """UPDATE of the row that was made before."""
    return lambda scene, row: scene.sql(f"update {row._meta.db_table} set {assignments} where id = %s", row.pk)


def _all(verb: str) -> Callable[[Scene, Model], Any]:
    return lambda scene, row: scene.sql(f"{verb} {row._meta.db_table}" + (" cascade" if "truncate" in verb else ""))


def _with_hold(scene: Scene) -> Team:
    scene.hold()
    Team.objects.filter(pk=scene.team.pk).update(status="closing")
    return scene.team


def _hold_of(status: str) -> Callable[[Scene, Any], Any]:
    def does(scene: Scene, _: Any) -> None:
        closed = ", closed_at = now()" if status == "closed" else ""
        if status == "closed":
            scene.sql("update accounts_team set status = 'closing' where id = %s", scene.team.pk)
        scene.sql(f"update accounts_team set status = '{status}'{closed} where id = %s", scene.team.pk)
        scene.bare_hold("test_of_a_team_that_spends_nothing")

    return does


def _another_secret(scene: Scene, row: ApiKeySecret) -> None:
    ApiKeySecret.objects.create(api_key_id=row.api_key_id, digest=uuid.uuid4().bytes * 2)


def _same_digest(scene: Scene, row: ApiKeySecret) -> None:
    ApiKeySecret.objects.create(api_key=_key(scene), digest=row.digest, ends_at=db.now())


def _twice(scene: Scene, row: Invitation) -> None:
    _invited(scene, email="NEW@Example.com")


def _same_person(scene: Scene, row: User) -> None:
    User.objects.create_user(row.email.swapcase())


def _second_place(scene: Scene, row: Membership) -> None:
    Membership.objects.create(team=scene.team, user=row.user, role=Role.VIEWER)


def _change(scene: Scene) -> AddressChange:
    user = _person("mover")
    return AddressChange.objects.create(user=user, old_email="a@x.com", new_email="b@x.com", expires_at=db.now())


def _second_change(scene: Scene, row: AddressChange) -> None:
    AddressChange.objects.create(user=row.user, old_email="a@x.com", new_email="c@x.com", expires_at=db.now())


def _done(confirmed: str) -> Callable[[Scene, Model], Any]:
    return _set(f"done = true, ended_at = now(), {confirmed}")


FIXED = [
    *(
        Statement(f"membership {column} changed", "membership identity is fixed", _set(f"{column} = {value}"), _member)
        for column, value in (
            ("id", "id + 1000"),
            ("uuid", "gen_random_uuid()"),
            ("team_id", "(select max(id) from accounts_team)"),
            ("user_id", "user_id + 1000"),
        )
    ),
    Statement("team uuid changed", "team identity is fixed", _set("uuid = gen_random_uuid()"), _team("active")),
    Statement("team id changed", "team identity is fixed", _set("id = id + 1000"), _team("active")),
    *(
        Statement(f"invitation {column} changed", "what is offered is fixed", _set(f"{column} = {value}"), _invited)
        for column, value in (
            ("role", "'admin'"),
            ("email", "'other@example.com'"),
            ("uuid", "gen_random_uuid()"),
            ("team_id", "(select max(id) from accounts_team)"),
            ("invited_by_id", "invited_by_id + 1"),
        )
    ),
    *(
        Statement(f"key {column} changed", "key identity is fixed", _set(f"{column} = {value}"), _key)
        for column, value in (
            ("lookup", "'AAAAAAAA'"),
            ("uuid", "gen_random_uuid()"),
            ("team_id", "(select max(id) from accounts_team)"),
        )
    ),
    Statement("digest changed", "a secret is fixed", _set("digest = decode(repeat('ab', 32), 'hex')"), _secret),
    Statement("secret of another key", "a secret is fixed", _set("api_key_id = api_key_id + 1"), _secret),
]
FINAL = [
    Statement(
        "closed team reopened",
        "a closed team stays closed",
        _set("status = 'active', closed_at = null"),
        _team("closed"),
    ),
    Statement(
        "closed team closing again",
        "a closed team stays closed",
        _set("status = 'closing', closed_at = null"),
        _team("closed"),
    ),
    Statement("active team closed", "by way of closing", _set("status = 'closed', closed_at = now()"), _team("active")),
    Statement(
        "suspended team closed", "by way of closing", _set("status = 'closed', closed_at = now()"), _team("suspended")
    ),
    Statement("closed without a time", "team_closed_at_iff_closed", _set("status = 'closed'"), _team("closing")),
    Statement("a time without being closed", "team_closed_at_iff_closed", _set("closed_at = now()"), _team("active")),
    Statement(
        "ended invitation reopened", "an ended invitation stays", _set("status = 'open', ended_at = null"), _ended
    ),
    Statement("ended invitation accepted", "an ended invitation stays", _set("status = 'accepted'"), _ended),
    Statement("ended invitation sent again", "an ended invitation stays", _set("version = version + 1"), _ended),
    Statement("version lowered", "version only rises", _set("version = version - 1"), _invited),
    Statement("key no longer revoked", "a revoked key stays revoked", _set("revoked_at = null"), _revoked),
    Statement(
        "key revoked at another time",
        "a revoked key stays revoked",
        _set("revoked_at = now() + interval '1 day'"),
        _revoked,
    ),
    Statement("a secret's end taken away", "an end only comes nearer", _set("ends_at = null"), _old_secret),
    Statement(
        "a secret's end moved away", "an end only comes nearer", _set("ends_at = ends_at + interval '1 s'"), _old_secret
    ),
    *(
        Statement(f"{verb} {name}", "is append-only", _all(verb), make)
        for name, make in (("team", _team("active")), ("member", _member), ("key", _key), ("invitation", _invited))
        for verb in ("delete from", "truncate")
    ),
    *(Statement(f"{verb} audit", "is append-only", _all(verb), _event) for verb in ("delete from", "truncate")),
    Statement("audit event changed", "is append-only", _set("actor = 'nobody'"), _event),
]
KNOWN = [
    Statement("unknown role", "membership_role_known", _set("role = 'god'"), _member),
    Statement("unknown standing", "team_status_known", _set("status = 'gone'"), _team("active")),
    Statement(
        "unknown action", "audit_action_known", lambda scene, _: AuditEvent.objects.create(action="x", actor="x")
    ),
    Statement("invited to own", "invitation_role_known", lambda scene, _: _invited(scene, role="owner")),
    Statement("invited to nothing known", "invitation_role_known", lambda scene, _: _invited(scene, role="god")),
    Statement("born accepted", "invitations start open", lambda scene, _: _invited(scene, status="accepted")),
    Statement("unknown end", "invitation_status_known", _set("status = 'lost', ended_at = now()"), _invited),
    Statement("ended without a time", "invitation_ended_at_iff_ended", _set("status = 'expired'"), _invited),
    Statement("open with an end", "invitation_ended_at_iff_ended", _set("ended_at = now()"), _invited),
    Statement(
        "accepted by nobody", "invitation_accepted_by_one", _set("status = 'accepted', ended_at = now()"), _invited
    ),
    Statement(
        "withdrawn and accepted",
        "invitation_accepted_by_one",
        _set("status = 'withdrawn', ended_at = now(), accepted_by_id = invited_by_id"),
        _invited,
    ),
    Statement("two open invitations for one address", "invitation_one_open", _twice, _invited),
    Statement("two places in a team", "membership_once", _second_place, _member),
    Statement("two people of one address", "user_email_once", _same_person, lambda scene: _person("Mixed")),
    Statement("two present secrets", "api_key_one_current_secret", _another_secret, _secret),
    Statement("one secret of two keys", "digest", _same_digest, _secret),
    Statement("key that ends before its birth", "api_key_expires_after_birth", _set("expires_at = created_at"), _key),
    Statement("two wishes for another address", "address_change_one_open", _second_change, _change),
    Statement(
        "address changed by the old side alone",
        "address_change_done_by_both",
        _done("old_confirmed_at = now()"),
        _change,
    ),
    Statement(
        "address changed by the new side alone",
        "address_change_done_by_both",
        _done("new_confirmed_at = now()"),
        _change,
    ),
    *(
        Statement(f"hold of a {status} team", "holds open for active teams only", _hold_of(status))
        for status in ("suspended", "closing", "closed")
    ),
]


@each(FIXED + FINAL + KNOWN + HOOKS)
def test_refused(scene: Scene, statement: Statement) -> None:
    expect_refusal(scene, statement)


def _only_owner(scene: Scene) -> Membership:
    _member(scene, Role.ADMIN)
    return _owner(scene)


def _both_of_two(scene: Scene, row: Membership) -> None:
    scene.sql("update accounts_membership set role = 'admin' where team_id = %s", row.team_id)


def _two_owners(scene: Scene) -> Membership:
    _owner(scene)
    return _owner(scene)


AT_COMMIT = [
    Statement("last owner demoted", "a team keeps an owner", _set("role = 'admin'"), _only_owner),
    Statement("last owner ended", "a team keeps an owner", _set("ended_at = now()"), _only_owner),
    Statement("both of two owners demoted", "a team keeps an owner", _both_of_two, _two_owners),
    Statement(
        "team closed with an open hold",
        "a team with open holds is not closed",
        _set("status = 'closed', closed_at = now()"),
        _with_hold,
    ),
]


@each(AT_COMMIT)
def test_refused_at_commit(committed_scene: Scene, statement: Statement) -> None:
    expect_refusal(committed_scene, statement)


def test_what_is_right_is_allowed(committed_scene: Scene) -> None:
    """What the refused statements do wrong is their only fault."""
    scene, second = committed_scene, _two_owners(committed_scene)
    with transaction.atomic():
        scene.sql("update accounts_membership set role = 'admin' where id = %s", second.pk)
    with transaction.atomic():  # the last owner goes in the moment in which another comes
        scene.sql("update accounts_membership set role = 'member' where team_id = %s and role = 'owner'", scene.team.pk)
        scene.sql("update accounts_membership set role = 'owner' where id = %s", second.pk)
    with transaction.atomic():
        scene.sql("update accounts_apikeysecret set ends_at = now() where id = %s", _secret(scene).pk)
        scene.sql("update accounts_invitation set version = version + 1 where id = %s", _invited(scene).pk)
    team = _team("closed")(scene)
    assert Team.objects.get(pk=team.pk).status == "closed"


def test_two_owners_who_demote_each_other_at_once(committed_scene: Scene) -> None:
    """Bare statements, without the locks of the verbs: whoever comes second waits for the team, and is refused."""
    owners = [_owner(committed_scene), _owner(committed_scene)]

    def demote(row: Membership) -> Callable[[], None]:
        def work() -> None:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("update accounts_membership set role = 'member' where id = %s", [row.pk])
                cursor.execute("set constraints all immediate")  # both look before either has committed
                cursor.execute("select pg_sleep(0.3)")

        return work

    done = race([demote(row) for row in owners])
    assert [type(result) for result in done].count(type(None)) == 1, done
    refused = next(result for result in done if result is not None)
    assert "a team keeps an owner" in str(refused)
    assert Membership.objects.filter(team=committed_scene.team, role=Role.OWNER).count() == 1


def test_every_sentence_of_the_guards_is_met() -> None:
    """A new guard in the migration asks for a statement above."""
    names = ("0004_guards", "0010_webhook_guards", "0011_deliveries_follow")
    source = "".join(import_module(f"accounts.migrations.{name}").SQL for name in names)
    said = [statement.says for statement in (*FIXED, *FINAL, *KNOWN, *AT_COMMIT, *HOOKS)]
    for sentence in re.findall(r"raise exception '((?:[^']|'')+)'", source):
        plain = sentence.replace("''", "'")
        assert any(words in plain for words in said), plain


def test_every_constraint_of_the_models_is_met() -> None:
    """And so does a new constraint; the walls between teams have tests of their own."""
    said = {statement.says for statement in (*FIXED, *FINAL, *KNOWN, *AT_COMMIT, *HOOKS)}
    met_elsewhere = {"membership_in_team", "api_key_in_team", "api_key_expiry_notice_known"}
    met_elsewhere |= {"webhook_endpoint_in_team", "outgoing_event_in_team"}
    names = {c.name for model in apps.get_app_config("accounts").get_models() for c in model._meta.constraints}
    assert names - said - met_elsewhere == set()
