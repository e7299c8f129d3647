"""The outbox of tests: the queued backend in front of a real mail server, and time that passes when told."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection

from project import mail
from project.models import Mail

TO = "dora@example.com"
SECRET = "https://framehouse.example/accounts/password/reset/key/abc-123456/"


def write(to: str = TO, subject: str = "A link for you", text: str = SECRET) -> Mail:
    """Queues one mail; returns its row."""
    mail.composed(to=to, subject=subject, text=text, html=f'<p><a href="{text}">{text}</a></p>').send()
    return Mail.objects.latest("id")


def pass_time(wait: timedelta) -> None:
    """Moves every stamp of the outbox that far into the past."""
    columns = ("next_attempt_at", "leased_until", "rung_at", "give_up_at", "created_at", "sent_at")
    shifts = ", ".join(f"{column} = {column} - %s" for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE project_mail SET {shifts}", [wait] * len(columns))


def hours(number: float) -> timedelta:
    return timedelta(hours=number)
