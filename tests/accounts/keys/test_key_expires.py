"""Mail 14 days and 1 day before a key ends: once each, to owners and admins."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core import mail

from accounts import key_mail, keys
from accounts.models import ApiKey, Team, TeamStatus, User
from generations import sweeps
from project import db
from tests.world import World


def left(key: ApiKey, **span: float) -> None:
    """So much time is left to the key."""
    ApiKey.objects.filter(pk=key.pk).update(expires_at=db.now() + timedelta(**span))


def sent() -> list[str]:
    """Who got mail, in order; the box is empty after."""
    people = [address for message in mail.outbox for address in message.to]
    mail.outbox.clear()
    return people


def test_owners_and_admins_are_warned_once_each_time(world: World, dora: User) -> None:
    both = [world.alice.email, dora.email]
    left(world.api_key, days=14, minutes=5)
    assert (key_mail.warn_of_expiry(), sent()) == (0, [])
    left(world.api_key, days=13, hours=23)
    assert key_mail.warn_of_expiry() == 1
    assert "within 14 days" in mail.outbox[0].subject
    assert sent() == both
    assert (key_mail.warn_of_expiry(), sent()) == (0, [])
    left(world.api_key, days=1, minutes=5)
    assert (key_mail.warn_of_expiry(), sent()) == (0, [])
    left(world.api_key, hours=23)
    assert key_mail.warn_of_expiry() == 1
    assert "within a day" in mail.outbox[0].subject
    assert sent() == both
    assert (key_mail.warn_of_expiry(), sent()) == (0, [])
    ApiKey.objects.filter(pk=world.api_key.pk).update(
        created_at=db.now() - timedelta(days=2), expires_at=db.now() - timedelta(seconds=1)
    )
    assert (key_mail.warn_of_expiry(), sent()) == (0, [])


def test_after_a_long_silence_only_the_last_notice_is_sent(world: World) -> None:
    left(world.api_key, hours=2)
    assert (key_mail.warn_of_expiry(), sent()) == (1, [world.alice.email])
    assert (key_mail.warn_of_expiry(), sent()) == (0, [])


def test_a_renewed_key_is_warned_of_anew(world: World) -> None:
    left(world.api_key, days=3)
    assert key_mail.warn_of_expiry() == 1
    keys.rotate(key=world.api_key, by=None)
    sent()
    assert (key_mail.warn_of_expiry(), sent()) == (0, [])
    left(world.api_key, days=3)
    assert (key_mail.warn_of_expiry(), sent()) == (1, [world.alice.email])


def test_a_key_that_was_made_short_is_not_warned_of_at_its_birth(key_of: Any) -> None:
    key, _ = key_of(expires_at=db.now() + timedelta(days=5))
    assert (key_mail.warn_of_expiry(), sent()) == (0, [])
    left(key, hours=20)
    assert key_mail.warn_of_expiry() == 1


def test_nobody_is_warned_of_a_dead_key(world: World, key_of: Any) -> None:
    key, _ = key_of()
    left(key, days=2)
    keys.revoke(key=key, by=None)
    left(world.api_key, days=2)
    Team.objects.filter(pk=world.team.pk).update(status=TeamStatus.CLOSING)
    Team.objects.filter(pk=world.team.pk).update(status=TeamStatus.CLOSED, closed_at=db.now())
    sent()
    assert (key_mail.warn_of_expiry(), sent()) == (0, [])


def test_the_minutes_sweep_does_it(world: World) -> None:
    left(world.api_key, days=2)
    assert sweeps.sweep()["key_notices"] == 1
    assert sweeps.sweep()["key_notices"] == 0
