"""The webhook of alerts over real HTTP: signed, told at least once under one id, tried again, given up and shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from standardwebhooks import Webhook

from generations import sweeps
from generations.models import Alert, AlertKind, AlertNotice, Generation
from generations.oversight import alert_delivery, alert_queries
from project import db, queue
from project.alert_settings import Alerts
from tests.accounts.webhooks.receiver import Receiver
from tests.concurrency.racing import race, split
from tests.invariants.steps import accept
from tests.jobs import Jobs
from tests.oversight.alerts.conftest import SECRET, mended, rule, stuck, watch
from tests.world import World

Make = Callable[..., Generation]


def due() -> None:
    """The time of the next try has come."""
    AlertNotice.objects.filter(status="waiting").update(next_action_at=db.now(), rung_at=None)


def test_on_and_off_are_told_and_signed(make: Make, hooked: Receiver, jobs: Jobs, settings: Any) -> None:
    rule(AlertKind.STUCK_HOLDS, calm_seconds=0)
    row = stuck(make)
    watch()
    jobs.drain(repeat=2)
    mended(row)
    watch()
    jobs.drain()
    on, off = hooked.told
    alert = Alert.objects.get()
    for told in (on, off):
        assert told.path == "/alerts"
        assert told.headers["content-type"] == "application/json"
        Webhook(SECRET).verify(told.body.decode(), told.headers)
        assert told.json["id"] == told.headers["webhook-id"]
    assert (on.json["type"], off.json["type"]) == ("alert.on", "alert.off")
    assert on.headers["webhook-id"] != off.headers["webhook-id"]
    data = on.json["data"]
    assert set(data) == {
        *("alert", "kind", "title", "subject", "text", "unit", "value", "worst", "on_at", "off_at", "shown"),
        *("since", "until", "url"),
    }
    assert (data["alert"], data["kind"], data["subject"]) == (alert.pk, "stuck_holds", "holds")
    assert (data["value"], data["unit"], data["shown"]["threshold"]) == (1, "count", "above 0")
    assert data["until"] is None
    assert off.json["data"]["until"] is not None
    assert data["url"] == f"{settings.SITE_URL}/admin/operations/open"
    assert "a dog in a park" not in on.body.decode()
    sent = AlertNotice.objects.filter(channel="webhook")
    assert {(row.status, row.tries, row.error) for row in sent} == {("sent", 1, "")}
    assert [row.told for row in sent] == [["127.0.0.1"]] * 2


def test_an_error_is_tried_again_under_the_same_id_and_body(make: Make, hooked: Receiver, jobs: Jobs) -> None:
    hooked.status = 500
    stuck(make)
    watch()
    before = db.now()
    jobs.drain()
    notice = AlertNotice.objects.get(channel="webhook")
    assert (notice.status, notice.tries, notice.error) == ("waiting", 1, "It answered with an error (HTTP 500)")
    assert notice.next_action_at is not None
    assert notice.next_action_at - before > timedelta(seconds=4)
    assert notice.next_action_at - db.now() < timedelta(seconds=6)
    AlertNotice.objects.filter(pk=notice.pk).update(next_action_at=db.now() + timedelta(minutes=5))  # a slow machine
    assert alert_delivery.ring_due() == 0
    jobs.drain()
    assert len(hooked.told) == 1, "it is not due yet"
    due()
    Alert.objects.update(value=99)
    hooked.status = 204
    assert alert_delivery.ring_due() == 1
    assert alert_delivery.ring_due() == 0, "it is rung for once"
    jobs.drain()
    first, second = hooked.told
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    notice.refresh_from_db()
    assert (notice.status, notice.tries, notice.error) == ("sent", 2, "")


def test_the_waits_grow_to_an_hour(make: Make, hooked: Receiver) -> None:
    hooked.status = 503
    stuck(make)
    watch()
    notice = AlertNotice.objects.get(channel="webhook")
    waits = []
    for _ in range(7):
        due()
        before = db.now()
        alert_delivery.deliver(notice.pk)
        notice.refresh_from_db()
        assert notice.next_action_at is not None
        waits.append([(notice.next_action_at - moment).total_seconds() for moment in (before, db.now())])
    assert all(
        0.85 * wanted < since_before and since_after < 1.15 * wanted
        for (since_before, since_after), wanted in zip(waits[1:], (30, 120, 600, 1800, 3600, 3600), strict=True)
    )


def test_after_24_hours_it_is_given_up(make: Make, hooked: Receiver) -> None:
    hooked.status = 500
    stuck(make)
    watch()
    notice = AlertNotice.objects.get(channel="webhook")
    alert_delivery.deliver(notice.pk)
    AlertNotice.objects.update(made_at=F("made_at") - timedelta(hours=25))
    due()
    alert_delivery.deliver(notice.pk)
    notice.refresh_from_db()
    assert (notice.status, notice.tries, notice.next_action_at) == ("failed", 1, None)
    assert notice.error == "It answered with an error (HTTP 500)"
    due()
    alert_delivery.deliver(notice.pk)
    assert len(hooked.told) == 1


def test_what_was_given_up_is_warned_of_for_30_days_and_old_notices_go(make: Make, hooked: Receiver) -> None:
    def aged(days: int) -> None:
        AlertNotice.objects.update(made_at=db.now() - timedelta(days=days))

    rule(AlertKind.STUCK_HOLDS, calm_seconds=0)
    row = stuck(make)
    watch()
    AlertNotice.objects.update(status="failed", next_action_at=None, error="Timeout")
    assert alert_queries.troubled_notices() == 2
    aged(31)
    assert alert_queries.troubled_notices() == 0
    aged(91)
    assert sweeps.sweep()["notices"] == 0, "the alert is still on: who was told of it?"
    mended(row)
    queue.touch("main", always=True)
    watch()
    assert AlertNotice.objects.filter(what="off", status="waiting").exists()
    aged(91)
    assert sweeps.sweep()["notices"] == 3
    assert AlertNotice.objects.get().status == "waiting"
    aged(89)
    assert sweeps.sweep()["notices"] == 0


def test_an_address_of_our_own_network_is_not_called(make: Make, receiver: Receiver, settings: Any) -> None:
    settings.OUTBOUND_ALLOW_HOSTS = []
    settings.ALERTS = Alerts((), receiver.url(), SECRET)
    stuck(make)
    watch()
    notice = AlertNotice.objects.get(channel="webhook")
    alert_delivery.deliver(notice.pk)
    notice.refresh_from_db()
    assert (notice.status, notice.error) == ("waiting", "The address is not one that we call")
    assert receiver.told == []


def test_a_webhook_that_is_no_longer_set(make: Make, hooked: Receiver, settings: Any) -> None:
    stuck(make)
    watch()
    settings.ALERTS = Alerts((), "", "")
    notice = AlertNotice.objects.get(channel="webhook")
    alert_delivery.deliver(notice.pk)
    notice.refresh_from_db()
    assert (notice.status, notice.tries) == ("failed", 0)
    assert hooked.told == []


def test_a_worker_that_died_leaves_a_notice_that_comes_due_again(make: Make, hooked: Receiver) -> None:
    stuck(make)
    watch()
    notice = AlertNotice.objects.get(channel="webhook")
    claimed = alert_delivery._claim(notice.pk)
    assert claimed is not None
    alert_delivery.deliver(notice.pk)
    assert hooked.told == [], "the lease is another's"
    due()
    assert alert_delivery.ring_due() == 1
    alert_delivery.deliver(notice.pk)
    alert_delivery._settle(claimed, "The connection broke")
    notice.refresh_from_db()
    assert (notice.status, notice.tries, len(hooked.told)) == ("sent", 2, 1)


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_it_once(committed_world: World, hooked: Receiver) -> None:
    row = accept(committed_world.actor(), "flux-kontext-pro", {"prompt": "mine"})
    stuck(lambda: row)
    watch()
    notice = AlertNotice.objects.get(channel="webhook")
    _, raised = split(race([lambda: alert_delivery.deliver(notice.pk)] * 4))
    assert raised == []
    assert len(hooked.told) == 1
    notice.refresh_from_db()
    assert (notice.status, notice.tries) == ("sent", 1)


def test_its_job_is_one_that_workers_run(settings: Any) -> None:
    assert "generations.tasks.tell_alert" in settings.JOBS
    assert {job.func for job in queue.pending()} == set()
