"""The same payment in many hands at once: threads with real commits."""

from __future__ import annotations

from functools import partial

from accounts.models import Action, AuditEvent
from billing import customers, ledger, payments, stripe_events, stripe_gateway
from billing.models import Customer, Payment, StripeEvent, Transfer
from project import queue
from project.errors import RateLimited
from tests.billing.conftest import letters
from tests.billing.payments.shop import BONUS, HUNDRED, again, bought, session_of
from tests.concurrency.racing import race
from tests.jobs import Jobs
from tests.stripe_client import StripeProcess
from tests.world import FIRST_CREDIT, World


def test_webhook_return_and_sweep_at_once_credit_once(
    committed_world: World, stripe: StripeProcess, jobs: Jobs
) -> None:
    row = bought(committed_world, stripe)
    letter = stripe.letter(stripe.event("checkout.session.completed", session_of(row))["id"])
    seen = stripe_gateway.read_event(letter["body"].encode(), letter["headers"]["Stripe-Signature"])

    stored = race([partial(stripe_events.receive, seen, "webhook")] * 4)
    assert sorted(str(answer) for answer in stored) == ["False", "False", "False", "True"]
    assert len(queue.pending()) == 1
    event = StripeEvent.objects.get()
    works = [
        partial(payments.converge, row.pk, by="return"),
        partial(payments.converge, row.pk, by="sweep"),
        partial(payments.look_up, row.pk, by="webhook"),
    ] * 2
    results = race([*works, partial(stripe_events.process, event.pk), partial(stripe_events.process, event.pk)])
    assert [result for result in results if isinstance(result, Exception)] == []
    assert again(row).status == "paid"
    assert Transfer.objects.filter(payment=row).count() == 2
    assert ledger.wallet(committed_world.team.pk).balance == FIRST_CREDIT + HUNDRED + BONUS
    assert AuditEvent.objects.filter(action=Action.CREDIT_BOUGHT).count() == 1
    assert len(letters()) == 1
    jobs.drain()
    assert StripeEvent.objects.get().status == "processed"


def test_a_team_s_first_payments_at_once_make_one_customer_and_keep_the_limit(
    committed_world: World, stripe: StripeProcess
) -> None:
    world = committed_world
    made = race([partial(customers.ensure, world.team)] * 4)
    assert {str(one) for one in made} == {Customer.objects.get().stripe_id}

    actor = world.actor(world.alice)
    works = [partial(payments.start, by=actor, amount=HUNDRED)] * (payments.MOST_PENDING + 2)
    results = race(works)
    assert sum(isinstance(result, Payment) for result in results) == payments.MOST_PENDING
    assert sum(isinstance(result, RateLimited) for result in results) == 2

    row = Payment.objects.order_by("pk")[0]
    urls = race([partial(payments.open_checkout, row)] * 4)
    assert len({str(url) for url in urls if isinstance(url, str)}) == 1
    made_once = [call for call in stripe.calls(path="/v1/checkout/sessions", method="POST") if call["status"] == 200]
    assert len([call for call in made_once if not call["replayed"]]) == 1
