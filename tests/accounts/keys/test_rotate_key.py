"""Rotate, end old secrets, change and revoke: what stays, what ends when, and who may."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import DatabaseError, transaction

from accounts import key_proof, key_rules, keys
from accounts.models import Action, ApiKey, ApiKeySecret, AuditEvent, Team, TeamStatus, User
from billing.models import Budget, Period
from project import db
from project.errors import Conflict, Forbidden, Invalid, Unauthenticated
from tests.world import World

HOUR = timedelta(hours=1)


def works(text: str) -> bool:
    try:
        key_proof.find(text)
    except Unauthenticated:
        return False
    return True


def ends(key: ApiKey) -> list[datetime | None]:
    return list(ApiKeySecret.objects.filter(api_key=key).order_by("id").values_list("ends_at", flat=True))


def change(key: ApiKey, by: Any, **other: Any) -> ApiKey:
    terms = {
        "name": key.name,
        "scopes": key.scopes,
        "allowed_ips": key.allowed_ips,
        "allowed_models": key.allowed_models,
    }
    return keys.change(key=key, by=by, **{**terms, **other})


def test_rotation_keeps_the_key_and_gives_24_hours(world: World) -> None:
    before = world.api_key
    key, new = keys.rotate(key=before, by=world.actor(world.alice))
    assert (key.pk, key.public_id, key.lookup, key.created_at) == (
        before.pk,
        before.public_id,
        before.lookup,
        before.created_at,
    )
    assert new != world.key
    assert works(world.key)
    assert works(new)
    old_end, new_end = ends(key)
    assert new_end is None
    assert old_end is not None
    assert abs(old_end - db.now() - 24 * HOUR) < timedelta(minutes=1)
    event = AuditEvent.objects.get(action=Action.KEY_ROTATED)
    assert (event.target, event.team) == (key.public_id, world.team)


def test_after_a_leak_the_present_secret_ends_at_once(world: World) -> None:
    _, new = keys.rotate(key=world.api_key, by=world.alice, overlap=None)
    assert not works(world.key)
    assert works(new)


def test_earlier_secrets_keep_their_own_ends(world: World) -> None:
    key, second = keys.rotate(key=world.api_key, by=world.alice)
    first_end = ends(key)[0]
    key, third = keys.rotate(key=key, by=world.alice, overlap=HOUR)
    assert ends(key)[0] == first_end
    assert [end is None for end in ends(key)] == [False, False, True]
    key, fourth = keys.rotate(key=key, by=world.alice, overlap=None)
    assert [works(text) for text in (world.key, second, third, fourth)] == [True, True, False, True]


def test_too_many_working_secrets_are_refused_and_room_is_made_by_ending_them(world: World) -> None:
    for _ in range(key_rules.MOST_SECRETS - 1):
        keys.rotate(key=world.api_key, by=world.alice)
    before = ends(world.api_key)
    with pytest.raises(Conflict) as caught:
        keys.rotate(key=world.api_key, by=world.alice)
    assert caught.value.code == "too_many_secrets"
    assert ends(world.api_key) == before
    assert keys.end_old_secrets(key=world.api_key, by=world.alice) == key_rules.MOST_SECRETS - 1
    keys.rotate(key=world.api_key, by=world.alice)


def test_the_end_is_renewed_for_a_year_or_as_chosen(world: World) -> None:
    change(world.api_key, world.alice, expires_at=db.now() + timedelta(days=3))
    key, _ = keys.rotate(key=world.api_key, by=world.alice)
    assert abs(key.expires_at - db.now() - timedelta(days=365)) < timedelta(minutes=1)
    key, _ = keys.rotate(key=key, by=world.alice, expires_at=db.now() + timedelta(days=90))
    assert abs(key.expires_at - db.now() - timedelta(days=90)) < timedelta(minutes=1)
    with pytest.raises(Invalid) as caught:
        keys.rotate(key=key, by=world.alice, expires_at=db.now())
    assert [error.path for error in caught.value.errors] == ["expires_at"]


def test_budgets_and_history_stay(world: World, api: Any) -> None:
    Budget.objects.create(team=world.team, api_key=world.api_key, period=Period.MONTH, limit=5_000_000)
    made = api("post", "/generations", {"model": "flux-kontext-pro", "input": {"prompt": "x"}}, key=world.key).json()
    _, new = keys.rotate(key=world.api_key, by=world.alice, overlap=None)
    shown = api("get", "/key", key=new).json()
    assert shown["id"] == world.api_key.public_id
    assert [limit["held"]["usd"] for limit in shown["limits"]] == [made["held"]["usd"]]
    found = api("get", f"/generations?key={world.api_key.public_id}", key=new).json()["results"]
    assert [row["id"] for row in found] == [made["id"]]


def ended_by_revocation(world: World) -> None:
    keys.revoke(key=world.api_key, by=world.alice)


def ended_by_time(world: World) -> None:
    past = db.now() - timedelta(seconds=1)
    ApiKey.objects.filter(pk=world.api_key.pk).update(created_at=past - HOUR, expires_at=past)


def ended_with_its_team(world: World) -> None:
    Team.objects.filter(pk=world.team.pk).update(status=TeamStatus.CLOSING)
    Team.objects.filter(pk=world.team.pk).update(status=TeamStatus.CLOSED, closed_at=db.now())


@pytest.mark.parametrize("end", [ended_by_revocation, ended_by_time, ended_with_its_team])
def test_a_key_that_ended_is_not_rotated_or_changed(world: World, end: Any) -> None:
    end(world)
    before = ends(world.api_key)
    for act in (
        lambda: keys.rotate(key=world.api_key, by=world.alice),
        lambda: change(world.api_key, world.alice, expires_at=db.now() + timedelta(days=9)),
    ):
        with pytest.raises(Conflict) as caught:
            act()
        assert caught.value.code == "key_ended"
        assert caught.value.detail.endswith(".")
    assert ends(world.api_key) == before


def test_whoever_saw_another_secret_is_told(world: World) -> None:
    keys.rotate(key=world.api_key, by=world.alice, seen=1)
    with pytest.raises(Conflict) as caught:
        keys.rotate(key=world.api_key, by=world.alice, seen=1)
    assert caught.value.code == "rotated_meanwhile"
    keys.rotate(key=world.api_key, by=world.alice, seen=2)


def test_ending_the_old_ones_leaves_the_present_one(world: World) -> None:
    key, second = keys.rotate(key=world.api_key, by=world.alice)
    key, third = keys.rotate(key=key, by=world.alice)
    assert keys.end_old_secrets(key=key, by=world.actor(world.alice)) == 2
    assert [works(text) for text in (world.key, second, third)] == [False, False, True]
    assert AuditEvent.objects.get(action=Action.KEY_OLD_SECRET_ENDED).data == {"secrets": 2}
    assert keys.end_old_secrets(key=key, by=world.actor(world.alice)) == 0
    assert AuditEvent.objects.filter(action=Action.KEY_OLD_SECRET_ENDED).count() == 1


def test_revocation_is_final_told_once_and_ends_every_secret(world: World) -> None:
    key, new = keys.rotate(key=world.api_key, by=None)
    mail.outbox.clear()
    keys.revoke(key=key, by=world.actor(world.alice))
    first = keys.revoke(key=key, by=world.actor(world.alice)).revoked_at
    assert not works(world.key)
    assert not works(new)
    assert AuditEvent.objects.filter(action=Action.KEY_REVOKED).count() == 1
    assert [message.to for message in mail.outbox] == [[world.alice.email]]
    assert "revoked" in mail.outbox[0].subject
    with pytest.raises(DatabaseError), transaction.atomic():
        ApiKey.objects.filter(pk=key.pk).update(revoked_at=None)
    key.refresh_from_db()
    assert key.revoked_at == first


def test_a_change_counts_from_the_next_request_and_says_before_and_after(world: World, api: Any) -> None:
    assert api("get", "/wallet/entries", key=world.key).status_code == 200
    change(world.api_key, world.actor(world.alice), scopes=["read"], name="reader")
    assert api("get", "/wallet/entries", key=world.key).status_code == 403
    data = AuditEvent.objects.get(action=Action.KEY_CHANGED).data
    assert set(data["before"]) == set(data["after"]) == {"name", "scopes"}
    assert data["after"] == {"name": "reader", "scopes": ["read"]}


def test_no_change_is_no_event(world: World) -> None:
    key = change(world.api_key, world.alice)
    change(key, world.alice)
    assert AuditEvent.objects.filter(action=Action.KEY_CHANGED).count() == 0


def test_a_change_leaves_the_end_unless_it_is_given(world: World) -> None:
    end = world.api_key.expires_at
    assert change(world.api_key, world.alice, name="x").expires_at == end
    later = db.now() + timedelta(days=30)
    assert change(world.api_key, world.alice, expires_at=later).expires_at == later


def test_a_model_that_left_the_catalogue_stays_on_the_key(world: World) -> None:
    ApiKey.objects.filter(pk=world.api_key.pk).update(allowed_models=["old-model"])
    key = change(world.api_key, world.alice, name="x", allowed_models=["old-model", "flux-kontext-pro"])
    assert key.allowed_models == ["old-model", "flux-kontext-pro"]
    change(key, world.alice, allowed_models=["flux-kontext-pro"])
    with pytest.raises(Invalid):
        change(key, world.alice, allowed_models=["old-model"])


def test_an_admin_may_not_rotate_or_change_what_they_could_not_give(world: World, dora: User, key_of: Any) -> None:
    """Rotating shows the secret, so it would give the admin the statement; taking power away is allowed."""
    admin = world.actor(dora)
    key, text = key_of(scopes=["read", "billing"])
    before = ends(key)
    for act in (lambda: keys.rotate(key=key, by=admin), lambda: change(key, admin, scopes=["read"])):
        with pytest.raises(Forbidden) as caught:
            act()
        assert caught.value.code == "scope_beyond_role"
    assert ends(key) == before
    mine, _ = key_of(scopes=["read", "generate", "manage"])
    keys.rotate(key=mine, by=admin)
    with pytest.raises(Invalid) as wrong:
        change(mine, admin, scopes=["read", "billing"])
    assert [error.path for error in wrong.value.errors] == ["scopes"]
    keys.end_old_secrets(key=key, by=admin)
    keys.revoke(key=key, by=admin)
    assert not works(text)


@pytest.mark.parametrize("name", ["bob", "carol"])
def test_who_may_not_manage_may_do_none_of_it(world: World, name: str) -> None:
    actor = world.actor(getattr(world, name))
    for act in (
        lambda: keys.rotate(key=world.api_key, by=actor),
        lambda: keys.revoke(key=world.api_key, by=actor),
        lambda: keys.end_old_secrets(key=world.api_key, by=actor),
        lambda: change(world.api_key, actor, name="mine"),
    ):
        with pytest.raises(Forbidden):
            act()
    assert works(world.key)
