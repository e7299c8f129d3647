"""A mail is written with its fact, sent once by the worker, tried again in time, and given up in sight."""

from __future__ import annotations

import logging
import random
import socket
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from django.contrib import admin
from django.core import mail as django_mail
from django.core.mail import BadHeaderError, EmailMessage
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import RequestFactory

from accounts.models import User
from project import db, mail, queue
from project.mail import outbox
from project.models import Mail
from tests.jobs import Jobs
from tests.project.mail_world import SECRET, TO, hours, pass_time, write
from tests.project.smtp_server import Mailbox


def only() -> Mail:
    return Mail.objects.get()


def test_a_mail_arrives_whole(mailbox: Mailbox, jobs: Jobs) -> None:
    write(to="zoë@example.com", subject="Grüße: “a link”", text="Zeile eins\n.\nZeile drei")
    assert mailbox.connections == 0, "whoever writes a mail waits for no server"
    jobs.drain()
    (envelope,) = mailbox.taken
    message = envelope.message
    assert message["Subject"] == "Grüße: “a link”"
    assert envelope.part("text/plain").splitlines() == ["Zeile eins", ".", "Zeile drei"]
    assert "<p>" in envelope.part("text/html")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Reply-To"] is None
    row = only()
    assert (row.status, row.attempts, bytes(row.sealed), row.leased_until) == ("sent", 1, b"", None)
    assert row.sent_at is not None


def test_attachments_and_copies_survive_the_outbox(mailbox: Mailbox, jobs: Jobs) -> None:
    message = EmailMessage("Receipt", "here", "Us <us@example.com>", [TO], bcc=["books@example.com"])
    message.attach("receipt.pdf", b"%PDF\x00\xff", "application/pdf")
    message.send()
    jobs.drain()
    (envelope,) = mailbox.taken
    assert envelope.recipients == [TO, "books@example.com"]
    assert envelope.sender == "us@example.com"
    assert "books" not in str(envelope.message)
    (part,) = envelope.message.iter_attachments()
    assert (part.get_filename(), part.get_content()) == ("receipt.pdf", b"%PDF\x00\xff")


@pytest.mark.django_db(transaction=True)
def test_a_mail_is_written_with_its_fact_or_not_at_all(mailbox: Mailbox, jobs: Jobs) -> None:
    def fact() -> None:
        with transaction.atomic():
            write()
            raise RuntimeError("the fact fails")

    with pytest.raises(RuntimeError):
        fact()
    assert not Mail.objects.exists()
    assert jobs.drain() == 0
    assert mailbox.taken == []


def test_the_job_may_run_twice_and_late(mailbox: Mailbox, jobs: Jobs) -> None:
    for number in range(5):
        write(to=f"person{number}@example.com")
    jobs.drain(seed=3, repeat=2)
    mail.deliver()
    assert sorted(envelope.recipients[0] for envelope in mailbox.taken) == [f"person{n}@example.com" for n in range(5)]
    assert mailbox.connections == 1, "one connection for all of them"


def test_nothing_readable_waits_in_the_database(mailbox: Mailbox) -> None:
    row = write()
    kept = " ".join(str(value) for value in Mail.objects.values_list().get())
    for secret in (SECRET, "abc-123456", "password/reset"):
        assert secret not in kept
        assert secret.encode() not in bytes(row.sealed)
    assert queue.pending()[0].args == ()


def test_a_job_that_was_lost_is_rung_again(mailbox: Mailbox, jobs: Jobs) -> None:
    write()
    empty_the_queue()
    assert mail.ring_due() == 0, "it was rung when it was written"
    pass_time(timedelta(seconds=46))
    assert mail.ring_due() == 1
    assert mail.ring_due() == 0
    jobs.drain()
    assert only().status == "sent"
    assert mail.ring_due() == 0


