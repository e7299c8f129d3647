"""Fixtures of the kernel's tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from project.mail_settings import SMTP
from tests.project.smtp_server import Mailbox, smtp_server


@pytest.fixture
def mailbox(db: None, settings: Any) -> Iterator[Mailbox]:
    """A mail server of its own, and the outbox in front of it."""
    with smtp_server() as box:
        settings.EMAIL_BACKEND = "project.mail.QueuedBackend"
        settings.MAIL_TRANSPORT = SMTP
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", box.port, 20
        yield box
