"""What staff see of payments and may do: refund, ask Stripe again, run an event again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.audit import Staff
from accounts.models import Action, AuditEvent, Team, User
from billing.models import Payment, Refund, Restriction, StripeEvent
from project import db, queue
from project.money import USD
from tests.accounts.audit.conftest import browser_of
from tests.billing.purchases import bought
from tests.billing.refunds.conftest import Ask, dispute, look, owed, spend, wallet
from tests.world import World, person

HOSTILE = '<script>alert("x")</script>'


@pytest.fixture
def root(staff: Staff) -> Client:
    """Staff of all rights."""
    return at_the_desk(staff.user)


@pytest.fixture
def looker(world: World) -> Client:
    """Staff who may look and do nothing."""
    user = person("lou")
    user.is_staff = True
    user.save()
    names = [f"view_{name}" for name in ("payment", "refund", "restriction", "stripeevent", "dispute", "lot")]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return at_the_desk(user)


def at_the_desk(user: User) -> Client:
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "none"})
    return browser_of(user, method="mfa")


def text(response: Any) -> str:
    assert response.status_code in (200, 422, 409), response.status_code
    return " ".join(response.content.decode().split())


def event(**more: Any) -> StripeEvent:
    values = {"type": "charge.refunded", "livemode": False, "payload": "{}", "source": "webhook", "status": "failed"}
    return StripeEvent.objects.create(**values | {"event_id": "evt_1", "created_at": db.now()} | more)


def test_a_payment_with_all_that_happened(ours: Team, root: Client, ask: Ask) -> None:
    payment = bought(ours, 20 * USD, 2 * USD)
    refund = ask(payment, 5, reason=HOSTILE)
    look(payment, dispute(3))
    page = text(root.get(f"/admin/billing/payment/{payment.pk}/change/"))
    for word in (payment.public_id, refund.public_id, "du_1", f"stripe:{payment.payment_intent}", "$20.00", "$12.00"):
        assert word in page, word
    assert HOSTILE not in page
    assert f"/admin/billing/payment/{payment.pk}/refund/" in page
    found = text(root.get("/admin/billing/payment/", {"q": payment.public_id, "status__exact": "paid"}))
    assert payment.public_id in found
    assert "0 payments" in text(root.get("/admin/billing/payment/", {"q": "pay_" + "0" * 32}))
    for model in ("lot", "refund", "dispute", "restriction"):
        assert root.get(f"/admin/billing/{model}/").status_code == 200


def test_staff_refund_days_later(ours: Team, root: Client, staff: Staff) -> None:
    payment = bought(ours, 20 * USD)
    Payment.objects.filter(pk=payment.pk).update(paid_at=db.now() - timedelta(days=9))
    address = f"/admin/billing/payment/{payment.pk}/refund/"
    assert "$20.00 of it is unspent" in text(root.get(address))
    assert "At most $20.00 can be refunded." in text(root.post(address, {"amount": "21", "reason": "x"}))
    assert "This field is required." in text(root.post(address, {"amount": "5", "reason": ""}))
    assert not Refund.objects.exists()
    done = root.post(address, {"amount": "5", "reason": "by mistake"})
    assert (done.status_code, done["Location"]) == (302, f"/admin/billing/payment/{payment.pk}/change/")
    refund = Refund.objects.get()
    assert (refund.actor, refund.reason, refund.source) == (f"staff:{staff.user.pk}", "by mistake", "admin")
    assert wallet(ours) == (15, 0, 0)


def test_who_may_only_look_changes_nothing(ours: Team, looker: Client, ask: Ask) -> None:
    payment = bought(ours, 20 * USD)
    refund = ask(payment, 1)
    assert f"{payment.pk}/refund/" not in text(looker.get(f"/admin/billing/payment/{payment.pk}/change/"))
    address = f"/admin/billing/payment/{payment.pk}/refund/"
    assert looker.get(address).status_code == 403
    assert looker.post(address, {"amount": "5", "reason": "x"}).status_code == 403
    failed = event()
    for model, action, pk in (("stripeevent", "run_again", failed.pk), ("refund", "ask_again", refund.pk)):
        looker.post(f"/admin/billing/{model}/", {"action": action, "_selected_action": pk})
    failed.refresh_from_db()
    assert (failed.status, Refund.objects.count()) == ("failed", 1)
    assert not AuditEvent.objects.filter(action=Action.STAFF_CHANGED).exists()


def test_restrictions_are_only_looked_at(ours: Team, root: Client) -> None:
    """The desk of teams lifts them."""
    payment = bought(ours, 20 * USD)
    spend(ours, 20 * USD)
    look(payment, dispute(20, "lost"))
    row = Restriction.objects.get()
    assert "20.00" in text(root.get("/admin/billing/restriction/"))
    address = f"/admin/billing/restriction/{row.pk}/change/"
    assert root.get(address).status_code == 200
    assert root.post(address, {"reason": "x"}).status_code == 403
    assert owed(ours) == 20


def test_an_event_is_shown_as_it_came_and_run_again(world: World, root: Client, staff: Staff) -> None:
    row = event(payload='{"id": "evt_1", "x": "</pre>' + HOSTILE.replace('"', "'") + '"}')
    page = text(root.get(f"/admin/billing/stripeevent/{row.pk}/change/"))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "evt_1" in text(root.get("/admin/billing/stripeevent/", {"status__exact": "failed"}))
    done = root.post("/admin/billing/stripeevent/", {"action": "run_again", "_selected_action": row.pk}, follow=True)
    assert "Run again: evt_1" in text(done)
    row.refresh_from_db()
    assert row.status == "received"
    assert [job.func for job in queue.pending()] == ["billing.tasks.process_stripe_event"]
    again = root.post("/admin/billing/stripeevent/", {"action": "run_again", "_selected_action": row.pk}, follow=True)
    assert "Waits to be run anyway: evt_1" in text(again)


def test_a_pending_refund_is_asked_for_again(ours: Team, root: Client, ask: Ask) -> None:
    refund = ask(bought(ours, 20 * USD), 5)
    address = "/admin/billing/refund/"
    assert refund.public_id in text(root.get(address, {"status__exact": "pending"}))
    done = root.post(address, {"action": "ask_again", "_selected_action": refund.pk}, follow=True)
    assert "Stripe is asked again" in text(done)
    assert [job.args for job in queue.pending()] == [(refund.pk,)] * 2
