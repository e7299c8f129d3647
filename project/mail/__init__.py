"""Mail that is neither lost nor leaked: an outbox in the database, sealed, sent by a job (see outbox.py).

Everything that Django sends goes this way: EMAIL_BACKEND is `QueuedBackend`, and MAIL_TRANSPORT the backend behind it.
"""

from project.mail.backend import QueuedBackend
from project.mail.composing import composed, one_line, render
from project.mail.delivery import deliver
from project.mail.outbox import resend, ring_due, sweep
from project.mail.printed import PrintedTransport

__all__ = [
    "PrintedTransport",
    "QueuedBackend",
    "composed",
    "deliver",
    "one_line",
    "render",
    "resend",
    "ring_due",
    "sweep",
]
