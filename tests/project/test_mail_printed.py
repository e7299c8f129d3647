"""Mail of development: a newcomer finds the link in the terminal, and the whole mail in a file of their own."""

from __future__ import annotations

import re
import stat
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from project import mail
from project.mail_settings import PRINTED, SMTP, Transport, transport
from project.models import Mail
from tests.jobs import Jobs
from tests.project.mail_world import SECRET, TO, write


def test_without_an_address_of_a_server_development_prints() -> None:
    assert transport(None, production=False) == Transport(PRINTED)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("smtp://relay", Transport(SMTP, "relay", 25)),
        (
            "smtp+tls://a%40b.example:p%2Fw%3A1@mail.example",
            Transport(SMTP, "mail.example", 587, "a@b.example", "p/w:1", starttls=True),
        ),
        ("smtp+ssl://u:p@mail.example:4650/", Transport(SMTP, "mail.example", 4650, "u", "p", tls=True)),
        ("smtp://[::1]:2525", Transport(SMTP, "::1", 2525)),
    ],
)
def test_the_address_of_a_server_is_read(url: str, wanted: Transport) -> None:
    assert transport(url, production=True) == wanted


@pytest.mark.django_db
def test_the_link_stands_in_the_terminal_and_in_a_file(
    settings: Any, tmp_path: Path, jobs: Jobs, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.EMAIL_BACKEND, settings.MAIL_TRANSPORT = "project.mail.QueuedBackend", PRINTED
    settings.DATA_DIR = tmp_path
    write(subject="[Framehouse] Confirm your e-mail address", text=f"Open this:\n\n{SECRET}")
    jobs.drain()
    said = capsys.readouterr().out.splitlines()
    assert f"A mail to {TO}: [Framehouse] Confirm your e-mail address" in said
    assert SECRET in said, "alone on its line, to click or copy"
    (path,) = (tmp_path / "mail").iterdir()
    assert str(path) in " ".join(said)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kept = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert [part.get_content_type() for part in kept.iter_parts()] == ["text/plain", "text/html"]  # type: ignore[attr-defined]
    assert re.fullmatch(r"<\S+@\S+>", kept["Message-ID"])
    assert Mail.objects.get().status == "sent"
    mail.deliver()
    assert len(list((tmp_path / "mail").iterdir())) == 1
