"""Django's door to the outbox."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from project.mail import outbox


class QueuedBackend(BaseEmailBackend):
    """Writes messages into the outbox, in the caller's transaction. Never talks to a mail server."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """How many were written: those with somebody to go to. Raises what Django raises for a message that cannot
        be put on a wire (BadHeaderError), TypeError for an attachment that is a MIME object."""
        return outbox.put(email_messages)
