"""A disputed payment: frozen, given back or taken, and what was spent meanwhile. Amounts in dollars."""

from __future__ import annotations

import pytest
from django.core import mail
from django.db import transaction

from accounts.audit import Staff
from accounts.models import Action, AuditEvent, Team
from billing import credits, holds, restrictions
from billing.models import AutoRecharge, Dispute, Lot, Transfer
from project.errors import Forbidden
from project.money import USD
from tests.billing.purchases import bought
from tests.billing.refunds.conftest import back, dispute, hold, house, look, owed, settle, spend, wallet

GIVEN, FIRST = -20, 10  # the world's first credit, and what of it `ours` has spent


def acts(team: Team) -> list[str]:
    """What the team's log says about money that went back, in order."""
    about = AuditEvent.objects.filter(team=team, action__in=ABOUT).order_by("id")
    return [event.action for event in about]


ABOUT = [
    Action.DISPUTE_OPENED,
    Action.DISPUTE_ENDED,
    Action.TEAM_RESTRICTED,
    Action.RESTRICTION_LIFTED,
    Action.RECHARGE_STOPPED,
]


def test_open_freezes_and_won_gives_all_of_it_back(ours: Team) -> None:
    payment = bought(ours, 20 * USD, 2 * USD)
    look(payment, dispute(20))
    assert (wallet(ours), owed(ours)) == ((0, 0, 22), None)  # the bonus is frozen with it
    look(payment, dispute(20, "won"))
    assert (wallet(ours), owed(ours)) == ((22, 0, 0), None)
    assert [lot.unspent for lot in Lot.objects.filter(transfer__payment=payment).order_by("id")] == [20 * USD, 2 * USD]
    assert acts(ours) == [Action.DISPUTE_OPENED, Action.DISPUTE_ENDED]
    assert [message.to for message in mail.outbox] == [["alice@example.com"]] * 2


def test_lost_takes_the_credit_and_the_bonus(ours: Team) -> None:
    payment = bought(ours, 20 * USD, 2 * USD)
    look(payment, dispute(20))
    look(payment, dispute(20, "lost"))
    assert (wallet(ours), owed(ours)) == ((0, 0, 0), None)
    assert house() == {"grants": GIVEN, "revenue": FIRST}  # as if nothing had been bought
    assert Dispute.objects.get().ended_at is not None


def test_a_part_is_disputed(ours: Team) -> None:
    payment = bought(ours, 20 * USD)
    look(payment, dispute(5))
    assert wallet(ours) == (15, 0, 5)
    spend(ours, 1 * USD)  # what is not disputed can be used
    look(payment, dispute(5, "lost"))
    assert (wallet(ours), owed(ours)) == ((14, 0, 0), None)
    assert house() == {"grants": GIVEN, "stripe": -15, "revenue": FIRST + 1}


def test_what_was_spent_comes_from_other_credit_first(ours: Team) -> None:
    payment = bought(ours, 20 * USD)
    spend(ours, 15 * USD)
    other = bought(ours, 30 * USD)
    with transaction.atomic():
        credits.grant(team=ours, amount=4 * USD, actor="test", reason="gift", grant_id=ours.uuid)
    look(payment, dispute(20))
    assert (wallet(ours), owed(ours)) == ((19, 0, 20), None)
    assert Lot.objects.get(transfer__payment=payment).frozen == 5 * USD
    assert Lot.objects.get(transfer__payment=other).frozen == 11 * USD  # the gift before it
    look(payment, dispute(20, "lost"))
    assert (wallet(ours), owed(ours)) == ((19, 0, 0), None)


def test_what_nothing_covers_is_written_off_and_restricts(ours: Team) -> None:
    payment = bought(ours, 20 * USD, 2 * USD)
    spend(ours, 15 * USD)  # the bonus, and 13 of what was bought
    look(payment, dispute(20))
    assert (wallet(ours), owed(ours)) == ((0, 0, 7), 15)
    look(payment, dispute(20, "lost"))
    assert (wallet(ours), owed(ours)) == ((0, 0, 0), 15)
    assert house() == {"grants": GIVEN, "revenue": FIRST + 15, "writeoff": -15}  # and nothing is left of Stripe's
    assert acts(ours) == [Action.DISPUTE_OPENED, Action.TEAM_RESTRICTED, Action.DISPUTE_ENDED]


