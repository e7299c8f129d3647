"""What a task cost whose result came after the end: it stands somewhere, once, and somebody is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db.models import Sum

from accounts import audit
from generations import callbacks, observation, outcomes
from generations.models import Attempt, Callback, Case, CaseKind, Generation, ModelDay, Reason, UsageRow
from generations.oversight import alert_measures, cases, usage
from generations.providers import base
from project import db
from tests.oversight.reconciliation.conftest import bill, yesterday
from tests.pages.conftest import delivered, doubted, started

pytestmark = pytest.mark.django_db
Make = Callable[..., Generation]
PRICE = 300_000


def late(row: Generation, task: str = "", cost: int | None = None) -> bool:
    done = base.Done(sources=["https://results.example/a"], cost=cost)
    kept = observation.keep_late_result(generation=row, task_id=task or row.provider_task_id or "late", done=done)
    row.refresh_from_db()
    return kept


def timed_out(make: Make) -> Generation:
    """It ran at the provider's, and its deadline came."""
    row = started(make("veo-3.1-fast"))
    outcomes.fail(generation_id=row.pk, reason=Reason.TIMED_OUT)
    return yesterday(Generation.objects.get(pk=row.pk))


def unattributed(make: Make) -> Generation:
    """Nobody knew what had become of it when its deadline came."""
    row = doubted(make("veo-3.1-fast"))
    Generation.objects.filter(pk=row.pk).update(deadline_at=db.now())
    observation.expire(generation_id=row.pk)
    return yesterday(Generation.objects.get(pk=row.pk))


def stands(row: Generation) -> tuple[int | None, str]:
    return row.actual_cost, row.cost_verdict


def booked() -> tuple[int, int]:
    """(cost, at risk) of all days."""
    sums = ModelDay.objects.aggregate(cost=Sum("cost"), at_risk=Sum("at_risk"))
    return sums["cost"] or 0, sums["at_risk"] or 0


def task(row: Generation) -> str:
    assert row.provider_task_id is not None
    return row.provider_task_id


def test_what_a_bill_booked_stays_when_a_late_result_tells_nothing(make: Make) -> None:
    row = timed_out(make)
    usage.take(bill((task(row), PRICE)), by="x")
    for first in (True, False):
        assert late(row) is first
    assert (stands(row), booked()) == ((PRICE, "over"), (PRICE, 0))


def test_what_a_report_told_stays_when_a_late_result_tells_nothing(make: Make) -> None:
    row = started(make("veo-3.1-fast"))
    outcomes.fail(generation_id=row.pk, reason=Reason.PROVIDER_FAILED, cost=7_000)
    late(row)
    assert (stands(row), booked()) == ((7_000, "over"), (7_000, 0))


@pytest.mark.parametrize("ended", [timed_out, unattributed])
def test_a_late_result_without_a_cost_leaves_the_expected_one_at_risk(
    ended: Callable[[Make], Generation], make: Make
) -> None:
    row = ended(make)
    late(row)
    assert (stands(row), booked()) == ((None, "unattributed"), (0, PRICE))
    assert not Case.objects.exists()


def test_a_canceled_one_that_came_all_the_same_is_at_risk(make: Make) -> None:
    row = make("veo-3.1-fast")
    outcomes.cancel(generation_id=row.pk, actor="test")
    late(row, "made after all")
    assert (stands(row), booked()) == ((None, "unattributed"), (0, PRICE))


def test_a_cost_that_is_told_later_is_booked_once(make: Make) -> None:
    row = unattributed(make)
    late(row, "a")
    for cost in (PRICE, None, PRICE + 5):
        assert late(row, "a", cost) is False
        assert (stands(row), booked()) == ((PRICE, "over"), (PRICE, 0))
    assert row.late_results.get().cost == PRICE
    assert [event.kind for event in row.events.order_by("id")][-2:] == ["late_result", "billed"]
    assert Case.objects.get().amount == PRICE


def test_costs_of_two_tasks_add_up(make: Make) -> None:
    row = unattributed(make)
    for _ in range(2):
        late(row, "a", 100)
        late(row, "b", 20)
        late(row, "c")
    assert (stands(row), booked()) == ((120, "over"), (120, 0))
    assert sorted(Case.objects.values_list("subject", "amount")) == [("a", 100), ("b", 20)]


def test_a_later_word_on_the_same_task_replaces_the_first(make: Make) -> None:
    row = started(make("veo-3.1-fast"))
    outcomes.fail(generation_id=row.pk, reason=Reason.PROVIDER_FAILED, cost=5)
    late(row, "b", 20)
    late(row, task(row), PRICE)
    assert stands(row) == (PRICE + 20, "over")
    assert sorted(Case.objects.values_list("subject", flat=True)) == sorted(["b", task(row)])


