"""Issue: what a key may be like, who may give what, and that its text is had once (faults.md E8, invariants.md K1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from accounts import key_format, key_proof, key_rules, keys
from accounts.models import Action, ApiKey, ApiKeySecret, AuditEvent, Membership, Team, TeamStatus, User
from project import db
from project.errors import Conflict, Forbidden, Invalid
from tests.world import World


def refused(make: Callable[..., Any], **terms: Any) -> dict[str, str]:
    """The fields that a key of these terms is refused for, and that nothing was written."""
    before = ApiKey.objects.count(), AuditEvent.objects.count()
    with pytest.raises(Invalid) as caught:
        make(**terms)
    assert (ApiKey.objects.count(), AuditEvent.objects.count()) == before
    return {error.path: error.message for error in caught.value.errors}


def test_its_text_has_the_form_and_opens_the_door(world: World) -> None:
    key, text = keys.issue(team=world.team, name="robot", scopes=["read"], by=world.actor(world.alice))
    assert re.fullmatch(r"fh_live_[0-9A-Za-z]{8}_[0-9A-Za-z]{36}", text)
    assert key_format.lookup_of(text) == key.lookup
    actor = key_proof.find(text)
    assert (actor.api_key, actor.team) == (key, world.team)


def test_it_is_good_for_a_year_by_default(key_of: Any) -> None:
    key, _ = key_of()
    assert abs(key.expires_at - db.now() - timedelta(days=365)) < timedelta(minutes=1)


def test_it_stands_in_the_log_and_owners_get_a_mail_without_the_text(world: World) -> None:
    key, text = keys.issue(team=world.team, name="robot & <b>", scopes=["read"], by=world.actor(world.alice))
    event = AuditEvent.objects.get(action=Action.KEY_ISSUED, target=key.public_id)
    assert (event.team, event.target_name, event.actor) == (world.team, "robot & <b>", f"user:{world.alice.pk}")
    assert event.data["scopes"] == ["read"]
    (message,) = mail.outbox
    html = str(message.alternatives[0][0])  # type: ignore[attr-defined]
    assert message.to == [world.alice.email]
    for body in (message.body, html):
        assert text not in body
        assert text.split("_")[3] not in body
        assert key.public_id in body
        assert key_format.start_of(key.lookup) in body
    assert "robot & <b>" in message.body
    assert "robot &amp; &lt;b&gt;" in html


def test_a_command_of_ours_sends_no_mail(key_of: Any) -> None:
    key_of(by=None)
    assert mail.outbox == []
    assert AuditEvent.objects.filter(action=Action.KEY_ISSUED).latest("id").actor == "system"


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "  \t"}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["read", "root"]}, "scopes"),
        ({"scopes": ["READ"]}, "scopes"),
        ({"allowed_ips": ["nonsense"]}, "allowed_ips"),
        ({"allowed_ips": ["10.0.0.1/33"]}, "allowed_ips"),
        ({"allowed_ips": ["10.0.0.1/8"]}, "allowed_ips"),
        ({"allowed_ips": ["0.0.0.0/0"]}, "allowed_ips"),
        ({"allowed_ips": ["::/0"]}, "allowed_ips"),
        ({"allowed_ips": ["fe80::1%eth0"]}, "allowed_ips"),
        ({"allowed_ips": ["١٠.0.0.1"]}, "allowed_ips"),
        ({"allowed_ips": [f"10.0.{n}.0/24" for n in range(21)]}, "allowed_ips"),
        ({"allowed_models": ["no-such-model"]}, "allowed_models"),
    ],
)
def test_what_is_wrong_is_refused_at_its_field(key_of: Any, terms: Any, field: str) -> None:
    assert list(refused(key_of, **terms)) == [field]


def test_everything_wrong_is_told_at_once(key_of: Any) -> None:
    wrong = {"name": "", "scopes": ["x"], "allowed_ips": ["x"], "allowed_models": ["x"], "expires_at": db.now()}
    assert set(refused(key_of, **wrong)) == set(wrong)


@pytest.mark.parametrize("days", [0, -1, 5 * 365 + 1])
def test_an_end_past_or_too_far_is_refused(key_of: Any, days: int) -> None:
    assert list(refused(key_of, expires_at=db.now() + timedelta(days=days))) == ["expires_at"]


def test_a_name_that_is_a_key_is_refused(world: World, key_of: Any) -> None:
    assert list(refused(key_of, name=f"my {world.key}")) == ["name"]


def test_names_and_networks_are_kept_clean(key_of: Any) -> None:
    key, _ = key_of(
        name="  re\u0301nder   farm ",
        allowed_ips=["203.0.113.7", " 2001:DB8::/32", "203.0.113.7/32", "::ffff:198.51.100.0/120"],
        allowed_models=["flux-kontext-pro", "flux-kontext-pro"],
        scopes=["generate", "read", "read"],
    )
    key.refresh_from_db()
    assert key.name == "rénder farm"
    assert key.allowed_ips == ["203.0.113.7/32", "2001:db8::/32", "198.51.100.0/24"]
    assert key.allowed_models == ["flux-kontext-pro"]
    assert key.scopes == ["read", "generate"]


def test_nobody_gives_a_scope_they_do_not_have(world: World, dora: User) -> None:
    admin = world.actor(dora)
    for scope in ("read", "generate", "manage"):
        keys.issue(team=world.team, name=scope, scopes=[scope], by=admin)
    fields = refused(keys.issue, team=world.team, name="b", scopes=["read", "billing"], by=admin)
    assert list(fields) == ["scopes"]
    assert "billing" in fields["scopes"]


@pytest.mark.parametrize("name", ["bob", "carol"])
def test_who_may_not_manage_keys_may_not_make_one(world: World, name: str) -> None:
    with pytest.raises(Forbidden):
        keys.issue(team=world.team, name="k", scopes=["read"], by=world.actor(getattr(world, name)))


def test_an_admin_removed_or_lowered_meanwhile_makes_none(world: World, dora: User) -> None:
    actor = world.actor(dora)
    row = Membership.objects.filter(user=dora)
    row.update(role="member")
    with pytest.raises(Forbidden):
        keys.issue(team=world.team, name="k", scopes=["read"], by=actor)
    row.update(role="admin", ended_at=db.now())
    with pytest.raises(Forbidden):
        keys.issue(team=world.team, name="k", scopes=["read"], by=actor)


@pytest.mark.parametrize("status", [TeamStatus.SUSPENDED, TeamStatus.CLOSING])
def test_a_team_that_is_not_active_makes_none(world: World, key_of: Any, status: str) -> None:
    Team.objects.filter(pk=world.team.pk).update(status=status)
    with pytest.raises(Conflict) as caught:
        key_of()
    assert caught.value.code == "team_not_active"


def test_a_team_has_at_most_100_usable_keys(world: World, key_of: Any) -> None:
    year = db.now() + timedelta(days=365)
    rows = [
        ApiKey(team=world.team, name=f"{n}", lookup=f"{n:08}", scopes=["read"], expires_at=year)
        for n in range(key_rules.MOST_KEYS - 1)
    ]
    ApiKey.objects.bulk_create(rows)
    with pytest.raises(Conflict) as caught:
        key_of()
    assert caught.value.code == "too_many_keys"
    keys.revoke(key=world.api_key, by=world.alice)
    key_of()


def test_one_wish_is_fulfilled_once(world: World, key_of: Any) -> None:
    key, _ = key_of(once="a")
    with pytest.raises(Conflict) as caught:
        key_of(once="a")
    assert (caught.value.code, caught.value.extra) == ("already_issued", {"key": key.public_id})
    other, _ = key_of(once="b")
    elsewhere, _ = key_of(team=world.other_team, once="a")
    assert len({key.pk, other.pk, elsewhere.pk}) == 3


def test_only_a_mark_of_the_text_is_stored(key_of: Any) -> None:
    key, text = key_of()
    secret = ApiKeySecret.objects.get(api_key=key)
    assert bytes(secret.digest) == key_format.digest(text)
    assert len(bytes(secret.digest)) == 32


def test_the_mark_hangs_on_the_pepper(key_of: Any, settings: Any) -> None:
    _, text = key_of()
    mark = key_format.digest(text)
    settings.API_KEY_PEPPER = "another pepper " * 5
    assert key_format.digest(text) != mark


def test_two_texts_share_nothing(key_of: Any) -> None:
    texts = [key_of()[1] for _ in range(20)]
    assert len({text.split("_")[2] for text in texts}) == len({text.split("_")[3] for text in texts}) == 20
