"""A leaked dump of the database opens nothing: no reset, no confirmation, no invitation, no change of address."""

from __future__ import annotations

import re

from django.db import connection
from django.test import Client

from accounts import addresses, invitations
from accounts.models import Role
from tests.jobs import Jobs
from tests.project.smtp_server import Mailbox
from tests.world import PASSWORD, World


def dump() -> str:
    """Every row of every table as text, with its binary columns also as they are."""
    rows = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT row::text FROM {table} AS row")
            rows += [row for (row,) in cursor.fetchall()]
    text = "\n".join(rows)
    binary = [bytes.fromhex(found).decode("latin-1") for found in re.findall(r"\\\\?x((?:[0-9a-f]{2})+)", text)]
    return "\n".join([text, *binary])


def secrets_of(link: str) -> list[str]:
    """What makes the link a proof: its last part, and the signature in it."""
    last = link.rstrip("/").rpartition("/")[2]
    parts = [part for part in re.split(r"[:.]", last) if len(part) >= 16]
    return [last, *parts[-1:]]


def test_no_link_and_no_key_can_be_made_of_it(mailbox: Mailbox, world: World, client: Client, jobs: Jobs) -> None:
    new = {"email": "dora@example.com", "password1": PASSWORD, "password2": PASSWORD}
    assert client.post("/accounts/signup/", new).status_code == 302
    assert client.post("/accounts/password/reset/", {"email": world.bob.email}).status_code == 302
    invitations.invite(by=world.actor(world.alice), email="erin@example.com", role=Role.MEMBER)
    addresses.ask(user=world.carol, new="carol@new.example")
    before = dump()
    assert "erin@example.com" in before, "the dump is not empty"
    jobs.drain()
    after = dump()
    links = {
        link: envelope.recipients[0]
        for envelope in mailbox.taken
        for link in re.findall(r"http://localhost:8000(/(?:accounts|invitations|address-changes)/\S+)",
                               envelope.part("text/plain"))
    }  # fmt: skip
    assert len(links) == 5, links
    for link in links:
        for secret in secrets_of(link):
            for leaked in (before, after):
                assert secret not in leaked, f"{secret} of {link} stands in the database"
    for key in (world.key, world.other_key):
        assert key not in before
        assert key.rpartition("_")[2] not in before
