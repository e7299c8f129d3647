"""Senders that are killed, that meet, and that are late: a mail is never lost and one worker at most waits for it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from project import db, mail
from project.mail import outbox
from project.mail.outcomes import Later, Never, Sent
from project.models import Mail
from tests.jobs import Jobs
from tests.project.mail_world import pass_time, write
from tests.project.processes import House, database_url, hung_up, within
from tests.project.smtp_server import Mailbox

pytestmark = pytest.mark.django_db(transaction=True)


def in_thread(work: Callable[[], object]) -> threading.Thread:
    """Starts it in a thread with a connection of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def house(tmp_path: Path, mailbox: Mailbox) -> House:
    """Processes of ours that send by this mail server."""
    environment = {
        "FRAMEHOUSE_MODE": "test",
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "DATABASE_URL": database_url(),
        "EMAIL_URL": f"smtp://127.0.0.1:{mailbox.port}",
    }
    return House(tmp_path / "log", **environment)


def test_a_sender_that_is_killed_leaves_a_mail_that_is_sent(mailbox: Mailbox, jobs: Jobs, tmp_path: Path) -> None:
    mailbox.hangs_at = "DATA"
    row = write()
    children = house(tmp_path, mailbox)
    try:
        code = "import django; django.setup(); from project import mail; mail.deliver()"
        child = children.start(sys.executable, "-c", code)
        assert mailbox.reached.wait(30), children.output()
        child.kill()
        child.wait(timeout=10)
    finally:
        children.end()
        assert within(20, lambda: hung_up(children.mark))
    mailbox.well()
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("queued", 1)
    assert row.leased_until is not None
    jobs.drain()
    assert mailbox.taken == [], "its lease has not ended: somebody may still be sending it"
    pass_time(timedelta(seconds=110))  # the lease, or the longest jitter of the wait
    assert mail.ring_due() == 1
    jobs.drain()
    row.refresh_from_db()
    assert (row.status, len(mailbox.taken)) == ("sent", 1)


def test_what_kills_its_senders_is_tried_less_and_less(mailbox: Mailbox) -> None:
    """No sender came to a word about it: the wait was set before the talk began."""
    row = write()
    waits = []
    for _ in range(5):
        assert outbox.claim() is not None
        row.refresh_from_db()
        waits.append((row.next_attempt_at - db.now()).total_seconds())
        pass_time(row.next_attempt_at - db.now())
    assert min(waits) > 85, "never before the lease ends"
    assert waits[4] > 5 * waits[2] > 2_000


def test_a_server_that_hangs_takes_one_worker_and_no_more(mailbox: Mailbox, settings: Any) -> None:
    settings.EMAIL_TIMEOUT = 30
    mailbox.hangs_at = "RCPT"
    for number in range(8):
        write(to=f"person{number}@example.com")
    first = in_thread(mail.deliver)
    assert mailbox.reached.wait(20)
    others = [in_thread(mail.deliver) for _ in range(6)]
    for thread in others:
        thread.join(20)
        assert not thread.is_alive(), "a second worker waits for the mail server"
    assert mail.ring_due() == 0
    mailbox.well()
    first.join(60)
    assert Mail.objects.filter(status="sent").count() == 8, "the one sender goes on with the rest"
    assert len(mailbox.taken) == 8
    assert mailbox.connections == 1


def test_many_senders_at_once_send_each_mail_once(mailbox: Mailbox) -> None:
    for number in range(30):
        write(to=f"person{number}@example.com")
    threads = [in_thread(mail.deliver) for _ in range(8)]
    for thread in threads:
        thread.join(60)
    mail.deliver()
    assert len(mailbox.taken) == 30
    assert len({envelope.recipients[0] for envelope in mailbox.taken}) == 30


def test_the_last_word_of_a_sender_that_is_late(mailbox: Mailbox) -> None:
    """Its lease ended and another has the mail: that it failed is the past, that it is out is the truth."""
    row = write()
    late = outbox.claim()
    assert late is not None
    assert outbox.claim() is None
    pass_time(timedelta(minutes=3))
    current = outbox.claim()
    assert current is not None
    assert (current.id, current.attempt) == (late.id, 2)
    for word in (Never("SMTPDataError 554"), Later("SMTPServerDisconnected", pause=True, quick=False)):
        outbox.settle(late, word)
        row.refresh_from_db()
        assert (row.status, row.attempts, row.error) == ("queued", 2, "")
    outbox.settle(late, Sent())
    row.refresh_from_db()
    assert row.status == "sent"
    outbox.settle(current, Never("SMTPDataError 554"))
    row.refresh_from_db()
    assert (row.status, bytes(row.sealed)) == ("sent", b"")


@pytest.mark.slow
def test_the_worker_sends_what_a_page_wrote(mailbox: Mailbox, tmp_path: Path) -> None:
    """Real processes: the doorbell rings within seconds, and a mail whose job was lost is found by the clock."""
    children = house(tmp_path, mailbox)
    try:
        children.manage("worker", "--ring-every", "0.5", "--grace", "2")
        write(to="first@example.com")
        assert within(60, lambda: len(mailbox.taken) == 1), children.output()
        second = write(to="second@example.com")
        assert within(45, lambda: Mail.objects.get(pk=second.pk).status == "sent"), children.output()
        with transaction.atomic(), connection.cursor() as cursor:
            third = write(to="third@example.com")
            cursor.execute("DELETE FROM django_q_ormq")  # the job is lost before anybody saw it
        pass_time(timedelta(seconds=46))
        assert within(45, lambda: Mail.objects.get(pk=third.pk).status == "sent"), children.output()
    finally:
        children.end()
        assert within(20, lambda: hung_up(children.mark))
    assert [envelope.recipients[0] for envelope in mailbox.taken] == [
        "first@example.com",
        "second@example.com",
        "third@example.com",
    ]
