"""Mail of development: printed where `make run` shows it, and kept as a file that every mail program opens."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.crypto import get_random_string


class PrintedTransport(BaseEmailBackend):
    """Prints the text, writes all of it to DATA_DIR/mail/*.eml."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            path = _keep(message)
            rule = "-" * 72
            head = f"A mail to {', '.join(message.recipients())}: {message.subject}"
            sys.stdout.write(f"{rule}\n{head}\n\n{str(message.body).strip()}\n\n(also {path})\n{rule}\n")
        sys.stdout.flush()
        return len(email_messages)


def _keep(message: EmailMessage) -> Path:
    folder = Path(settings.DATA_DIR) / "mail"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{get_random_string(4)}.eml"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(message.message().as_bytes())
    return path
