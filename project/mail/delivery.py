"""The job that empties the outbox through the transport (MAIL_TRANSPORT), one connection for many mails."""

from __future__ import annotations

import logging
import smtplib
import time
from contextlib import suppress
from types import TracebackType

from django.conf import settings
from django.core.mail import get_connection

from project import queue, sealing
from project.mail import outbox, parcels
from project.mail.outcomes import Later, Never, Outcome, Sent

log = logging.getLogger(__name__)

AT_A_STRETCH = 10.0  # seconds, then others have the worker
TOO_BIG = 552  # RFC 5321: said of the message, though in answer to its sender


def deliver() -> None:
    """Sends what is due until nothing is, the server is in trouble, or it is others' turn. May run at any time, also
    beside itself: the second finds a lease and leaves."""
    until = time.monotonic() + AT_A_STRETCH
    with _Line() as line:
        while time.monotonic() < until:
            claimed = outbox.claim()
            if claimed is None:
                return
            outcome = _send(line, claimed)
            outbox.settle(claimed, outcome)
            if isinstance(outcome, Later) and outcome.pause:
                return
    if outbox.more_due():
        queue.enqueue(outbox.JOB)


class _Line:
    """A connection that is opened at its first use and again after every failure."""

    def __init__(self) -> None:
        self.backend = get_connection(settings.MAIL_TRANSPORT)

    def __enter__(self) -> _Line:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        # The goodbye of a server that is gone tells nothing of the mail it took.
        with suppress(OSError):
            self.backend.close()


def _send(line: _Line, claimed: outbox.Claimed) -> Outcome:
    """One attempt. Nothing but the end of the process leaves it as an exception: the row needs its outcome."""
    try:
        message = parcels.unpack(sealing.unseal(claimed.sealed, purpose=parcels.PURPOSE))
    except (sealing.Unreadable, ValueError, KeyError, TypeError):
        return Never("Unreadable")  # SECRET_KEY was changed without a fallback; the next mail is another's
    try:
        line.backend.open()
    except Exception as error:
        line.hang_up()
        return Later(_name(error), pause=True, quick=True)
    try:
        return Sent() if line.backend.send_messages([message]) else Never("NobodyToSendTo")
    except Exception as error:
        line.hang_up()
        if not isinstance(error, OSError):  # a mail server's own are OSErrors; this is a fault of ours
            log.exception("mail %d could not be sent", claimed.id)
        return _judge(error)


def _judge(error: Exception) -> Outcome:
    """What an answer, or none, means for the mail (RFC 5321 section 4.2.1: 4xx later, 5xx never)."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        name = f"{type(error).__name__} {min(codes)}"
        return Never(name) if min(codes) >= 500 else Later(name, pause=421 in codes, quick=False)
    if isinstance(error, smtplib.SMTPSenderRefused) and error.smtp_code != TOO_BIG:
        return Later(_name(error), pause=True, quick=True)  # our own address or account: staff's to mend
    if isinstance(error, smtplib.SMTPResponseException):
        if error.smtp_code >= 500:
            return Never(_name(error))
        return Later(_name(error), pause=error.smtp_code == 421, quick=False)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Never(_name(error))
    # No answer: it may have taken the mail. It goes again, late, under the same Message-ID.
    return Later(_name(error), pause=isinstance(error, OSError), quick=False)


def _name(error: Exception) -> str:
    code = getattr(error, "smtp_code", None)
    return f"{type(error).__name__} {code}" if isinstance(code, int) else type(error).__name__
