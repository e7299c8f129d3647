"""Answers that are lost, and processes that are killed at the worst moments: nothing is lost, nothing happens twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db.models.functions import Now
from django.test import Client

from billing import ledger, payments, stripe_gateway, sweeps
from billing.models import Payment, StripeEvent, Transfer
from billing.stripe_seen import Refused, StripeFailed
from project import queue
from project.errors import Conflict, Unavailable
from project.failpoints import KILLED
from tests.billing.payments.shop import BONUS, HUNDRED, again, bought, event_of, make_due, send, session_of, started
from tests.flows.other_process import run
from tests.jobs import Jobs
from tests.stripe_client import KEY, WEBHOOK_SECRET, StripeProcess
from tests.world import FIRST_CREDIT, World

SESSIONS = "/v1/checkout/sessions"


def past_the_deadline(row: Payment) -> None:
    Payment.objects.filter(pk=row.pk).update(expires_at=Now() - timedelta(seconds=1))


def swept(jobs: Jobs) -> None:
    make_due()
    sweeps.ring_due()
    jobs.drain()


@pytest.mark.parametrize("fault", ["lost", "refused", "500", "bad_gateway", "429"])
def test_a_page_that_could_not_be_opened_ends_or_is_found(
    world: World, stripe: StripeProcess, jobs: Jobs, fault: str
) -> None:
    """The buyer is told and may start anew; whether the page was made is found out by the payment's name."""
    row = payments.start(by=world.actor(world.alice), amount=HUNDRED)
    stripe.fault(fault, method="POST", path=SESSIONS, times=2)  # the SDK's own second try, too
    with pytest.raises(Unavailable) as refused:
        payments.open_checkout(row)
    assert refused.value.code == "payments_unavailable"
    assert again(row).checkout_session is None
    swept(jobs)
    assert again(row).status == "pending"
    past_the_deadline(row)
    if fault == "lost":
        stripe.advance(3 * 3600)
    swept(jobs)
    row = again(row)
    assert (row.status, row.next_action_at) == ("failed", None)
    assert row.failure == ("expired" if fault == "lost" else "unknown_to_stripe")
    assert ledger.wallet(world.team.pk).balance == FIRST_CREDIT


def test_one_lost_answer_is_asked_for_again_by_the_same_key(world: World, stripe: StripeProcess) -> None:
    row = payments.start(by=world.actor(world.alice), amount=HUNDRED)
    stripe.fault("lost", method="POST", path=SESSIONS)
    payments.open_checkout(row)
    calls = stripe.calls(path=SESSIONS, method="POST")
    assert [call["replayed"] for call in calls] == [False, True]
    assert len({call["idempotency_key"] for call in calls}) == 1
    assert row.uuid.hex in calls[0]["idempotency_key"]


def test_the_same_payment_opened_after_a_lost_answer_is_the_same_page(world: World, stripe: StripeProcess) -> None:
    row = payments.start(by=world.actor(world.alice), amount=HUNDRED)
    stripe.fault("lost", method="POST", path=SESSIONS, times=2)
    with pytest.raises(Unavailable):
        payments.open_checkout(row)
    payments.open_checkout(again(row))
    assert len([event for event in stripe.calls(path=SESSIONS, method="POST") if not event["replayed"]]) == 1


@pytest.mark.parametrize("way", ["sweep", "webhook", "cancel"])
def test_a_page_whose_answer_was_lost_and_that_was_paid_is_credited(
    world: World, stripe: StripeProcess, client: Client, jobs: Jobs, way: str
) -> None:
    """As when our process died between Stripe's answer and our commit: its session is found by the payment's name."""
    row = bought(world, stripe)
    session = session_of(row)
    other = payments.start(by=world.actor(world.alice), amount=HUNDRED)
    Payment.objects.filter(pk=other.pk).update(customer=row.customer)
    opened, _ = stripe_gateway.open_checkout(
        other, customer=row.customer, success_url="http://x/a", cancel_url="http://x/b", save_card=False
    )
    stripe.pay(opened)
    if way == "sweep":
        swept(jobs)
    elif way == "webhook":
        send(client, stripe.letter(stripe.event("checkout.session.completed", opened)["id"]))
        jobs.drain()
    else:
        with pytest.raises(Conflict):
            payments.cancel(again(other), by=world.actor(world.alice))
    assert again(other).status == "paid"
    assert stripe.show(session)["payment_intent"] != again(other).payment_intent


