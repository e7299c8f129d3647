"""Events that never came by webhook are found in Stripe's own list."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client

from billing import stripe_events, stripe_gateway, sweeps
from billing.models import StripeEvent, StripeWatch
from project import db, queue
from tests.billing.payments.shop import again, bought, send, session_of
from tests.jobs import Jobs
from tests.stripe_client import StripeProcess
from tests.world import World

COMPARE = "billing.tasks.compare_stripe_events"


@pytest.fixture(autouse=True)
def _a_process_that_runs_already(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe_events, "_was_rung", True)


def test_missed_events_are_stored_and_processed(
    world: World, stripe: StripeProcess, client: Client, jobs: Jobs
) -> None:
    heard, missed = bought(world, stripe), bought(world, stripe)
    send(client, stripe.letter(stripe.event("checkout.session.completed", session_of(heard))["id"]))
    jobs.drain()
    assert (again(heard).status, again(missed).status) == ("paid", "pending")

    assert sweeps.sweep()["comparisons"] == 1
    assert [job.func for job in queue.pending()] == [COMPARE]
    jobs.drain()
    assert (again(missed).status, again(missed).credited_by) == ("paid", "webhook")
    sources = dict(StripeEvent.objects.values_list("event_id", "source"))
    told = stripe.events(type="checkout.session.completed")
    assert [sources[event["id"]] for event in told] == ["webhook", "sweep"]
    assert set(StripeEvent.objects.values_list("type", flat=True)) <= set(stripe_gateway.TYPES)
    assert not StripeEvent.objects.exclude(status="processed").exists()

    watch = StripeWatch.objects.get()
    assert db.now() - watch.compared_until < timedelta(minutes=1)
    assert watch.next_action_at > db.now() + timedelta(hours=23)
    before = len(sources)
    StripeWatch.objects.update(next_action_at=Now())
    sweeps.sweep()
    jobs.drain()
    assert StripeEvent.objects.count() == before


def test_rung_once_a_day_and_at_a_process_s_start(
    world: World, stripe: StripeProcess, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [stripe_events.ring_comparison() for _ in range(3)] == [1, 0, 0]
    jobs.drain()
    assert stripe_events.ring_comparison() == 0
    monkeypatch.setattr(stripe_events, "_was_rung", False)
    assert [stripe_events.ring_comparison() for _ in range(2)] == [1, 0]


def test_stripe_out_of_reach_is_asked_again_soon(world: World, stripe: StripeProcess, jobs: Jobs) -> None:
    row = bought(world, stripe)
    StripeWatch.objects.create(compared_until=db.now() - timedelta(hours=2))
    stripe.fault("429", path="/v1/events", times=1)
    stripe_events.ring_comparison()
    jobs.drain()
    watch = StripeWatch.objects.get()
    assert db.now() - watch.compared_until > timedelta(hours=1)
    assert timedelta() < watch.next_action_at - db.now() < timedelta(minutes=11)
    StripeWatch.objects.update(next_action_at=Now())
    stripe_events.ring_comparison()
    jobs.drain()
    assert again(row).status == "paid"


def test_a_long_time_is_compared_in_parts(
    world: World, stripe: StripeProcess, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job has a bounded time: what it compared stays compared, the next one goes on from there."""
    StripeWatch.objects.create(compared_until=db.now() - timedelta(days=20))
    bought(world, stripe)
    monkeypatch.setattr(stripe_events, "BUDGET", timedelta())
    assert stripe_events.compare_with_stripe() == 0
    assert StripeWatch.objects.get().compared_until < db.now() - timedelta(days=19)
    monkeypatch.setattr(stripe_events, "BUDGET", timedelta(seconds=25))
    assert stripe_events.compare_with_stripe() > 0
    assert len(stripe.calls(path="/v1/events")) == 21


def test_without_a_key_nothing_is_compared(world: World) -> None:
    assert stripe_events.ring_comparison() == 0
    assert stripe_events.compare_with_stripe() == 0
    assert queue.pending() == []
