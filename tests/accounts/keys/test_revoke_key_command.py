"""manage.py revoke_key: a key that was found in public is revoked by its text or its id."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from accounts import key_format, key_proof, keys
from accounts.models import Action, AuditEvent
from project.errors import Unauthenticated
from tests.world import World


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """run(text, **options): the command with this in standard input; what it prints."""

    def call(text: str = "", **options: Any) -> str:
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        out = io.StringIO()
        call_command("revoke_key", stdout=out, **options)
        return out.getvalue()

    return call


def works(text: str) -> bool:
    try:
        key_proof.find(text)
    except Unauthenticated:
        return False
    return True


def test_every_key_in_the_text_is_revoked(world: World, run: Any) -> None:
    paste = f"curl -H 'Bearer {world.key}' # or\nKEY={world.key}\nnot {key_format.new_text('abcdefgh')}"
    printed = run(paste, reason="It stood in a public repository.")
    assert printed == f"{world.api_key.public_id}: revoked\n"
    assert world.key not in printed
    assert not works(world.key)
    assert works(world.other_key)
    event = AuditEvent.objects.get(action=Action.KEY_REVOKED)
    assert (event.actor, event.team, event.target) == ("revoke_key", world.team, world.api_key.public_id)
    assert mail.outbox[0].to == [world.alice.email]
    assert "It stood in a public repository." in mail.outbox[0].body
    assert "was revoked before" in run(id=world.api_key.public_id)


def test_by_id(world: World, run: Any) -> None:
    run(id=world.api_key.public_id)
    assert not works(world.key)


def test_a_secret_that_was_rotated_away_revokes_nothing(world: World, run: Any) -> None:
    _, new = keys.rotate(key=world.api_key, by=None, overlap=None)
    assert "works no more" in run(world.key)
    assert works(new)
    run(f"{world.key} {new}")
    assert not works(new)


@pytest.mark.parametrize("text", ["", "nothing here", "fh_live_abcdefgh_" + "a" * 36])
def test_a_text_without_a_key_of_ours_is_said(world: World, run: Any, text: str) -> None:
    with pytest.raises(CommandError):
        run(text)
    with pytest.raises(CommandError):
        run(id="key_" + "0" * 32)
    with pytest.raises(CommandError):
        run(id="rubbish")
    assert works(world.key)