def empty_the_queue() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_q_ormq")


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        ({"answers": {"CONNECT": "554 not today"}}, "SMTPConnectError 554"),
        ({"answers": {"CONNECT": "421 busy"}}, "SMTPConnectError 421"),
        ({"answers": {"MAIL": "550 who are you"}}, "SMTPSenderRefused 550"),
        ({"answers": {"MAIL": "421 closing"}}, "SMTPSenderRefused 421"),
        ({"answers": {"RCPT": "450 greylisted"}}, "SMTPRecipientsRefused 450"),
        ({"answers": {"DATA": "451 later"}}, "SMTPDataError 451"),
        ({"answers": {"END": "452 disk full"}}, "SMTPDataError 452"),
        ({"drops_at": "CONNECT"}, "SMTPServerDisconnected"),
        ({"drops_at": "RCPT"}, "SMTPServerDisconnected"),
        ({"drops_at": "DATA"}, "SMTPServerDisconnected"),
    ],
)
def test_trouble_passes_and_the_mail_arrives_once(
    trouble: dict[str, Any], error: str, mailbox: Mailbox, jobs: Jobs
) -> None:
    for name, value in trouble.items():
        setattr(mailbox, name, value)
    write()
    jobs.drain()
    row = only()
    assert (row.status, row.attempts, row.error) == ("queued", 1, error)
    assert mailbox.taken == []
    mailbox.well()
    mail.deliver()
    assert mailbox.taken == [], "not before its time"
    pass_time(timedelta(seconds=40))
    assert mail.ring_due() == 1
    jobs.drain()
    assert only().status == "sent"
    assert len(mailbox.taken) == 1


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({"RCPT": "550 no such user: secret words"}, "SMTPRecipientsRefused 550"),
        ({"END": "554 looks like spam"}, "SMTPDataError 554"),
        ({"MAIL": "552 too big"}, "SMTPSenderRefused 552"),
    ],
)
def test_a_refusal_for_good_fails_at_once_and_in_sight(
    answers: dict[str, str], error: str, mailbox: Mailbox, jobs: Jobs, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.answers = answers
    write()
    jobs.drain()
    row = only()
    assert (row.status, row.attempts, row.error) == ("failed", 1, error)
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.getMessage() == f"mail {row.pk} failed for good at attempt 1: {error}"
    pass_time(hours(2))
    assert mail.ring_due() == 0


def test_one_refused_address_does_not_hold_the_others(mailbox: Mailbox, jobs: Jobs) -> None:
    mailbox.refuses = {"nobody@example.com": "550 unknown"}
    rows = [write(to=to) for to in ("nobody@example.com", TO)]
    jobs.drain()
    assert [Mail.objects.get(pk=row.pk).status for row in rows] == ["failed", "sent"]


def test_no_server_at_all(mailbox: Mailbox, jobs: Jobs, settings: Any) -> None:
    with socket.socket() as mute:  # bound and not listening: nobody else gets this port
        mute.bind(("127.0.0.1", 0))
        settings.EMAIL_PORT = mute.getsockname()[1]
        write()
        jobs.drain()
    assert (only().status, only().error) == ("queued", "ConnectionRefusedError")
    settings.EMAIL_PORT = mailbox.port
    pass_time(timedelta(seconds=40))
    mail.deliver()
    assert only().status == "sent"


def test_a_server_in_trouble_is_left_alone_for_a_while(mailbox: Mailbox, jobs: Jobs) -> None:
    """One mail finds out for all; a hundred mails are not a hundred calls, and no worker waits a hundred times."""
    mailbox.answers = {"CONNECT": "421 busy"}
    for number in range(20):
        write(to=f"person{number}@example.com")
    jobs.drain()
    write()
    jobs.drain()
    assert mailbox.connections == 1
    mailbox.well()
    assert mail.ring_due() == 0
    pass_time(timedelta(seconds=46))
    assert mail.ring_due() > 0
    jobs.drain()
    assert Mail.objects.filter(status="sent").count() == 21
    assert len(mailbox.taken) == 21


def test_the_waits_grow_until_a_day_is_over(mailbox: Mailbox, caplog: pytest.LogCaptureFixture) -> None:
    mailbox.answers = {"RCPT": "450 later"}
    write()
    waits, after = [], []  # by the longest and by the shortest reckoning
    for _ in range(20):
        begun = db.now()
        mail.deliver()
        row = only()
        if row.status == "failed":
            break
        waits.append((row.next_attempt_at - begun).total_seconds())
        after.append((row.next_attempt_at - db.now()).total_seconds())
        pass_time(row.next_attempt_at - db.now())
    for longest, shortest, step in zip(waits, after, (30, 120, 600, 3_600, 21_600), strict=False):
        assert longest >= step * 0.8
        assert shortest <= step * 1.2
    assert len(waits) > 5
    assert only().error == "SMTPRecipientsRefused 450"
    assert 86_300 < sum(waits) < 86_500, "the last try is at 24 hours"
    assert "failed for good at attempt" in caplog.text


def test_the_waits_are_not_all_the_same() -> None:
    random.seed(1)
    assert len({outbox._wait(outbox.LADDER, 1) for _ in range(10)}) == 10


def test_a_lost_answer_repeats_the_same_mail(mailbox: Mailbox, jobs: Jobs) -> None:
    """The connection is lost after the mail was taken: it goes again, and is recognized by Message-ID and Date."""
    mailbox.drops_at = "END"
    write()
    jobs.drain()
    assert (only().status, len(mailbox.taken)) == ("queued", 1)
    mailbox.well()
    pass_time(timedelta(minutes=3))
    mail.deliver()
    first, second = (envelope.message for envelope in mailbox.taken)
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"].endswith("@localhost>"), "the sender's domain, never this machine's name"
    assert first["Date"] == second["Date"]
    assert parsedate_to_datetime(first["Date"]).tzinfo is not None


def test_a_server_that_hangs_is_given_up_in_time(mailbox: Mailbox, jobs: Jobs, settings: Any) -> None:
    patience, settings.EMAIL_TIMEOUT = settings.EMAIL_TIMEOUT, 0.3
    mailbox.hangs_at = "DATA"
    write()
    jobs.drain()
    assert (only().status, only().error) == ("queued", "SMTPServerDisconnected"), "what smtplib calls silence"
    mailbox.well()
    settings.EMAIL_TIMEOUT = patience
    pass_time(timedelta(minutes=3))
    mail.deliver()
    assert only().status == "sent"


def test_a_new_secret_key_opens_what_an_earlier_one_sealed(mailbox: Mailbox, jobs: Jobs, settings: Any) -> None:
    write()
    before = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 60, [before]
    mail.deliver()
    assert only().status == "sent"


def test_a_mail_that_nobody_can_open_blocks_nobody(mailbox: Mailbox, settings: Any) -> None:
    lost = write()
    settings.SECRET_KEY = "n" * 60
    write()
    mail.deliver()
    assert [(row.status, row.error) for row in Mail.objects.order_by("id")] == [("failed", "Unreadable"), ("sent", "")]
    lost.refresh_from_db()
    assert lost.attempts == 1


def test_sent_and_failed_mail_leaves_after_thirty_days(mailbox: Mailbox, jobs: Jobs) -> None:
    mailbox.refuses = {"nobody@example.com": "550 unknown"}
    write()
    write(to="nobody@example.com")
    jobs.drain()
    pass_time(timedelta(days=29))
    assert mail.sweep()["mail_removed"] == 0
    pass_time(timedelta(days=2))
    waiting = write()
    assert mail.sweep() == {"mail_given_up": 0, "mail_removed": 2}
    assert only().pk == waiting.pk


def test_what_kills_every_sender_is_given_up(mailbox: Mailbox, caplog: pytest.LogCaptureFixture) -> None:
    write()
    pass_time(hours(29))
    assert mail.sweep()["mail_given_up"] == 0, "its last try may be under way"
    pass_time(hours(2))
    assert mail.sweep()["mail_given_up"] == 1
    assert (only().status, only().error) == ("failed", "Unsent")
    assert "failed for good" in caplog.text


def test_staff_list_failed_mail_and_send_it_again(
    mailbox: Mailbox, jobs: Jobs, capsys: pytest.CaptureFixture[str]
) -> None:
    mailbox.refuses = {TO: "550 mailbox closed"}
    row = write()
    jobs.drain()
    call_command("mail")
    said = capsys.readouterr().out
    assert said.startswith("queued 0, sent 0, failed 1\n")
    assert f"{row.pk}  " in said
    assert "A link for you  SMTPRecipientsRefused 550" in said
    assert SECRET not in said
    mailbox.well()
    call_command("mail", resend=[str(row.pk)])
    jobs.drain()
    assert SECRET in mailbox.taken[0].part("text/plain")
    for words, sentence in ((["x"], "'x' is not the number"), ([str(row.pk)], f"not a failed mail: {row.pk}")):
        with pytest.raises(CommandError, match=sentence):
            call_command("mail", resend=words)
    call_command("mail", resend=["all"])
    assert "queued again: 0" in capsys.readouterr().out


def test_a_line_break_in_a_header_is_refused_when_it_is_written(mailbox: Mailbox) -> None:
    for message in (
        EmailMessage("Hello\nBcc: all@example.com", "x", None, [TO]),
        EmailMessage("Hello", "x", None, [f"{TO}\nBcc: all@example.com"]),
        EmailMessage("Hello", "x", None, [TO], headers={"X-Team": "a\r\nBcc: all@example.com"}),
    ):
        with pytest.raises((BadHeaderError, ValueError)):
            message.send()
    assert not Mail.objects.exists()


def test_the_usual_doors_lead_here(mailbox: Mailbox, jobs: Jobs) -> None:
    django_mail.send_mail("Hello", "text", None, [TO])
    django_mail.send_mail("To nobody", "text", None, [])
    call_command("sendtestemail", TO)
    jobs.drain()
    assert [envelope.recipients for envelope in mailbox.taken] == [[TO], [TO]]


def test_staff_look_at_the_outbox_and_not_into_it(mailbox: Mailbox, rf: RequestFactory) -> None:
    row, request = write(), rf.get("/admin/project/mail/")
    request.user = User(is_staff=True, is_superuser=True)
    pages = admin.site._registry[Mail]
    assert "sealed" not in pages.get_fields(request, row)
    assert "sealed" not in pages.get_list_display(request)
    may = (pages.has_add_permission, pages.has_change_permission, pages.has_delete_permission)
    assert not any(permission(request) for permission in may)
