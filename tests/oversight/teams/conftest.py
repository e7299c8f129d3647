"""People of the staff and their forms, at the desk of teams."""

from __future__ import annotations

import csv
import io
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client

from accounts import audit
from accounts.models import AuditEvent, Team
from billing import reconcile
from billing.models import Account
from tests.oversight.conftest import staff_of


@pytest.fixture(autouse=True)
def _books_hold(db: None) -> Iterator[None]:
    """After each test here the ledger is sound, whatever happened in it."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert reconcile.failures() == []


@pytest.fixture
def ann(db: None) -> audit.Staff:
    """Who proposes."""
    return audit.Staff(staff_of("ann", "adjust_credit", "grant_credit", "freeze_wallets", "restrict_teams"))


@pytest.fixture
def ben(db: None) -> audit.Staff:
    """The second person."""
    return audit.Staff(staff_of("ben", "adjust_credit", "approve_adjustments"))


def once() -> uuid.UUID:
    return uuid.uuid4()


def available(team: Team) -> int:
    return Account.objects.get(team=team, kind="available").balance


def told() -> list[tuple[str, list[str]]]:
    """The mails so far: subject and who got it."""
    return [(message.subject.removeprefix("[Framehouse] "), message.to) for message in mail.outbox]


def acts(team: Team | None, action: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(team=team, action=action).order_by("id"))


def send(client: Client, address: str, **typed: Any) -> Any:
    """Opens the form and sends it with its own key, as a browser does."""
    key = re.search(r'name="once" value="([0-9a-f-]+)"', client.get(address).content.decode())
    return client.post(address, {**({"once": key.group(1)} if key else {}), **typed})


def rows_of(answer: Any) -> list[dict[str, str]]:
    """A file's lines."""
    body = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(body)))