def test_the_bill_of_a_task_decides_whenever_it_comes(make: Make) -> None:
    row, other = timed_out(make), timed_out(make)
    usage.take(bill((task(row), PRICE)), by="x")
    late(row, cost=PRICE - 1)
    late(other, cost=PRICE - 1)
    usage.take(bill((task(other), PRICE), name="later"), by="x")
    other.refresh_from_db()
    assert stands(row) == stands(other) == (PRICE, "over")
    assert booked() == (2 * PRICE, 0)


def test_a_bill_of_one_task_leaves_what_was_told_of_another(make: Make) -> None:
    row = timed_out(make)
    late(row, "second", 7_000)
    handed = bill((task(row), PRICE))
    (change,) = usage.preview(handed).changes
    usage.take(handed, by="x")
    row.refresh_from_db()
    assert row.actual_cost == change.after == PRICE + 7_000
    usage.take(bill(("second", 8_000), name="the second"), by="x")
    row.refresh_from_db()
    assert row.actual_cost == PRICE + 8_000


def test_a_task_that_was_billed_as_none_of_ours_gets_its_generation(make: Make) -> None:
    row = unattributed(make)
    usage.take(bill(("found", PRICE)), by="x")
    theirs = Case.objects.get()
    assert theirs.kind == CaseKind.THEIRS_ONLY
    late(row, "found", PRICE - 1)
    assert UsageRow.objects.get().generation == row
    assert (stands(row), booked()) == ((PRICE, "over"), (PRICE, 0))
    assert Case.objects.get() == theirs  # one for the same money
    assert row.public_id in cases.notes_of(theirs).last().text  # type: ignore[union-attr]


def test_a_late_result_with_a_cost_is_a_case_and_rings_the_alarm(make: Make) -> None:
    row = timed_out(make)
    late(row, cost=PRICE)
    case = Case.objects.get()
    assert (case.kind, case.subject, case.amount, case.generation) == (CaseKind.LOST_RESULT, task(row), PRICE, row)
    (reading,) = alert_measures.lost_task()
    assert (reading.subject, reading.value) == ("kie", 1)


@pytest.mark.parametrize("closed", [False, True])
def test_a_bill_that_names_it_later_opens_no_second_case(closed: bool, make: Make, staff: audit.Staff) -> None:  # noqa: FBT001
    row = timed_out(make)
    late(row, cost=PRICE)
    if closed:
        cases.close(public_id=Case.objects.get().public_id, resolution="KIE was late.", by=staff)
    usage.take(bill((task(row), PRICE)), by="x")
    assert Case.objects.count() == 1


@pytest.mark.parametrize(("cost", "opened"), [(PRICE, True), (0, False), (None, False)])
def test_an_end_without_a_charge_that_cost_something_is_a_case(cost: int | None, opened: bool, make: Make) -> None:  # noqa: FBT001
    row = started(make("veo-3.1-fast"))
    outcomes.fail(generation_id=row.pk, reason=Reason.PROVIDER_FAILED, cost=cost)
    assert list(Case.objects.values_list("kind", "subject", "amount")) == (
        [(CaseKind.LOST_RESULT, task(row), PRICE)] if opened else []
    )


def test_what_was_made_and_could_not_be_kept_is_a_case(make: Make) -> None:
    row = started(make("veo-3.1-fast"))
    observation.finish(generation_id=row.pk, done=base.Done(sources=["https://results.example/a"], cost=PRICE))
    assert not Case.objects.exists()
    outcomes.fail(generation_id=row.pk, reason=Reason.RESULT_LOST)
    case = Case.objects.get()
    assert (case.amount, case.generation) == (PRICE, row)


def test_what_was_charged_is_no_case(make: Make) -> None:
    row = delivered(make("veo-3.1-fast"))
    late(row, "second", 20)
    assert stands(row) == (PRICE + 20, "over")
    assert not Case.objects.exists()


def test_a_late_callback_of_another_ones_task_books_nothing(make: Make) -> None:
    released, other = unattributed(make), delivered(make("veo-3.1-fast"))
    callback = Callback.objects.create(
        attempt=Attempt.objects.get(generation=released), body_hash=b"h", body=b"{}", provider_task_id=task(other)
    )
    callbacks.process(callback_id=callback.pk)
    callback.refresh_from_db()
    assert (callback.verdict, callback.note) == ("ignored", "the task belongs to another generation")
    assert not released.late_results.exists()
