"""What opens something never stands in a log line (faults.md row 13, E11)."""

from __future__ import annotations

import logging
import uuid
from typing import Any

import pytest
from django.test import Client

from accounts import invitations
from accounts.models import Invitation
from project.logs import Redact, redact

SITE = "https://framehouse.example"
SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f0.1.ZkE-x_9"


@pytest.mark.parametrize(
    ("line", "clean"),
    [
        (f"Not Found: /invitations/{SECRET}", "Not Found: /invitations/[token]"),
        (
            f'"GET /invitations/{SECRET}?next=/studio HTTP/1.1" 410',
            '"GET /invitations/[token]?next=/studio HTTP/1.1" 410',
        ),
        (f"{SITE}/invitations/{SECRET}", f"{SITE}/invitations/[token]"),
        (f"/team/invitations/{SECRET}", "/team/invitations/[token]"),
        ("/invitations/inv_abc", "/invitations/[token]"),
        (f"Referer: {SITE}/address-changes/{SECRET} x", f"Referer: {SITE}/address-changes/[token] x"),
        (f"/address-changes/{SECRET}/confirm", "/address-changes/[token]/confirm"),
        (f'"GET /s/{SECRET} HTTP/1.1" 200', '"GET /s/[token] HTTP/1.1" 200'),
        ("/accounts/password/reset/key/1-cab-12ef/ 302", "/accounts/password/reset/key/[key]/ 302"),
        (f"/accounts/confirm-email/MQ:1tXk:{SECRET}/", "/accounts/confirm-email/[key]/"),
        ("/accounts/confirm-email/MQ%3A1tXk/", "/accounts/confirm-email/[key]/"),
        ("/callbacks/kie/0123456789abcdef", "/callbacks/kie/[token]"),
        ("key fh_live_abcdefgh_0123456789", "key fh_live_[key]"),
        ("signed with whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw+/==, sent", "signed with whsec_[secret], sent"),
    ],
)
def test_links_that_are_proofs_are_hidden(line: str, clean: str) -> None:
    assert redact(line) == clean


@pytest.mark.parametrize(
    "line",
    [
        f"/team/invitations/inv_{uuid.UUID(int=7).hex}/resend",
        "/team/invitations",
        "/accounts/confirm-email/",
        "/accounts/password/reset/",
        "GET /studio 200",
    ],
)
def test_addresses_without_secrets_stay_readable(line: str) -> None:
    assert redact(line) == line


def test_the_real_token_of_an_invitation_is_hidden() -> None:
    text = invitations.token(Invitation(uuid=uuid.uuid4(), version=3))
    assert text not in redact(f"Gone: /invitations/{text}")
    assert redact(f"/invitations/{text}") == "/invitations/[token]"


def test_a_line_of_a_real_request_is_clean(client: Client, db: None, caplog: pytest.LogCaptureFixture) -> None:
    """A wrong link is logged by Django as not found; the handler's filter rewrites the record."""
    caplog.handler.addFilter(Redact())
    try:
        with caplog.at_level(logging.WARNING, "django.request"):
            client.get(f"/invitations/{SECRET}")
            client.get(f"/address-changes/{SECRET}")
            client.get(f"/invitations/{SECRET}/more")
    finally:
        caplog.handler.filters.clear()
    assert caplog.records
    assert SECRET not in "".join(str(record.getMessage()) for record in caplog.records)


def test_the_handlers_of_the_settings_have_the_filter(settings: Any) -> None:
    for name, handler in settings.LOGGING["handlers"].items():
        assert "redact" in handler["filters"], name