def test_a_restricted_team_makes_nothing_and_won_lifts_it(ours: Team) -> None:
    payment = bought(ours, 20 * USD)
    spend(ours, 15 * USD)
    look(payment, dispute(20))
    with pytest.raises(Forbidden) as refused, transaction.atomic():
        hold(ours, 1 * USD)  # there is nothing to hold, and the reason is the restriction
    assert refused.value.code == "team_restricted"
    with transaction.atomic():
        credits.grant(team=ours, amount=4 * USD, actor="test", reason="gift", grant_id=ours.uuid)
    with pytest.raises(Forbidden) as refused, transaction.atomic():
        hold(ours, 1 * USD)
    assert refused.value.code == "team_restricted"
    look(payment, dispute(20, "won"))
    assert (wallet(ours), owed(ours)) == ((9, 0, 0), None)
    assert acts(ours)[-2:] == [Action.DISPUTE_ENDED, Action.RESTRICTION_LIFTED]
    hold(ours, 1 * USD)


def test_held_credit_is_never_touched_and_what_comes_back_is_taken_when_it_is_lost(ours: Team) -> None:
    payment = bought(ours, 20 * USD)
    row = hold(ours, 12 * USD)
    look(payment, dispute(20))
    assert (wallet(ours), owed(ours)) == ((0, 12, 8), 12)
    settle(row, 2 * USD)
    assert wallet(ours) == (10, 0, 8)
    look(payment, dispute(20, "lost"))
    assert (wallet(ours), owed(ours)) == ((0, 0, 0), 2)
    assert house()["writeoff"] == -2


def test_lost_at_once_is_as_open_and_lost(ours: Team) -> None:
    payment = bought(ours, 20 * USD, 2 * USD)
    spend(ours, 5 * USD)
    look(payment, dispute(20, "lost"))
    assert (wallet(ours), owed(ours)) == ((0, 0, 0), 5)
    assert house() == {"grants": GIVEN, "revenue": FIRST + 5, "writeoff": -5}


@pytest.mark.parametrize("status", ["won", "dropped"])
def test_what_ended_well_before_we_saw_it_moves_nothing(ours: Team, status: str) -> None:
    payment = bought(ours, 20 * USD)
    look(payment, dispute(20, status))
    assert (wallet(ours), owed(ours)) == ((20, 0, 0), None)
    assert Dispute.objects.get().status == status


def test_seen_again_and_seen_late_change_nothing(ours: Team) -> None:
    payment = bought(ours, 20 * USD)
    for _ in range(2):
        look(payment, dispute(20))
    before = Transfer.objects.count()
    for status in ("lost", "lost", "open", "won"):
        look(payment, dispute(20, status))
    assert Transfer.objects.count() == before + 1
    assert (wallet(ours), Dispute.objects.get().status) == ((0, 0, 0), "lost")


@pytest.mark.parametrize(("amount", "frozen"), [(15, 15), (4, 4)])
def test_the_amount_changes(ours: Team, amount: float, frozen: float) -> None:
    payment = bought(ours, 20 * USD)
    look(payment, dispute(10))
    look(payment, dispute(amount))
    assert wallet(ours) == (20 - frozen, 0, frozen)
    look(payment, dispute(amount, "lost"))
    assert wallet(ours) == (20 - frozen, 0, 0)


def test_the_amount_changes_as_it_is_lost(ours: Team) -> None:
    payment = bought(ours, 20 * USD)
    look(payment, dispute(10))
    look(payment, dispute(7, "lost"))
    assert (wallet(ours), owed(ours)) == ((13, 0, 0), None)
    assert house()["stripe"] == -13


