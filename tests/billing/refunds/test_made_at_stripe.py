"""Refunds that somebody made in Stripe's dashboard: their credit is taken as soon as we see them. In dollars."""

from __future__ import annotations

import pytest

from accounts.models import Team
from billing.models import Lot, Refund, Transfer
from project.money import USD
from tests.billing.purchases import bought
from tests.billing.refunds.conftest import Ask, back, dispute, house, look, owed, spend, wallet

GIVEN, FIRST = -20, 10


def test_its_credit_is_taken(ours: Team) -> None:
    payment = bought(ours, 20 * USD, 2 * USD)
    look(payment, back(5))
    assert wallet(ours) == (15, 0, 0)
    refund = Refund.objects.get()
    assert (refund.source, refund.status, refund.stripe_id) == ("stripe", "succeeded", "re_1")
    look(payment, back(5))
    look(payment, back(5), back(15, "re_2"))
    assert (wallet(ours), owed(ours)) == ((0, 0, 0), None)
    assert house() == {"grants": GIVEN, "revenue": FIRST}


def test_spent_credit_is_set_off_against_other_lots_then_written_off(ours: Team) -> None:
    payment = bought(ours, 20 * USD)
    spend(ours, 18 * USD)
    other = bought(ours, 3 * USD)
    look(payment, back(20))
    assert (wallet(ours), owed(ours)) == ((0, 0, 0), 15)
    assert Lot.objects.get(transfer__payment=other).taken == 3 * USD
    assert house() == {"grants": GIVEN, "revenue": FIRST + 18, "stripe": -3, "writeoff": -15}


def test_it_fails_later_and_all_comes_back(ours: Team) -> None:
    payment = bought(ours, 20 * USD, 2 * USD)
    spend(ours, 12 * USD)
    before, lots = house(), list(Lot.objects.filter(team=ours).order_by("id").values_list("unspent", "taken"))
    look(payment, back(20))
    assert (wallet(ours), owed(ours)) == ((0, 0, 0), 12)  # 10 of the purchase and 2 of the bonus
    look(payment, back(20, status="failed"))
    assert (wallet(ours), owed(ours)) == ((10, 0, 0), None)
    assert house() == before
    assert list(Lot.objects.filter(team=ours).order_by("id").values_list("unspent", "taken")) == lots
    look(payment, back(20))  # an older look
    assert wallet(ours) == (10, 0, 0)


def test_one_of_two_fails_and_the_bonus_stays_undone(ours: Team) -> None:
    payment = bought(ours, 20 * USD, 2 * USD)
    look(payment, back(5), back(6, "re_2"))
    look(payment, back(5, status="failed"), back(6, "re_2"))
    assert wallet(ours) == (14, 0, 0)
    look(payment, back(5, status="failed"), back(6, "re_2", "failed"))
    assert wallet(ours) == (22, 0, 0)


def test_pending_counts_and_then_succeeds(ours: Team) -> None:
    payment = bought(ours, 20 * USD)
    look(payment, back(5, status="pending"))
    assert wallet(ours) == (15, 0, 0)
    assert Refund.objects.get().next_action_at is not None
    count = Transfer.objects.count()
    look(payment, back(5))
    look(payment, back(5, status="pending"))
    refund = Refund.objects.get()
    assert (refund.status, refund.next_action_at, Transfer.objects.count()) == ("succeeded", None, count)


def test_one_that_failed_before_we_saw_it_is_nothing(ours: Team) -> None:
    payment = bought(ours, 20 * USD)
    look(payment, back(5, status="failed"))
    assert (wallet(ours), Refund.objects.count()) == ((20, 0, 0), 0)


def test_ours_is_known_by_its_name(ours: Team, ask: Ask) -> None:
    payment = bought(ours, 20 * USD)
    refund = ask(payment, 8)
    look(payment, back(8, ours=refund))
    refund.refresh_from_db()
    assert (refund.status, refund.stripe_id, Refund.objects.count()) == ("succeeded", "re_1", 1)
    assert wallet(ours) == (12, 0, 0)


def test_beside_one_of_ours_that_stripe_will_refuse(ours: Team, ask: Ask) -> None:
    """All is refunded in the dashboard while ours waits: theirs is applied once ours has failed."""
    payment = bought(ours, 20 * USD)
    ask(payment, 15)
    look(payment, back(20))
    assert (wallet(ours), Refund.objects.count()) == ((5, 0, 0), 1)
    Refund.objects.get()
    look(payment, back(15, "re_2", "failed", ours=Refund.objects.get()), back(20))
    assert (wallet(ours), Refund.objects.count()) == ((0, 0, 0), 2)


STORY = [
    (),
    (back(4),),
    (back(4), dispute(6)),
    (back(4), dispute(6), back(3, "re_2")),
    (back(4), dispute(6, "won"), back(3, "re_2")),
    (back(4), dispute(6, "won"), back(3, "re_2"), dispute(2, "lost", "du_2")),
]
SEEN = [(0, 0, 0, 0), (1, 1, 1, 1), (1, 0, 0, 0), (0, 1, 0, 1), (0, 1, 0, 0), (0, 0, 1, 0), (1, 0, 0, 1)]  # chapters


@pytest.mark.parametrize("spent", [1, 21])
def test_every_way_to_look_at_a_story_ends_in_the_same_books(ours: Team, spent: int) -> None:
    """We look after each chapter, or only after some of them, and old looks come late."""
    from django.db import transaction

    ends = set()
    for chosen in SEEN:
        sid = transaction.savepoint()
        payment = bought(ours, 20 * USD, 2 * USD)
        if spent:
            spend(ours, spent * USD)
        looks = [chapter for chapter, used in zip(STORY[1:5], chosen, strict=True) if used]
        for chapter in [*looks, STORY[5], *looks]:
            look(payment, *chapter)
        ends.add((wallet(ours), owed(ours), tuple(sorted(house().items()))))
        transaction.savepoint_rollback(sid)
    assert len(ends) == 1, ends
