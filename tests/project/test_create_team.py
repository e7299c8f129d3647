"""create_team: for scripts and self-hosters (design section 8). Its faults are sentences."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from accounts import teams
from accounts.models import Membership, Team, User


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