@pytest.mark.parametrize("first", ["won", "lost"])
def test_two_disputes_of_one_payment_end_alike_in_either_order(ours: Team, first: str) -> None:
    payment = bought(ours, 10 * USD)
    spend(ours, 5 * USD)
    bought(ours, 3 * USD)
    one, two = dispute(6, ident="du_1"), dispute(4, ident="du_2")
    look(payment, one, two)
    assert (wallet(ours), owed(ours)) == ((0, 0, 8), 2)
    if first == "won":
        look(payment, dispute(6, "won", "du_1"), two)
        look(payment, dispute(6, "won", "du_1"), dispute(4, "lost", "du_2"))
    else:
        look(payment, one, dispute(4, "lost", "du_2"))
        assert owed(ours) == 2  # certain losses are served first, by what the other froze, which lacks it now
        assert "writeoff" not in house()
        look(payment, dispute(6, "won", "du_1"), dispute(4, "lost", "du_2"))
    assert (wallet(ours), owed(ours)) == ((4, 0, 0), None)
    assert house() == {"grants": GIVEN, "stripe": -9, "revenue": FIRST + 5}


@pytest.mark.parametrize("first", ["won", "lost"])
def test_disputes_of_two_payments_end_alike_in_either_order(ours: Team, first: str) -> None:
    spent, fresh = bought(ours, 10 * USD), None
    spend(ours, 10 * USD)
    fresh = bought(ours, 10 * USD)
    look(spent, dispute(10, ident="du_1"))  # freezes the other purchase
    look(fresh, dispute(10, ident="du_2"))
    assert (wallet(ours), owed(ours)) == ((0, 0, 10), 10)
    ends = [(spent, dispute(10, "won", "du_1")), (fresh, dispute(10, "lost", "du_2"))]
    for payment, seen in ends if first == "won" else reversed(ends):
        look(payment, seen)
    assert (wallet(ours), owed(ours)) == ((0, 0, 0), None)
    assert house() == {"grants": GIVEN, "stripe": -10, "revenue": FIRST + 10}


def test_staff_lift_a_restriction_and_what_was_written_off_is_forgiven(ours: Team, staff: Staff) -> None:
    payment = bought(ours, 20 * USD)
    spend(ours, 15 * USD)
    look(payment, dispute(20, "lost"))
    assert owed(ours) == 15
    restrictions.lift(team=ours, by=staff, reason="settled by bank transfer")
    assert owed(ours) is None
    event = AuditEvent.objects.get(action=Action.RESTRICTION_LIFTED)
    assert (event.actor, event.data["reason"]) == (f"staff:{staff.user.pk}", "settled by bank transfer")
    other = bought(ours, 10 * USD)
    look(other, back(1))
    assert (wallet(ours), owed(ours)) == ((9, 0, 0), None)  # the old loss is not taken from it
    assert house()["writeoff"] == -15


def test_a_dispute_that_is_lost_after_staff_lifted_restricts_anew(ours: Team, staff: Staff) -> None:
    payment = bought(ours, 20 * USD)
    spend(ours, 15 * USD)
    look(payment, dispute(20))
    restrictions.lift(team=ours, by=staff, reason="they are known to us")
    look(payment, dispute(20))
    assert owed(ours) is None
    look(payment, dispute(20, "lost"))
    assert (wallet(ours), owed(ours)) == ((0, 0, 0), 15)


def test_automatic_recharge_stops(ours: Team) -> None:
    recharge = AutoRecharge.objects.create(
        team=ours,
        enabled=True,
        threshold=5 * USD,
        target=20 * USD,
        monthly_ceiling=100 * USD,
        payment_method="pm_1",
        card="visa 4242",
    )
    payment = bought(ours, 20 * USD)
    look(payment, dispute(20))
    recharge.refresh_from_db()
    assert (recharge.stopped_reason, recharge.stopped_at is not None) == ("disputed", True)


def test_a_release_is_not_lost_when_the_team_is_restricted(ours: Team) -> None:
    """What is under way when a team is restricted ends as always."""
    payment = bought(ours, 20 * USD)
    row = hold(ours, 20 * USD)
    look(payment, dispute(20))
    with transaction.atomic():
        done = holds.settle(hold_id=row.pk, capture=3 * USD, actor="test", reason="test")
    assert done.state == "captured"
    assert wallet(ours) == (17, 0, 0)
    look(payment, dispute(20), back(0.01, "re_9"))  # anything that happens to it freezes what is there now
    assert (wallet(ours), owed(ours)) == ((0, 0, 16.99), 3.01)
