"""mail: how the outbox stands, which mail failed, and queueing it again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Count

from project import mail
from project.models import Mail, MailStatus

ALL = "all"


class Command(BaseCommand):
    help = (
        "Counts the outbox and lists failed mail, never its content. Links in a mail may have ended by the time that "
        "it is sent again; then the person asks for a new one."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--resend", nargs="+", metavar="ID", help="queue these failed mails again, or `all`")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["resend"]:
            self._resend(options["resend"])
            return
        counts = dict(Mail.objects.values_list("status").annotate(count=Count("id")).order_by())
        self.stdout.write(", ".join(f"{status} {counts.get(status, 0)}" for status in MailStatus.values))
        for row in Mail.objects.filter(status=MailStatus.FAILED).order_by("id"):
            self.stdout.write(f"{row.pk}  {row.created_at:%Y-%m-%d %H:%M} UTC  {row.to}  {row.subject}  {row.error}")

    def _resend(self, words: list[str]) -> None:
        if words == [ALL]:
            self.stdout.write(f"queued again: {len(mail.resend())}")
            return
        wrong = [word for word in words if not (word.isascii() and word.isdigit())]
        if wrong:
            raise CommandError(f"--resend: {wrong[0]!r} is not the number of a mail.")
        ids = [int(word) for word in words]
        queued = mail.resend(ids)
        unknown = [str(number) for number in ids if number not in queued]
        if queued:
            self.stdout.write(f"queued again: {', '.join(map(str, queued))}")
        if unknown:
            raise CommandError(f"--resend: not a failed mail: {', '.join(unknown)}.")
