"""The outbox: written with the fact that a mail tells of, emptied by `deliver` (delivery.py).

The row is the truth and the job a doorbell, as with generations. One sender at a time holds the lease of one row: a
mail server that hangs takes one worker, never all of them. The lease is committed before the talk begins, so a sender
that is killed leaves a row that comes due again; then a mail may go out twice, with the same Message-ID.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from project import db, queue, sealing
from project.mail import parcels
from project.mail.outcomes import Later, Never, Outcome, Sent
from project.models import Mail, MailStatus

log = logging.getLogger(__name__)

JOB = "project.mail.deliver"
LADDER = tuple(timedelta(seconds=seconds) for seconds in (30, 120, 600, 3_600, 21_600))  # waits between attempts
QUICK_LADDER = LADDER[:3]  # nothing of the mail was said: no reason to wait long once the server is back
GIVE_UP = timedelta(hours=24)
LEASE = timedelta(seconds=90)  # above the 60 s of a job
PAUSE = timedelta(seconds=30)  # nobody calls a server that failed before this
RING_AGAIN = timedelta(seconds=45)
KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Claimed:
    """A mail that is ours to send until its lease ends. sealed: see project.sealing."""

    id: int
    attempt: int
    sealed: bytes


def put(messages: Iterable[EmailMessage]) -> int:
    """Writes the messages that go to somebody, and rings once, in the caller's transaction. Returns how many."""
    wanted = [message for message in messages if message.recipients()]
    if not wanted:
        return 0
    moment = db.now()
    rows = [
        Mail(
            to=", ".join(message.recipients()),
            subject=str(message.subject),
            sealed=sealing.seal(parcels.pack(message, at=moment), purpose=parcels.PURPOSE),
            created_at=moment,
            next_attempt_at=moment,
            rung_at=moment,
            give_up_at=moment + GIVE_UP,
        )
        for message in wanted
    ]
    with transaction.atomic():
        Mail.objects.bulk_create(rows)
        queue.enqueue(JOB)
    return len(rows)


def claim() -> Claimed | None:
    """The mail that has been due longest, leased to the caller; None when none is due or somebody is sending."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:  # one claim at a time: two senders would not see each other's lease
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('project.mail'))")
        if Mail.objects.filter(status=MailStatus.QUEUED, leased_until__gt=Now()).exists():
            return None
        mail = _due().order_by("next_attempt_at", "id").first()
        if mail is None:
            return None
        moment = db.now()
        taken = _due().filter(pk=mail.pk, attempts=mail.attempts)
        count = taken.update(
            attempts=F("attempts") + 1,
            leased_until=moment + LEASE,
            next_attempt_at=moment + max(LEASE, _wait(LADDER, mail.attempts + 1)),
        )
    return Claimed(mail.pk, mail.attempts + 1, bytes(mail.sealed)) if count else None


def settle(claimed: Claimed, outcome: Outcome) -> None:
    """Writes what became of it. A late word of a sender whose lease ended counts only if it is that the mail is out."""
    open_row = Mail.objects.filter(pk=claimed.id, status=MailStatus.QUEUED)
    ours = open_row.filter(attempts=claimed.attempt)
    moment = db.now()
    if isinstance(outcome, Sent):
        # The links in it are of no more use to us.
        open_row.update(status=MailStatus.SENT, sent_at=moment, sealed=b"", error="", leased_until=None)
        log.info("mail %d sent", claimed.id)
        return
    over = isinstance(outcome, Later) and ours.filter(give_up_at__lte=moment).exists()
    if isinstance(outcome, Never) or over:
        if ours.update(status=MailStatus.FAILED, error=outcome.error, leased_until=None):
            log.error("mail %d failed for good at attempt %d: %s", claimed.id, claimed.attempt, outcome.error)
        return
    wait = _wait(QUICK_LADDER if outcome.quick else LADDER, claimed.attempt)
    for mail in ours:
        due_at = max(moment, min(moment + wait, mail.give_up_at))
        # The lease of a mail that met no server is everybody's pause: claim() sees it.
        until = moment + PAUSE if outcome.pause else None
        ours.update(next_attempt_at=due_at, leased_until=until, error=outcome.error)
        log.warning("mail %d waits until %s after attempt %d: %s", mail.pk, due_at, claimed.attempt, outcome.error)


def more_due() -> bool:
    """Whether another mail could be sent right now."""
    return _due().exists()


def ring_due() -> int:
    """Rings once for all that is due and was not rung for lately. Returns how many those are. Cheap when none is."""
    if Mail.objects.filter(status=MailStatus.QUEUED, leased_until__gt=Now()).exists():
        return 0
    fresh = Q(rung_at=None) | Q(rung_at__lt=F("next_attempt_at")) | Q(rung_at__lte=Now() - RING_AGAIN)
    if not _due().filter(fresh).exists():
        return 0
    with transaction.atomic():
        rung = _due().filter(fresh).update(rung_at=Now())
        queue.enqueue(JOB)
    return rung


def sweep() -> dict[str, int]:
    """Gives up what no sender ever brought to an end, removes what is older than 30 days. Idempotent."""
    moment = db.now()
    endless = Mail.objects.filter(status=MailStatus.QUEUED, give_up_at__lte=moment - LADDER[-1])
    endless = endless.exclude(leased_until__gt=moment)
    failed = 0
    for pk in endless.values_list("pk", flat=True):
        failed += endless.filter(pk=pk).update(status=MailStatus.FAILED, error="Unsent", leased_until=None)
        log.error("mail %d failed for good: no sender came to an end with it", pk)
    old = Mail.objects.exclude(status=MailStatus.QUEUED).filter(created_at__lte=moment - KEPT)
    return {"mail_given_up": failed, "mail_removed": old.delete()[0]}


def resend(ids: Sequence[int] | None = None) -> list[int]:
    """Queues failed mail again, for another 24 hours: those of `ids`, or all of it. Returns which were queued."""
    moment = db.now()
    failed = Mail.objects.filter(status=MailStatus.FAILED)
    if ids is not None:
        failed = failed.filter(pk__in=ids)
    with transaction.atomic():
        queued = sorted(failed.select_for_update(no_key=True).values_list("pk", flat=True))
        Mail.objects.filter(pk__in=queued).update(
            status=MailStatus.QUEUED,
            attempts=0,
            error="",
            next_attempt_at=moment,
            rung_at=moment,
            give_up_at=moment + GIVE_UP,
        )
        if queued:
            queue.enqueue(JOB)
    return queued


def _due() -> QuerySet[Mail]:
    return Mail.objects.filter(status=MailStatus.QUEUED, next_attempt_at__lte=Now())


def _wait(ladder: Sequence[timedelta], attempt: int) -> timedelta:
    """How long to wait after attempt number so and so, give or take a fifth."""
    return ladder[min(attempt, len(ladder)) - 1] * random.uniform(0.8, 1.2)  # noqa: S311 - jitter, not a secret
