"""What the clock does: rings once for each due time, closes what a killed sender left, turns off what fails for too
long, and removes what is old."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now

from accounts.models import (
    AuditEvent,
    Delivery,
    DeliveryAttempt,
    EventType,
    OutgoingEvent,
    TeamStatus,
    WebhookEndpoint,
    WebhookSecret,
)
from accounts.webhooks import secrets, sending, sweeps
from project import queue
from project.failpoints import KILLED
from tests.accounts.webhooks.receiver import Receiver
from tests.accounts.webhooks.telling import added, age, attempt, publish
from tests.concurrency.racing import race
from tests.flows.other_process import run
from tests.world import World

DAY = timedelta(days=1)
NO_PROVIDER = {"KIE_API_KEY": "", "KIE_WEBHOOK_KEY": "", "FAL_KEY": ""}


def empty_the_queue() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_q_ormq")


def rung() -> list[Any]:
    return [job.args[0] for job in queue.pending() if job.func == "accounts.tasks.deliver"]


def test_an_emptied_queue_loses_nothing(world: World, receiver: Receiver) -> None:
    added(world, receiver)
    row = publish(world)
    assert sweeps.ring_due() == 0, "its job is there"
    empty_the_queue()
    Delivery.objects.filter(pk=row.pk).update(rung_at=Now() - sweeps.RING_AGAIN)
    assert (sweeps.ring_due(), sweeps.ring_due()) == (1, 0)
    assert rung() == [row.pk]
    queue.run_pending()
    assert len(receiver.told) == 1
    assert sweeps.ring_due() == 0


def test_each_due_time_is_rung_for_once(world: World, receiver: Receiver) -> None:
    added(world, receiver)
    receiver.status = 500
    row = publish(world)
    attempt(row)
    empty_the_queue()
    assert sweeps.ring_due() == 0, "not due yet"
    Delivery.objects.filter(pk=row.pk).update(next_action_at=Now(), rung_at=Now() - timedelta(seconds=1))
    assert (sweeps.ring_due(), sweeps.ring_due()) == (1, 0)


def test_a_killed_sender_leaves_a_lost_try_and_it_comes_again(committed_world: World, receiver: Receiver) -> None:
    """Killed before the call and after it: the receiver hears it at least once, under one id."""
    world = committed_world
    _, secret = added(world, receiver)
    row = publish(world)
    for number, place in enumerate(("before_webhook", "after_webhook"), start=1):
        program = f"from accounts.webhooks import sending; sending.deliver({row.pk})"
        ended = run(program, FAILPOINT=place, **NO_PROVIDER)
        assert ended.returncode == KILLED, ended.stderr
        assert len(receiver.told) == number - 1
        assert row.attempts.get(number=number).outcome == ""
        sending.deliver(row.pk)  # the job comes again: another is at it, as far as anybody knows
        assert sweeps.sweep()["webhook_tries_lost"] == 0
        Delivery.objects.filter(pk=row.pk).update(leased_until=Now())
        assert sweeps.sweep()["webhook_tries_lost"] == 1
        tried = row.attempts.get(number=number)
        assert (tried.outcome, tried.duration_ms is not None) == ("lost", True)
        assert sweeps.ring_due() == 1
        empty_the_queue()
    sending.deliver(row.pk)
    row.refresh_from_db()
    assert (row.status, row.tries, row.attempts.count()) == ("delivered", 3, 3)
    assert [told.headers["webhook-id"] for told in receiver.told] == [row.event.public_id] * 2
    assert all(told.signed_by(secret) for told in receiver.told)


def test_many_workers_at_once_send_once(committed_world: World, receiver: Receiver) -> None:
    added(committed_world, receiver)
    row = publish(committed_world)
    results = race([lambda: sending.deliver(row.pk)] * 6)
    assert results == [None] * 6
    assert len(receiver.told) == 1
    assert row.attempts.count() == 1


def test_no_more_than_a_few_calls_of_one_host_at_once(world: World, receiver: Receiver, settings: Any) -> None:
    added(world, receiver)
    rows = [publish(world) for _ in range(sending.most_at_once() + 1)]
    claims = [sending._claim(row.pk, receiver.place) for row in rows]
    assert [claim is not None for claim in claims] == [True] * sending.most_at_once() + [False]
    waiting = Delivery.objects.get(pk=rows[-1].pk)
    assert (waiting.status, waiting.tries, waiting.attempts.count()) == ("pending", 0, 0)
    assert waiting.next_action_at > rows[-1].created_at
    assert sending.most_at_once() < settings.Q_CLUSTER["ALT_CLUSTERS"]["hooks"]["workers"]


def test_a_host_is_called_sixty_times_a_minute_at_most(world: World, receiver: Receiver) -> None:
    added(world, receiver)
    rows = [publish(world) for _ in range(sending.HOST.quota + 2)]
    for row in rows:
        sending.deliver(row.pk)
    assert len(receiver.told) == sending.HOST.quota
    for row in rows[-2:]:
        row.refresh_from_db()
        assert (row.status, row.tries) == ("pending", 0)
        assert row.next_action_at is not None


@pytest.mark.parametrize(("failing", "warned", "off"), [(0.9, 0, 0), (1.1, 1, 0), (5.1, 0, 1)])
def test_an_endpoint_that_fails_is_warned_of_and_then_turned_off(
    failing: float, warned: int, off: int, world: World, receiver: Receiver
) -> None:
    endpoint, _ = added(world, receiver)
    receiver.status = 500
    row = publish(world)
    attempt(row)
    endpoint.refresh_from_db()
    assert endpoint.failing_since is not None
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=Now() - failing * DAY)
    for _ in range(2):  # the second finds nothing more to do
        done = sweeps.sweep()
        assert (done["webhooks_warned"], done["webhooks_disabled"]) == (warned, off)
        warned = off = 0
    endpoint.refresh_from_db()
    row.refresh_from_db()
    turned_off = failing > 5
    assert endpoint.status == ("disabled" if turned_off else "enabled")
    assert endpoint.disabled_reason == ("failing" if turned_off else "")
    assert row.status == ("canceled" if turned_off else "pending")
    assert len(mail.outbox) == (1 if failing > 1 else 0)
    assert AuditEvent.objects.filter(action="webhook.endpoint_disabled").count() == int(turned_off)


def test_one_success_ends_the_record_of_failing(world: World, receiver: Receiver) -> None:
    endpoint, _ = added(world, receiver)
    receiver.status = 500
    row = publish(world)
    attempt(row)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=Now() - 6 * DAY, warned_at=Now())
    receiver.status = 200
    attempt(row)
    endpoint.refresh_from_db()
    assert (endpoint.failing_since, endpoint.warned_at) == (None, None)
    assert sweeps.sweep()["webhooks_disabled"] == 0


def test_a_suspended_team_is_told_of_what_ends(world: World, receiver: Receiver) -> None:
    """It starts nothing new, and what runs already goes on and is told."""
    added(world, receiver)
    world.team.status = TeamStatus.SUSPENDED
    world.team.save(update_fields=["status"])
    attempt(publish(world))
    assert len(receiver.told) == 1


def test_what_is_30_days_old_is_removed_and_counting_goes_on(world: World, receiver: Receiver) -> None:
    endpoint, _ = added(world, receiver)
    gone = [publish(world), publish(world)]
    ended = publish(world, subject="gen_" + "0" * 32, type=EventType.GENERATION_FAILED)
    young = publish(world, subject="gen_" + "1" * 32, type=EventType.GENERATION_FAILED)
    for row in [*gone, ended, young]:
        attempt(row)
    waiting = publish(world, subject="pay_" + "0" * 32, type=EventType.PAYMENT_PAID)
    for row in [*gone, ended, waiting]:
        age(row, 30 * DAY)
    WebhookSecret.objects.filter(endpoint=endpoint).update(ends_at=Now() - 31 * DAY)
    assert sweeps.sweep()["webhook_events_removed"] == 2
    assert sweeps.sweep()["webhook_events_removed"] == 0
    kept = {row.subject: row.sequence for row in OutgoingEvent.objects.all()}
    assert kept == {world.team.public_id: 2, young.event.subject: 1, waiting.event.subject: 1}
    assert set(Delivery.objects.values_list("pk", flat=True)) == {young.pk, waiting.pk}
    assert DeliveryAttempt.objects.count() == 1
    assert secrets.made_at(endpoint) is None
    assert publish(world).event.sequence == 3


def test_events_and_tries_are_not_rewritten(world: World, receiver: Receiver) -> None:
    added(world, receiver)
    row = publish(world)
    attempt(row)
    for act in (
        lambda: OutgoingEvent.objects.filter(pk=row.event_id).update(payload={}),
        lambda: OutgoingEvent.objects.filter(pk=row.event_id).delete(),
        lambda: DeliveryAttempt.objects.filter(delivery=row).update(outcome="refused"),
        lambda: DeliveryAttempt.objects.filter(delivery=row).update(status=201),
        lambda: Delivery.objects.filter(pk=row.pk).update(url="https://elsewhere.example/"),
        lambda: Delivery.objects.filter(pk=row.pk).update(status="pending"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()
