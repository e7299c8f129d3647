"""Sign-up, reset and notices through the outbox and a real mail server."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from django.test import Client

from project import mail_settings
from project.models import Mail
from tests.jobs import Jobs
from tests.project.smtp_server import Mailbox
from tests.world import PASSWORD, World

NEW = "dora@example.com"
FORM = {"email": NEW, "password1": PASSWORD, "password2": PASSWORD}


def test_a_stranger_signs_up_by_the_link_in_the_mail(mailbox: Mailbox, client: Client, jobs: Jobs) -> None:
    assert client.post("/accounts/signup/", FORM).status_code == 302
    assert mailbox.connections == 0
    jobs.drain()
    (envelope,) = mailbox.taken
    assert envelope.recipients == [NEW]
    assert envelope.message["Auto-Submitted"] == "auto-generated"
    link = re.search(r"http://localhost:8000(/accounts/confirm-email/\S+)", envelope.part("text/plain"))
    assert link is not None
    assert link[0] in envelope.part("text/html")
    client.post(link[1])
    response = client.post("/accounts/login/", {"login": NEW, "password": PASSWORD})
    assert response.headers["Location"] == "/studio"


@pytest.mark.parametrize("known", [True, False])
def test_a_mail_server_that_hangs_slows_no_page(mailbox: Mailbox, world: World, client: Client, known: bool) -> None:
    mailbox.hangs_at = "CONNECT"
    client.get("/accounts/signup/")
    begun = time.monotonic()
    for path, form in (
        ("/accounts/signup/", {**FORM, "email": world.alice.email if known else NEW}),
        ("/accounts/password/reset/", {"email": world.alice.email if known else "nobody@example.com"}),
    ):
        assert client.post(path, form).status_code == 302
    assert time.monotonic() - begun < mail_settings.TIMEOUT, "the server is asked only by the worker"
    assert mailbox.connections == 0
    assert Mail.objects.filter(status="queued").count() == 2, "known or not, there is one mail to write"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "localhost"},
        {"Host": "anything.localhost:8000"},
        {"Host": "localhost:6666"},
        {"X-Forwarded-Host": "forged.example"},
        {"Forwarded": "host=forged.example"},
    ],
)
def test_a_forged_host_does_not_reach_a_link(
    headers: dict[str, str], mailbox: Mailbox, world: World, jobs: Jobs, settings: Any
) -> None:
    """The attacker asks for alice's reset; the link that she opens must not lead to the attacker."""
    settings.SITE_URL = "https://framehouse.example"
    browser = Client(headers=headers)
    browser.post("/accounts/password/reset/", {"email": world.alice.email})
    browser.post("/accounts/password/reset/", {"email": "nobody@example.com"})
    browser.post("/accounts/signup/", FORM)
    browser.post("/accounts/signup/", {**FORM, "email": world.alice.email})
    jobs.drain()
    assert len(mailbox.taken) == 4
    for envelope in mailbox.taken:
        for kind in ("text/plain", "text/html"):
            found = re.findall(r"https?://([^/\s\"<]+)", envelope.part(kind))
            assert found
            assert set(found) == {"framehouse.example"}


def test_a_host_that_is_not_ours_is_refused(mailbox: Mailbox, world: World) -> None:
    answer = Client(headers={"Host": "forged.example"}).post("/accounts/password/reset/", {"email": world.alice.email})
    assert answer.status_code == 400
    assert not Mail.objects.exists()


def test_a_changed_password_is_told_with_time_and_place(mailbox: Mailbox, world: World, jobs: Jobs) -> None:
    agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.4 Safari/605.1.15"
    client = Client(headers={"User-Agent": agent}, REMOTE_ADDR="203.0.113.9")
    client.post("/accounts/login/", {"login": world.alice.email, "password": PASSWORD})
    new = "another horse, another battery"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert client.post("/accounts/password/change/", form).status_code == 302
    jobs.drain()
    told = mailbox.taken[-1]
    assert told.message["Subject"] == "[Framehouse] Your password was changed"
    for part in (told.part("text/plain"), told.part("text/html")):
        assert "203.0.113.9" in part
        assert "Safari 17" in part
        assert re.search(r"\d{1,2} [A-Z][a-z]+ \d{4}, \d\d:\d\d UTC", part)
        assert new not in part
