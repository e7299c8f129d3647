"""create_team: for scripts and self-hosters (design section 8). Its faults are sentences."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from accounts import teams
from accounts.models import Membership, Team, User
from billing.models import Lot
from project import db


@pytest.mark.parametrize("name", ["", "x" * 121, "a\u202eb", "\u3164"])
def test_a_bad_name_is_a_sentence(transactional_db: None, name: str) -> None:
    with pytest.raises(CommandError, match="--name must"):
        call_command("create_team", name=name, email="new@example.com")
    assert not User.objects.exists()


def test_a_script_makes_as_many_teams_of_one_owner_as_it_likes(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The limit is for people on the page."""
    monkeypatch.setattr(teams, "OWNED_TEAMS", 1)
    for name in ("One", "Two", "Three"):
        call_command("create_team", name=name, email="New@Example.com", json=True)
    assert Membership.objects.filter(user=User.objects.get(), team__in=Team.objects.all()).count() == 3
    assert capsys.readouterr().out.count("fh_live_") == 3


def test_credit_may_expire(transactional_db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_team", name="Trial", email="new@example.com", credits="100", credits_days="30", json=True)
    call_command("create_team", name="Plain", email="new@example.com", credits="100", json=True)
    trial, plain = Lot.objects.order_by("id")
    assert trial.expires_at is not None
    assert timedelta(days=29) < trial.expires_at - db.now() <= timedelta(days=30)
    assert (trial.amount, plain.amount, plain.expires_at) == (500_000, 500_000, None)


@pytest.mark.parametrize("days", ["0", "-1", "x", "4000", "1.5", "\u0661"])
def test_days_that_are_none_are_a_sentence(transactional_db: None, days: str) -> None:
    with pytest.raises(CommandError, match="--credits-days: a whole number from 1 to 3650"):
        call_command("create_team", name="Trial", email="new@example.com", credits="100", credits_days=days)
    assert not User.objects.exists()
