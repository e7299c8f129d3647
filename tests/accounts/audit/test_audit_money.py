"""A grant stands in the team's log once, with who and how much, and without the house's own reason."""

from __future__ import annotations

import json
import uuid

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client

from accounts.models import Action, AuditEvent
from billing import credits
from billing.ledger import KeyReused
from billing.models import Transfer
from tests.accounts.audit.test_read_audit_log import cells
from tests.pages.parsing import read
from tests.world import World


def grants(world: World) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(team=world.team, action=Action.CREDIT_GRANTED).order_by("pk"))


def test_a_grant_is_told_once(world: World) -> None:
    before = len(grants(world))
    grant_id = uuid.uuid4()
    for _ in range(3):
        credits.grant(team=world.team, amount=2_500_000, actor="staff:7", reason="a secret note", grant_id=grant_id)
    (event,) = grants(world)[before:]
    assert (event.actor, event.target, event.data) == ("staff:7", world.team.public_id, {"amount": 2_500_000})
    assert "secret" not in str(vars(event))
    assert Transfer.objects.filter(key=f"grant:{grant_id.hex}").count() == 1


def test_a_grant_that_is_refused_is_not_told(world: World) -> None:
    grant_id = uuid.uuid4()
    credits.grant(team=world.team, amount=1, actor="test", reason="r", grant_id=grant_id)
    before = len(grants(world))
    for amount, error in ((2, KeyReused), (0, ValueError)):
        with pytest.raises(error), transaction.atomic():
            credits.grant(team=world.team, amount=amount, actor="test", reason="r", grant_id=grant_id)
    assert len(grants(world)) == before


def test_the_team_reads_how_much_and_that_it_was_staff(world: World, alice: Client) -> None:
    credits.grant(team=world.team, amount=2_500_000, actor="staff:7", reason="a secret note", grant_id=uuid.uuid4())
    page = read(alice.get("/team/audit?about=money"))
    assert cells(page, "What")[0] == "Granted credit Amount: $2.50"
    assert cells(page, "Who")[0] == "Framehouse staff"


def test_create_team_is_named(transactional_db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_team", name="New", email="new@example.com", credits="2000", json=True)
    team = json.loads(capsys.readouterr().out)["team"]
    event = AuditEvent.objects.get(action=Action.CREDIT_GRANTED)
    assert (event.actor, event.target, event.data) == ("create_team", team, {"amount": 10_000_000})
    assert (event.ip, event.user_agent, event.request_id) == (None, "", "")