def test_stripe_out_of_reach_leaves_it_pending_and_due_later(world: World, stripe: StripeProcess, jobs: Jobs) -> None:
    row = bought(world, stripe)
    stripe.fault("refused", path=f"{SESSIONS}/*", times=2)
    make_due()
    sweeps.ring_due()
    jobs.drain()
    row = again(row)
    assert row.status == "pending"
    assert row.next_action_at is not None
    stripe.fault("refused", path=f"{SESSIONS}/*", times=2)
    with pytest.raises(StripeFailed) as failed:
        payments.look_up(row.pk, by="webhook")
    assert failed.value.sent
    swept(jobs)
    assert again(row).status == "paid"


def test_nobody_listening_is_nothing_sent(world: World, stripe: StripeProcess, settings: Any) -> None:
    row = started(world)
    settings.STRIPE = type(settings.STRIPE)(KEY, (WEBHOOK_SECRET,), "http://127.0.0.1:9", "http://127.0.0.1:9")
    with pytest.raises(StripeFailed) as failed:
        stripe_gateway.see(row)
    assert not failed.value.sent


def test_the_same_key_for_something_else_is_refused(world: World, stripe: StripeProcess) -> None:
    row = started(world)
    with pytest.raises(Refused) as refused:
        stripe_gateway.open_checkout(
            row, customer=row.customer, success_url="http://x/other", cancel_url="http://x/b", save_card=False
        )
    assert refused.value.code == "idempotency_error"


# --- killed -----------------------------------------------------------------------------------------------------
def with_stripe(**more: str) -> dict[str, str]:
    return {
        "STRIPE_SECRET_KEY": KEY,
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "STRIPE_API_BASE": settings.STRIPE.api_base,
        **dict.fromkeys(("KIE_API_KEY", "KIE_WEBHOOK_KEY", "FAL_KEY"), ""),  # other_process hands them on
        **more,
    }


def test_killed_at_every_place_of_a_payment_s_way(
    committed_world: World, stripe: StripeProcess, client: Client, jobs: Jobs
) -> None:
    """Between Stripe's answer and our commit of the page; between storing an event and processing it; between what
    was seen and the commit that credits. One after another on the same payment."""
    world = committed_world
    row = payments.start(by=world.actor(world.alice), amount=HUNDRED)
    opening = f"from billing import payments as p; p.open_checkout(p.Payment.objects.get(pk={row.pk}))"
    ended = run(opening, **with_stripe(FAILPOINT="after_checkout"))
    assert ended.returncode == KILLED, ended.stderr
    assert again(row).checkout_session is None
    assert payments.open_checkout(again(row))  # the same page
    assert len([call for call in stripe.calls(path=SESSIONS, method="POST") if not call["replayed"]]) == 1

    stripe.pay(session_of(again(row)))
    event = stripe.event("checkout.session.completed")["id"]
    assert send(client, stripe.letter(event)) == 200
    for place in ("before_processing", "after_stripe"):
        pk = event_of(event).pk
        ended = run(f"from billing import tasks; tasks.process_stripe_event({pk})", **with_stripe(FAILPOINT=place))
        assert ended.returncode == KILLED, ended.stderr
        assert event_of(event).status == "received"
        assert again(row).status == "pending"
        assert not Transfer.objects.filter(payment=row).exists()

    assert len(queue.pending()) == 1  # the job's row is acknowledged only when it has run
    StripeEvent.objects.update(rung_at=Now() - sweeps.RING_AGAIN)
    sweeps.ring_due()
    jobs.drain(repeat=2)
    assert (event_of(event).status, again(row).status) == ("processed", "paid")
    assert ledger.wallet(world.team.pk).balance == FIRST_CREDIT + HUNDRED + BONUS
