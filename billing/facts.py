"""What money tells to webhooks: allow lists of what is published, each in the transaction of its fact."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from accounts.models import EventType
from accounts.webhooks import events
from billing.budget_queries import State
from billing.ledger import Wallet
from billing.models import AutoRecharge, BalanceWatch, Origin, Payment
from project.money import to_json
from project.times import stamp


def wallet_low(watch: BalanceWatch, *, wallet: Wallet, recharge: AutoRecharge | None) -> None:
    """`wallet.low`: `available` fell below what the team chose. The caller holds the watch's lock."""
    assert watch.low_balance is not None
    data = {
        "available": to_json(wallet.available.balance),
        "held": to_json(wallet.held.balance),
        "low_balance": to_json(watch.low_balance),
        "automatic_recharge": recharge is not None,
        "url": f"{settings.SITE_URL}/wallet",
    }
    events.publish(team=watch.team, type=EventType.WALLET_LOW, subject=watch.team.public_id, payload=data)


def budget_reached(state: State, *, threshold: int) -> None:
    """`budget.reached`: so many percent of a cap are used and held. The caller holds the budget's lock."""
    budget = state.budget
    of = budget.membership or budget.api_key
    assert of is not None
    data: dict[str, Any] = {
        "of": "member" if budget.membership is not None else "key",
        "member": budget.membership.public_id if budget.membership is not None else None,
        "key": budget.api_key.public_id if budget.api_key is not None else None,
        "period": budget.period,
        "threshold": threshold,
        "limit": to_json(budget.limit),
        "cap": to_json(state.cap),
        "used": to_json(state.used),
        "held": to_json(state.held),
        "left": to_json(state.left),
        "resets_at": stamp(state.resets_at),
    }
    subject = f"{of.public_id}/{budget.period}"
    events.publish(team=budget.team, type=EventType.BUDGET_REACHED, subject=subject, payload=data)


def payment_paid(row: Payment) -> None:
    """`payment.paid`: a payment came in and was credited. The caller holds the payment's lock."""
    assert row.paid_at is not None
    data = {
        "id": row.public_id,
        "status": row.status,
        "amount": to_json(row.amount),
        "bonus": to_json(row.bonus),
        "automatic": row.origin == Origin.AUTO,
        "created_at": stamp(row.created_at),
        "paid_at": stamp(row.paid_at),
        "url": f"{settings.SITE_URL}/wallet/payments/{row.public_id}",
    }
    events.publish(team=row.team, type=EventType.PAYMENT_PAID, subject=row.public_id, payload=data)
