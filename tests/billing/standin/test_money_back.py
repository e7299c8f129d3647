"""Refunds and disputes: amounts, refusals, what fails later, where the money is."""

from __future__ import annotations

from typing import Any

import pytest


def test_refunds_in_parts_end_with_nothing_left(client: Any, paid: Any, refused: Any, stripe: Any) -> None:
    intent = paid(1000)
    first = client.v1.refunds.create({"payment_intent": intent.id, "amount": 300, "metadata": {"refund": "rf_1"}})
    assert (first.status, first.amount, first.charge, first.metadata.refund) == (
        "succeeded",
        300,
        intent.latest_charge,
        "rf_1",
    )
    error = refused(client.v1.refunds.create, {"payment_intent": intent.id, "amount": 701})
    assert (error.http_status, error.param) == (400, "amount")
    assert "greater than unrefunded amount" in error.user_message
    second = client.v1.refunds.create({"payment_intent": intent.id})
    assert second.amount == 700
    charge = client.v1.charges.retrieve(intent.latest_charge, {"expand": ["refunds"]})
    assert (charge.amount_refunded, charge.refunded) == (1000, True)
    assert [refund.id for refund in charge.refunds.data] == [second.id, first.id]
    error = refused(client.v1.refunds.create, {"payment_intent": intent.id})
    assert (error.http_status, error.code) == (400, "charge_already_refunded")
    assert [one.id for one in client.v1.refunds.list({"payment_intent": intent.id}).data] == [second.id, first.id]
    assert stripe.event("charge.refunded")["data"]["previous_attributes"] == {"amount_refunded": 300, "refunded": False}


def test_nothing_paid_nothing_to_refund(client: Any, refused: Any) -> None:
    intent = client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    assert "successful charge" in refused(client.v1.refunds.create, {"payment_intent": intent.id}).user_message


@pytest.mark.parametrize(("number", "status"), [("4000000000005126", "succeeded"), ("4000000000007726", "pending")])
def test_a_refund_can_fail_later(client: Any, paid: Any, stripe: Any, number: str, status: str) -> None:
    intent = paid(1000, number)
    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 400})
    assert refund.status == status
    stripe.fail_refund(refund.id)
    after = client.v1.refunds.retrieve(refund.id, {"expand": ["charge"]})
    assert (after.status, after.failure_reason) == ("failed", "expired_or_canceled_card")
    assert (after.charge.amount_refunded, after.charge.refunded) == (0, False)
    assert stripe.event("refund.failed")["data"]["object"]["id"] == refund.id


def test_a_pending_refund_arrives(client: Any, paid: Any, stripe: Any) -> None:
    refund = client.v1.refunds.create({"payment_intent": paid(1000, "4000000000007726").id})
    stripe.settle(refund.id)
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"
    assert stripe.event("refund.updated")["data"]["previous_attributes"]["status"] == "pending"


def test_a_dispute_takes_the_money_and_forbids_a_refund(client: Any, paid: Any, stripe: Any, refused: Any) -> None:
    intent = paid(1000)
    dispute = stripe.dispute(intent.id, 600)
    (seen,) = client.v1.disputes.list({"payment_intent": intent.id}).data
    assert (seen.id, seen.status, seen.amount, seen.charge) == (
        dispute["id"],
        "needs_response",
        600,
        intent.latest_charge,
    )
    assert [move.amount for move in seen.balance_transactions] == [-600]
    assert client.v1.charges.retrieve(intent.latest_charge).disputed
    error = refused(client.v1.refunds.create, {"payment_intent": intent.id})
    assert (error.http_status, error.code) == (400, "charge_disputed")
    stripe.set_dispute(dispute["id"], "won")
    after = client.v1.disputes.retrieve(dispute["id"])
    assert [move.amount for move in after.balance_transactions] == [-600, 600]
    assert client.v1.refunds.create({"payment_intent": intent.id}).status == "succeeded"
    told = [event["type"] for event in stripe.events(about=intent.id) if "dispute" in event["type"]]
    assert told == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
    ]


def test_a_lost_dispute_can_still_be_won(client: Any, paid: Any, stripe: Any) -> None:
    dispute = stripe.dispute(paid(1000).id)
    for status in ("under_review", "lost", "won"):
        assert stripe.set_dispute(dispute["id"], status)["status"] == status
    assert [move["amount"] for move in stripe.show(dispute["id"])["balance_transactions"]] == [-1000, 1000]


def test_an_inquiry_takes_nothing_until_it_is_more(client: Any, paid: Any, stripe: Any) -> None:
    intent = paid(1000, "4000000000001976")
    (inquiry,) = client.v1.disputes.list({"payment_intent": intent.id}).data
    assert (inquiry.status, inquiry.balance_transactions) == ("warning_needs_response", [])
    assert inquiry.is_charge_refundable
    stripe.set_dispute(inquiry.id, "needs_response")
    assert len(client.v1.disputes.retrieve(inquiry.id).balance_transactions) == 1


def test_a_whole_refund_ends_an_inquiry(client: Any, paid: Any) -> None:
    intent = paid(1000, "4000000000001976")
    client.v1.refunds.create({"payment_intent": intent.id})
    assert client.v1.disputes.list({"payment_intent": intent.id}).data[0].status == "warning_closed"


def test_a_card_that_is_disputed_at_once(client: Any, paid: Any) -> None:
    intent = paid(1000, "4000000000000259")
    assert client.v1.disputes.list({"payment_intent": intent.id}).data[0].amount == 1000


def test_the_dashboard_refunds_too(client: Any, paid: Any, stripe: Any) -> None:
    intent = paid(1000)
    stripe.refund(intent.id, 250)
    assert [one.amount for one in client.v1.refunds.list({"payment_intent": intent.id}).data] == [250]
    assert client.v1.balance.retrieve().available[0].amount == 750
