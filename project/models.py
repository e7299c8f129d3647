"""The kernel's own rows: signs of life of the queue's lanes (style.md 8.2 item 9), mail to go out, what limits
counted."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Heartbeat(models.Model):
    """When a lane of the queue last finished a job, by the database's clock. Written by the workers, read by the
    supervisor and by /health/queue."""

    lane = models.TextField(primary_key=True)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.lane} at {self.beat_at:%H:%M:%S}"


class MailStatus(models.TextChoices):
    """queued -> sent, or queued -> failed; a failed one may be queued again by staff."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


class Mail(models.Model):
    """A mail in the outbox (project/mail/outbox.py), by the database's clock. `sealed` is the message, encrypted, and
    empty once it was sent; `to` and `subject` are readable, so a subject never holds a secret."""

    to = models.TextField()
    subject = models.TextField()
    sealed = models.BinaryField(default=b"")
    status = models.TextField(choices=MailStatus.choices, default=MailStatus.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    rung_at = models.DateTimeField(null=True)
    give_up_at = models.DateTimeField()
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    error = models.TextField(default="", blank=True)

    class Meta:
        verbose_name_plural = "mail"
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=models.Q(status="queued"), name="mail_due"),
            models.Index(fields=["created_at"], name="mail_created"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=["queued", "sent", "failed"]), name="mail_status"),
            models.CheckConstraint(
                condition=models.Q(status="sent", sent_at__isnull=False, sealed=b"")
                | (~models.Q(status="sent") & models.Q(sent_at=None) & ~models.Q(sealed=b"")),
                name="mail_sealed_until_sent",
            ),
        ]

    def __str__(self) -> str:
        return f"mail {self.pk} {self.status}"


class Allowance(models.Model):
    """What one subject of a limit has taken (project/limits.py): `counts` by `slots`, the sixtieths of the window since
    1970. Written by the function of migration 0003 only; unlogged."""

    key = models.TextField(primary_key=True)
    slots = ArrayField(models.BigIntegerField())
    counts = ArrayField(models.BigIntegerField())
    empty_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key
