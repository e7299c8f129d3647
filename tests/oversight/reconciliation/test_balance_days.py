"""A day's gap: what straddles midnight cancels out, what is lost adds up, nothing is compared twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from accounts import audit
from generations import observation, outcomes
from generations.models import BalanceDay, Case, CaseKind, Generation, LateResult, Reason
from generations.oversight import balance_days, cases, top_ups, usage
from generations.providers import base
from project import db
from tests.oversight.reconciliation.conftest import bill, midnight, moved, reading, yesterday
from tests.pages.conftest import delivered, doubted, started

pytestmark = pytest.mark.django_db
COST = 300_000


def closed(days_ago: int = 1) -> BalanceDay:
    row = balance_days.close_day(provider="kie", day=midnight(days_ago).date())
    assert row is not None
    return row


def test_a_day_without_a_reading_is_compared_with_the_next(make: Callable[..., Generation]) -> None:
    reading(1_000_000, midnight(3))
    assert balance_days.close_day(provider="kie", day=midnight(3).date()) is None  # no reading near its end
    assert balance_days.close_day(provider="kie", day=midnight(1).date()) is None
    reading(1_000_000, midnight(2))
    first = closed(3)
    reading(1_000_000, midnight())
    last = closed(1)
    assert (first.closed_at, last.opened_at, last.closed_at) == (midnight(2), midnight(2), midnight())
    assert closed(1) == last
    assert BalanceDay.objects.count() == 2


def test_a_day_that_is_not_over_or_lies_before_a_compared_one_is_left(make: Callable[..., Generation]) -> None:
    reading(5, midnight(2))
    reading(5, midnight(1))
    reading(5, midnight())
    assert balance_days.close_day(provider="kie", day=midnight().date()) is None
    closed(1)
    assert balance_days.close_day(provider="kie", day=midnight(2).date()) is None


def test_the_reading_of_the_endpoint_is_taken_before_a_nearer_one() -> None:
    reading(5, midnight(1) + timedelta(minutes=1), source="callback")
    asked = reading(7, midnight(1) + timedelta(minutes=40))
    assert balance_days.nearest("kie", midnight(1)) == asked
    reading(8, midnight(1) - timedelta(minutes=30))
    nearer = balance_days.nearest("kie", midnight(1))
    assert nearer is not None
    assert nearer.amount == 8
    assert balance_days.nearest("kie", midnight(3)) is None
    assert balance_days.nearest("fal", midnight(1)) is None


def test_a_top_up_explains_a_balance_that_rose(staff: audit.Staff) -> None:
    reading(1_000_000, midnight(1))
    reading(6_000_000, midnight())
    moment = midnight(1) + timedelta(hours=3)
    top_ups.record(provider="kie", amount=5_000_000, paid_at=moment, note="Invoice 7", by=staff)
    day = closed()
    assert (day.topped_up, day.gap) == (5_000_000, 0)


def test_a_top_up_that_nobody_recorded_is_a_gap_below_nothing() -> None:
    reading(1_000_000, midnight(1))
    reading(6_000_000, midnight())
    assert closed().gap == -5_000_000
    assert Case.objects.get().amount == -5_000_000


@pytest.mark.parametrize(("gap", "opened"), [(4_999, False), (5_000, True), (-4_999, False), (-5_000, True)])
def test_a_gap_of_a_credit_opens_a_case(gap: int, opened: bool) -> None:  # noqa: FBT001 - a row of the table
    reading(1_000_000, midnight(1))
    reading(1_000_000 - gap, midnight())
    assert closed().gap == gap
    assert Case.objects.exists() is opened


def test_small_gaps_add_up() -> None:
    for days_ago in (4, 3, 2, 1, 0):
        reading(1_000_000 + 2_000 * days_ago, midnight(days_ago))
    for days_ago in (4, 3):
        closed(days_ago)
    assert not Case.objects.exists()
    closed(2)
    assert Case.objects.get().amount == 6_000
    closed(1)  # judged anew from the day of the case
    assert Case.objects.count() == 1


def test_what_is_under_way_at_midnight_is_no_case_on_either_day(make: Callable[..., Generation]) -> None:
    row = delivered(make("veo-3.1-fast"))
    moved(row, handed=midnight(1) - timedelta(minutes=2), ended=midnight(1) + timedelta(minutes=2))
    reading(1_000_000, midnight(2))
    reading(1_000_000 - COST, midnight(1))
    reading(1_000_000 - COST, midnight())
    assert (closed(2).gap, closed(1).gap) == (COST, -COST)
    assert not Case.objects.exists()


def test_a_run_that_begins_in_the_middle_of_something_is_no_case(make: Callable[..., Generation]) -> None:
    row = delivered(make("veo-3.1-fast"))
    moved(row, handed=midnight(1) - timedelta(minutes=2), ended=midnight(1) + timedelta(minutes=2))
    reading(1_000_000, midnight(1))  # it was taken before we began to look
    reading(1_000_000, midnight())
    assert closed().gap == -COST
    assert not Case.objects.exists()


def test_what_never_becomes_known_is_a_case_on_the_next_day(make: Callable[..., Generation]) -> None:
    row = doubted(make("veo-3.1-fast"))
    moved(row, handed=midnight(1) - timedelta(minutes=2))
    reading(1_000_000, midnight(2))
    reading(1_000_000 - COST, midnight(1))
    reading(1_000_000 - COST, midnight())
    assert closed(2).gap == COST
    assert not Case.objects.exists()  # it may still be known
    Generation.objects.filter(pk=row.pk).update(deadline_at=db.now())
    observation.expire(generation_id=row.pk)
    moved(Generation.objects.get(pk=row.pk), ended=midnight(1) + timedelta(hours=3))
    assert closed(1).gap == 0
    case = Case.objects.get()
    assert (case.subject, case.amount) == (str(midnight(1).date()), COST)


def test_a_late_result_is_known_when_it_came(make: Callable[..., Generation]) -> None:
    row = doubted(make("veo-3.1-fast"))
    Generation.objects.filter(pk=row.pk).update(deadline_at=db.now())
    observation.expire(generation_id=row.pk)
    row = yesterday(Generation.objects.get(pk=row.pk))
    done = base.Done(sources=["https://results.example/a"], cost=COST)
    observation.keep_late_result(generation=row, task_id="late-task", done=done)
    late = LateResult.objects.get()
    assert balance_days.known("kie", midnight(1), midnight()) == 0
    assert balance_days.known("kie", midnight(), late.created_at) == COST
    assert balance_days.known("kie", late.created_at, late.created_at + timedelta(days=1)) == 0


def test_a_late_result_without_a_cost_hides_nothing_that_a_bill_told(make: Callable[..., Generation]) -> None:
    row = started(make("veo-3.1-fast"))
    outcomes.fail(generation_id=row.pk, reason=Reason.TIMED_OUT)
    row = yesterday(Generation.objects.get(pk=row.pk))
    usage.take(bill((row.provider_task_id or "", COST)), by="x")
    late = late_result(row, row.provider_task_id or "", None)
    assert balance_days.known("kie", midnight(1), midnight()) == COST
    assert balance_days.known("kie", midnight(), late.created_at) == 0
    reading(1_000_000, midnight(1))
    reading(1_000_000 - COST, midnight())
    assert closed().gap == 0
    assert not Case.objects.filter(kind=CaseKind.BALANCE_GAP).exists()


@pytest.mark.parametrize("told", [None, COST - 1, COST])
def test_a_bill_after_a_late_result_makes_it_known_whole_and_once(
    told: int | None, make: Callable[..., Generation]
) -> None:
    row = started(make("veo-3.1-fast"))
    outcomes.fail(generation_id=row.pk, reason=Reason.TIMED_OUT)
    row = yesterday(Generation.objects.get(pk=row.pk))
    late = late_result(row, row.provider_task_id or "", told)
    usage.take(bill((row.provider_task_id or "", COST)), by="x")
    came = COST if told is None else told
    assert balance_days.known("kie", midnight(), late.created_at) == came
    assert balance_days.known("kie", midnight(1), midnight()) == COST - came
    assert balance_days.known("kie", midnight(1), late.created_at) == COST


def test_late_results_of_two_tasks_are_known_with_what_was_told_at_the_end(make: Callable[..., Generation]) -> None:
    row = started(make("veo-3.1-fast"))
    outcomes.fail(generation_id=row.pk, reason=Reason.PROVIDER_FAILED, cost=7)
    row = yesterday(Generation.objects.get(pk=row.pk))
    late_result(row, "a", 100)
    last = late_result(row, "b", 20)
    assert balance_days.known("kie", midnight(1), midnight()) == 7
    assert balance_days.known("kie", midnight(), last.created_at) == 120


def late_result(row: Generation, task: str, cost: int | None) -> LateResult:
    done = base.Done(sources=["https://results.example/a"], cost=cost)
    observation.keep_late_result(generation=row, task_id=task, done=done)
    return LateResult.objects.get(generation=row, provider_task_id=task)


def test_a_charge_that_was_not_reported_counts_as_expected_and_a_failure_as_nothing(
    make: Callable[..., Generation],
) -> None:
    yesterday(delivered(make("veo-3.1-fast")))
    failed = started(make("veo-3.1-fast"))
    observation.finish(generation_id=failed.pk, done=base.Done())
    yesterday(Generation.objects.get(pk=failed.pk))
    assert balance_days.known("kie", midnight(1), midnight()) == COST
    assert balance_days.known("fal", midnight(1), midnight()) == 0


def test_two_gaps_that_are_nothing_together_point_at_each_other() -> None:
    reading(1_000_000, midnight(2))
    reading(700_000, midnight(1))
    reading(1_000_000, midnight())
    closed(2)
    closed(1)
    later, earlier = Case.objects.filter(kind=CaseKind.BALANCE_GAP).order_by("amount")
    assert (earlier.amount, later.amount) == (COST, -COST)
    assert any(later.public_id in note.text for note in cases.notes_of(earlier))
    assert any(earlier.public_id in note.text for note in cases.notes_of(later))
