"""POST /callbacks/stripe: what is genuine is stored once and answered; whatever else has a defined outcome."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now
from django.test import Client

from accounts.audit import Staff
from accounts.models import AuditEvent
from billing import ledger, payment_outcomes, payments, stripe_events, stripe_gateway, sweeps
from billing.callback_views import BODY_BYTES
from billing.models import Payment, StripeEvent
from project import db, queue
from project.stripe_settings import Stripe
from tests.billing.payments.shop import (
    BONUS,
    HUNDRED,
    again,
    bought,
    event_of,
    intent_of,
    send,
    session_of,
)
from tests.jobs import Jobs
from tests.stripe_client import KEY, WEBHOOK_SECRET, StripeProcess
from tests.world import FIRST_CREDIT, World


def paid_event(world: World, stripe: StripeProcess) -> tuple[Any, str]:
    """A payment that is paid at Stripe, and the id of the event that tells of it."""
    row = bought(world, stripe)
    return row, str(stripe.event("checkout.session.completed", session_of(row))["id"])


def test_stored_as_it_came_rung_and_answered(world: World, stripe: StripeProcess, client: Client) -> None:
    row, event = paid_event(world, stripe)
    letter = stripe.letter(event)
    assert send(client, letter) == 200
    kept = event_of(event)
    assert (kept.type, kept.object_id, kept.source, kept.status) == (
        "checkout.session.completed",
        row.checkout_session,
        "webhook",
        "received",
    )
    assert kept.payload == letter["body"]
    assert [job.args for job in queue.pending()] == [(kept.pk,)]
    assert again(row).status == "pending"  # nothing moves by an event's own content


def test_a_duplicate_is_answered_and_nothing_new(
    world: World, stripe: StripeProcess, client: Client, jobs: Jobs
) -> None:
    row, event = paid_event(world, stripe)
    letter = stripe.letter(event)
    assert [send(client, letter) for _ in range(3)] == [200, 200, 200]
    assert len(queue.pending()) == 1
    jobs.drain(repeat=2)
    assert send(client, letter) == 200
    assert queue.pending() == []
    kept = event_of(event)
    assert (kept.status, kept.attempts) == ("processed", 1)
    assert kept.outcome == f"Payment {row.public_id} is paid."
    assert ledger.wallet(world.team.pk).balance == FIRST_CREDIT + HUNDRED + BONUS


@pytest.mark.parametrize(
    "lies",
    [
        {"signature": "none"},
        {"signature": "wrong"},
        {"signature": "t=1,v1=00"},
        {"signature": "nonsense"},
        {"signature": "t=x,v1=y,v1"},
        {"signed_ago": 301},
        {"body": "no JSON"},
        {"body": "[]"},
        {"body": "{}"},
        {"body": '{"id": "evt_1", "object": "event", "type": 7}'},
        {"id": "evt_" + "x" * 100},
    ],
)
def test_what_is_not_genuine_leaves_no_row(
    world: World, stripe: StripeProcess, client: Client, lies: dict[str, Any]
) -> None:
    _, event = paid_event(world, stripe)
    assert send(client, stripe.letter(event, **lies)) == 400
    assert not StripeEvent.objects.exists()
    assert queue.pending() == []


def test_a_body_that_was_changed_on_the_way_is_refused(world: World, stripe: StripeProcess, client: Client) -> None:
    _, event = paid_event(world, stripe)
    letter = stripe.letter(event)
    letter["body"] = letter["body"].replace("10000", "99999")
    assert send(client, letter) == 400
    letter["body"] = "\xff\xfe"
    response = client.post(
        "/callbacks/stripe",
        data=b"\xff\xfe",
        content_type="application/json",
        headers={"Stripe-Signature": letter["headers"]["Stripe-Signature"]},
    )
    assert response.status_code == 400
    assert response.json()["code"] == "unsigned"


def test_both_secrets_are_good_while_one_is_replaced(
    world: World, stripe: StripeProcess, client: Client, settings: Any
) -> None:
    _, event = paid_event(world, stripe)
    settings.STRIPE = Stripe(KEY, ("whsec_new", WEBHOOK_SECRET), settings.STRIPE.api_base, settings.STRIPE.checkout)
    assert send(client, stripe.letter(event)) == 200
    settings.STRIPE = Stripe(KEY, ("whsec_new",), settings.STRIPE.api_base, settings.STRIPE.checkout)
    assert send(client, stripe.letter(event)) == 400


def test_a_long_body_and_other_methods(stripe: StripeProcess, client: Client, world: World) -> None:
    response = client.post("/callbacks/stripe", data="x" * (BODY_BYTES + 1), content_type="application/json")
    assert response.status_code == 413
    assert client.get("/callbacks/stripe").status_code == 405


def test_without_a_key_there_is_no_such_address(client: Client, world: World) -> None:
    assert client.post("/callbacks/stripe", data="{}", content_type="application/json").status_code == 404


@pytest.mark.parametrize(
    ("lies", "says"),
    [
        ({"type": "customer.created"}, "not used"),
        ({"type": "something.unheard_of"}, "not used"),
        ({"livemode": True}, "live mode"),
        ({"account": "acct_of_somebody"}, "another account: acct_of_somebody"),
        (
            {"object": {"id": "cs_x", "metadata": {}, "client_reference_id": None, "payment_intent": None}},
            "no payment of ours",
        ),
        (
            {
                "object": {
                    "id": "cs_x",
                    "metadata": {"payment": "pay_" + "0" * 32},
                    "client_reference_id": "pay_x",
                    "payment_intent": "pi_x",
                }
            },
            "no payment of ours",
        ),
    ],
)
def test_what_is_not_ours_is_ignored_with_the_reason(
    world: World, stripe: StripeProcess, client: Client, jobs: Jobs, lies: dict[str, Any], says: str
) -> None:
    row, event = paid_event(world, stripe)
    assert send(client, stripe.letter(event, **lies)) == 200
    jobs.drain()
    kept = event_of(event)
    assert kept.status == "ignored"
    assert says in kept.outcome
    assert kept.next_action_at is None
    assert again(row).status == "pending"


def test_our_own_account_by_its_name_is_ours(world: World, stripe: StripeProcess, client: Client, jobs: Jobs) -> None:
    row, event = paid_event(world, stripe)
    send(client, stripe.letter(event, account="acct_standin"))
    jobs.drain()
    assert again(row).status == "paid"


def test_three_days_late_is_as_good_as_at_once(world: World, stripe: StripeProcess, client: Client, jobs: Jobs) -> None:
    row, event = paid_event(world, stripe)
    send(client, stripe.letter(event, age=3 * 86400))
    jobs.drain()
    assert (again(row).status, event_of(event).status) == ("paid", "processed")
    assert db.now() - event_of(event).created_at > timedelta(days=2)


def test_a_refund_heard_of_before_the_payment(world: World, stripe: StripeProcess, client: Client, jobs: Jobs) -> None:
    """It names only an intent that we have never heard of: who it is of is asked at Stripe."""
    row = bought(world, stripe)
    stripe.refund(intent_of(row, stripe), 4_000)
    event = stripe.event("refund.created")["id"]
    send(client, stripe.letter(event))
    jobs.drain()
    assert again(row).status == "paid"
    assert event_of(event).outcome == f"Payment {row.public_id} is paid."
    assert ledger.wallet(world.team.pk).balance < FIRST_CREDIT + HUNDRED + BONUS


def test_a_refund_of_somebody_elses_payment(world: World, stripe: StripeProcess, client: Client, jobs: Jobs) -> None:
    event = stripe.make_event(
        "refund.created", {"id": "re_x", "object": "refund", "payment_intent": "pi_other", "metadata": {}}
    )
    send(client, stripe.letter(event["id"]))
    jobs.drain()
    assert event_of(event["id"]).status == "ignored"


def test_what_fails_is_tried_again_and_then_waits_for_staff(
    world: World, stripe: StripeProcess, client: Client, jobs: Jobs
) -> None:
    row, event = paid_event(world, stripe)
    send(client, stripe.letter(event))
    stripe.fault("429", path="/v1/checkout/sessions/*", times=2)
    jobs.drain()
    kept = event_of(event)
    assert (kept.status, kept.attempts) == ("received", 1)
    assert kept.next_action_at is not None
    assert kept.next_action_at > db.now()
    assert sweeps.ring_due() == 0  # not yet

    StripeEvent.objects.update(attempts=stripe_events.MOST_ATTEMPTS - 1, next_action_at=Now(), rung_at=None)
    assert sweeps.ring_due() == 1
    jobs.drain()
    kept = event_of(event)
    assert (kept.status, kept.next_action_at) == ("failed", None)
    assert "StripeFailed" in kept.outcome
    assert "rate limit" not in kept.outcome.lower()  # Stripe's words stay in the log
    assert again(row).status == "pending"

    assert stripe_events.run_again(kept, by=Staff(world.alice))
    assert not stripe_events.run_again(kept, by=Staff(world.alice))  # it waits already
    assert AuditEvent.objects.get(action="staff.changed").target == f"billing.stripeevent:{kept.pk}"
    jobs.drain()
    assert (event_of(event).status, again(row).status) == ("processed", "paid")


def test_the_row_is_rung_again_when_its_job_was_lost(
    world: World, stripe: StripeProcess, client: Client, jobs: Jobs
) -> None:
    """Killed between storing and processing, or the queue emptied: the row itself is what is due."""
    row, event = paid_event(world, stripe)
    send(client, stripe.letter(event))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_q_ormq")
    assert sweeps.ring_due() == 0  # its job may still be under way
    StripeEvent.objects.update(rung_at=Now() - sweeps.RING_AGAIN)
    assert sweeps.ring_due() == 1
    jobs.drain()
    assert again(row).status == "paid"


def test_an_event_stays_as_it_came(world: World, stripe: StripeProcess, client: Client) -> None:
    _, event = paid_event(world, stripe)
    send(client, stripe.letter(event))
    with pytest.raises(DatabaseError), transaction.atomic():
        StripeEvent.objects.filter(event_id=event).update(payload=json.dumps({}))
    with pytest.raises(DatabaseError), transaction.atomic():
        StripeEvent.objects.filter(event_id=event).delete()


def test_another_intent_than_its_own_is_never_believed(world: World, stripe: StripeProcess) -> None:
    row = payments.converge(bought(world, stripe).pk, by="return")
    other = stripe_gateway.see(bought(world, stripe))
    with pytest.raises(payment_outcomes.OtherIntent):
        payments.apply(row.pk, other, "webhook")


def test_a_session_that_is_paid_by_another_intent_leaves_the_page_standing(world: World, stripe: StripeProcess) -> None:
    """As if a row had been changed by hand: the buyer's return is no 500, and nothing is credited."""
    row = bought(world, stripe)
    Payment.objects.filter(pk=row.pk).update(payment_intent="pi_of_before")
    row = payments.converge(row.pk, by="return")
    assert row.status == "pending"
    assert row.next_action_at is not None
    assert row.next_action_at > db.now()
    assert ledger.wallet(world.team.pk).balance == FIRST_CREDIT
