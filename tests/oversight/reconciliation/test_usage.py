"""The bill decides: what it changes, what it finds, and that it is taken whole and once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts import audit
from accounts.models import Action, AuditEvent
from billing.models import Transfer
from billing.reconcile import failures
from generations import observation, outcomes, tasks
from generations.books import CHECKS
from generations.models import (
    Attempt,
    Callback,
    Case,
    CaseKind,
    Generation,
    GenerationEvent,
    ModelDay,
    UsageImport,
    UsageRow,
)
from generations.oversight import cases, reconciled, unbilled, usage, usage_match, usage_settle
from generations.oversight.scopes import Scope
from generations.providers import base
from generations.states import locked
from generations.timeline import timeline
from project import db, queue
from project.errors import Conflict, Invalid
from tests.oversight.reconciliation.conftest import bill, midnight, moved, yesterday
from tests.pages.conftest import delivered, doubted, started

pytestmark = pytest.mark.django_db
PRICE = 300_000
Make = Callable[..., Generation]


def good(make: Make) -> Generation:
    return yesterday(delivered(make("veo-3.1-fast")))


def unknown(make: Make) -> Generation:
    """Ended with an unknown outcome, released."""
    row = doubted(make("veo-3.1-fast"))
    Generation.objects.filter(pk=row.pk).update(deadline_at=db.now())
    observation.expire(generation_id=row.pk)
    return yesterday(Generation.objects.get(pk=row.pk))


def task(row: Generation) -> str:
    assert row.provider_task_id
    return row.provider_task_id


def sums() -> tuple[int, int, int, int]:
    """expected, actual, cost, at risk of all days."""
    rows = list(ModelDay.objects.values_list("expected", "actual", "cost", "at_risk"))
    return tuple(sum(row[index] for row in rows) for index in range(4))  # type: ignore[return-value]


def books_hold() -> bool:
    return not failures(CHECKS)


def test_the_bill_sets_the_cost_and_the_sums_follow(make: Make) -> None:
    same, dear, cheap = good(make), good(make), good(make)
    assert sums() == (3 * PRICE, 0, 3 * PRICE, 0)
    charged = [row.charged for row in (same, dear, cheap)]
    moves = Transfer.objects.count()
    judged = usage.preview(bill((task(same), PRICE), (task(dear), PRICE + 50_000), (task(cheap), PRICE - 10_000)))
    assert [change.verdict for change in sorted(judged.changes, key=lambda c: c.after)] == ["under", "matched", "over"]
    usage.take(bill((task(same), PRICE), (task(dear), PRICE + 50_000), (task(cheap), PRICE - 10_000)), by="x")
    for row in (same, dear, cheap):
        row.refresh_from_db()
    assert [row.actual_cost for row in (same, dear, cheap)] == [PRICE, PRICE + 50_000, PRICE - 10_000]
    assert [row.cost_verdict for row in (same, dear, cheap)] == ["matched", "over", "under"]
    assert sums() == (3 * PRICE, 3 * PRICE + 40_000, 3 * PRICE + 40_000, 0)
    assert [row.charged for row in (same, dear, cheap)] == charged
    assert Transfer.objects.count() == moves
    assert not Case.objects.exists()


def test_the_history_has_before_and_after_and_teams_read_nothing_of_it(make: Make) -> None:
    row = good(make)
    usage.take(bill((task(row), PRICE + 5_000), name="november.csv"), by="x")
    event = GenerationEvent.objects.get(generation=row, kind="billed")
    assert event.data == {
        "before": {"cost": None, "verdict": "unknown"},
        "after": {"cost": PRICE + 5_000, "verdict": "over"},
        "source": "november.csv",
    }
    words = timeline(row)[-1].words
    assert words == "The provider's bill came. What was charged to you stays as it is."


def test_a_bill_that_says_what_we_know_changes_nothing(make: Make) -> None:
    row = good(make)
    usage.take(bill((task(row), PRICE), name="one"), by="x")
    events = GenerationEvent.objects.count()
    judged = usage.preview(bill((task(row), PRICE), name="two"))
    assert (judged.told_before, judged.fresh, judged.changes) == (1, [], [])
    usage.take(bill((task(row), PRICE), name="two"), by="x")
    assert (GenerationEvent.objects.count(), UsageRow.objects.count(), UsageImport.objects.count()) == (events, 1, 2)


def test_a_task_that_was_told_otherwise_before_keeps_the_earlier_amount(make: Make, staff: audit.Staff) -> None:
    row = good(make)
    usage.take(bill((task(row), PRICE), name="one"), by=staff)
    judged = usage.preview(bill((task(row), PRICE + 1), name="two"))
    assert [(item.before, item.after) for item in judged.differing] == [(PRICE, PRICE + 1)]
    usage.take(bill((task(row), PRICE + 1), name="two"), by=staff)
    row.refresh_from_db()
    assert row.actual_cost == PRICE
    data = AuditEvent.objects.filter(action=Action.USAGE_IMPORTED).order_by("pk").last().data  # type: ignore[union-attr]
    assert data["differs_from_before"] == [{"task": task(row), "before": "0.3", "after": "0.300001"}]


def test_what_was_billed_and_released_is_a_case_and_never_charged(make: Make) -> None:
    row = started(make("veo-3.1-fast"))
    observation.finish(generation_id=row.pk, done=base.Done())  # no output: failed, released
    row = yesterday(Generation.objects.get(pk=row.pk))
    assert row.charged == 0
    usage.take(bill((task(row), PRICE)), by="x")
    row.refresh_from_db()
    assert (row.actual_cost, row.cost_verdict, row.charged) == (PRICE, "over", 0)
    case = Case.objects.get()
    assert (case.kind, case.amount, case.generation, case.subject) == (CaseKind.LOST_RESULT, PRICE, row, task(row))
    day = midnight(1).date()
    (found,) = reconciled.never_charged(Scope(day, day))
    assert (found.generation, found.amount, found.source) == (row.public_id, PRICE, "bill")
    assert reconciled.never_charged_total(Scope(day, day, "fal")) == (0, 0)


def test_a_bill_settles_what_nobody_could_attribute(make: Make) -> None:
    row = unknown(make)
    assert (row.cost_verdict, sums()[3]) == ("unattributed", PRICE)
    Attempt.objects.filter(generation=row).update(provider_task_id="told-by-the-attempt")
    usage.take(bill(("told-by-the-attempt", PRICE)), by="x")
    row.refresh_from_db()
    assert (row.actual_cost, row.cost_verdict, sums()) == (PRICE, "over", (0, PRICE, PRICE, 0))
    assert Case.objects.get().kind == CaseKind.LOST_RESULT


def test_tasks_are_ours_by_attempts_late_results_and_callbacks(make: Make) -> None:
    rows = [unknown(make) for _ in range(3)]
    Attempt.objects.filter(generation=rows[0]).update(provider_task_id="a")
    observation.keep_late_result(
        generation=rows[1], task_id="b", done=base.Done(sources=["https://x.example/a"], cost=1)
    )
    attempt = Attempt.objects.get(generation=rows[2])
    Callback.objects.create(attempt=attempt, body_hash=b"h", body=b"{}", provider_task_id="c")
    assert usage_match.owners("kie", ["a", "b", "c", "d"]) == {"a": rows[0].pk, "b": rows[1].pk, "c": rows[2].pk}
    assert usage_match.owners("fal", ["a", "b", "c"]) == {}


def test_two_tasks_of_a_generation_cost_what_both_do(make: Make) -> None:
    row = good(make)
    observation.keep_late_result(generation=row, task_id="second", done=base.Done(sources=["https://x.example/a"]))
    usage.take(bill((task(row), PRICE), name="one"), by="x")
    usage.take(bill(("second", 7_000), name="two"), by="x")
    row.refresh_from_db()
    assert (row.actual_cost, row.cost_verdict) == (PRICE + 7_000, "over")


def test_what_is_none_of_ours_is_a_case_unless_it_cost_nothing() -> None:
    usage.take(bill(("foreign", 90_000), ("free", 0)), by="x")
    case = Case.objects.get()
    assert (case.kind, case.subject, case.amount, case.generation) == (CaseKind.THEIRS_ONLY, "foreign", 90_000, None)


def test_many_findings_are_one_case() -> None:
    made = usage.take(bill(*((f"foreign-{number}", 1_000) for number in range(usage.MANY + 1))), by="x")
    case = Case.objects.get()
    assert (case.subject, case.amount) == (f"import {made.pk}", 1_000 * (usage.MANY + 1))


def test_ours_that_the_bill_lacks(make: Make) -> None:
    there, missing = good(make), good(make)
    early = delivered(make("veo-3.1-fast"))  # today: the bill does not cover it
    failed = started(make("veo-3.1-fast"))
    observation.finish(generation_id=failed.pk, done=base.Done())
    yesterday(Generation.objects.get(pk=failed.pk))  # cost nothing, need not be in a bill
    made = usage.take(bill((task(there), PRICE)), by="x")
    case = Case.objects.get()
    assert (case.kind, case.generation, case.amount) == (CaseKind.OURS_ONLY, missing, PRICE)
    day = midnight(1).date()
    assert unbilled.rows(unbilled.of_scope(Scope(day, day)), most=9) == [missing]
    assert early.pk != missing.pk
    assert made.row_count == 1
    usage.take(bill((task(missing), PRICE), name="the rest"), by="x")
    assert unbilled.rows(unbilled.of_scope(Scope(day, day)), most=9) == []


def test_one_that_was_handed_over_before_the_bill_begins_is_not_missed(make: Make) -> None:
    moved(delivered(make("veo-3.1-fast")), handed=midnight(1) - timedelta(minutes=1), ended=midnight(1))
    assert usage.preview(bill(("x", 1))).ours_only == []


def test_the_bill_of_one_that_is_open_comes_to_bear_at_its_end(make: Make) -> None:
    row = started(make("veo-3.1-fast"))
    judged = usage.preview(bill((task(row), PRICE)))
    assert (judged.still_open, judged.changes) == (1, [])
    usage.take(bill((task(row), PRICE)), by="x")
    assert Generation.objects.get(pk=row.pk).actual_cost is None
    outcomes.fail(generation_id=row.pk, reason="timed_out")  # type: ignore[arg-type]
    assert usage_settle.settle_ended(provider="kie") == 1
    row.refresh_from_db()
    assert (row.actual_cost, row.cost_verdict) == (PRICE, "over")
    assert Case.objects.get().kind == CaseKind.LOST_RESULT
    assert usage_settle.settle_ended(provider="kie") == 0


def test_costs_are_set_in_rounds_and_a_crash_between_them_loses_none(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What holds the sums of teams is a round: the rows of the bill are there before, and what is left is found."""
    rows = sorted((good(make) for _ in range(3)), key=lambda row: row.pk)
    late = started(make("veo-3.1-fast"))
    monkeypatch.setattr(usage_settle, "ROUND", 1)
    monkeypatch.setattr(usage, "AT_ONCE", 1)
    made = usage.take(bill(*((task(row), PRICE + 1) for row in rows), (task(late), PRICE)), by="x")
    assert UsageRow.objects.count() == 4
    for row in rows:
        row.refresh_from_db()
    assert [row.actual_cost for row in rows] == [PRICE + 1, None, None]
    assert sums()[1] == PRICE + 1
    assert usage_settle.progress(made) == (1, 3)
    assert [job.lane for job in queue.pending() if job.func == "generations.tasks.settle_bills"] == ["store"]
    tasks.settle_bills("kie")
    assert sums()[1] == 3 * (PRICE + 1)
    assert usage_settle.progress(made) == (3, 3)
    assert usage_settle.settle(made) == 0
    assert GenerationEvent.objects.filter(kind="billed", actor="x").count() == 3
    assert books_hold()


def test_what_was_found_together_is_not_found_one_by_one_when_costs_are_set(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "MANY", 1)
    rows = []
    for _ in range(2):
        row = started(make("veo-3.1-fast"))
        observation.finish(generation_id=row.pk, done=base.Done())
        rows.append(yesterday(Generation.objects.get(pk=row.pk)))
    open_still = started(make("veo-3.1-fast"))
    made = usage.take(bill(*((task(row), PRICE) for row in (*rows, open_still))), by="x")
    assert Case.objects.get().subject == f"import {made.pk}"
    outcomes.fail(generation_id=open_still.pk, reason="timed_out")  # type: ignore[arg-type]
    assert usage_settle.settle_ended(provider="kie") == 1
    assert [case.subject for case in Case.objects.order_by("pk")] == [f"import {made.pk}", task(open_still)]


def test_a_bill_that_lacks_more_than_half_of_ours_needs_somebody_who_is_sure(make: Make) -> None:
    rows = [good(make) for _ in range(4)]
    two, one = bill(*((task(row), PRICE) for row in rows[:2])), bill((task(rows[0]), PRICE))
    assert [usage.preview(found).lacking for found in (two, one)] == [False, True]
    judged = usage.preview(one)
    assert (judged.ours, judged.ours_only_count, judged.ours_only_amount) == (4, 3, 3 * PRICE)
    assert {row.generation for row in judged.ours_only} == {row.public_id for row in rows[1:]}
    with pytest.raises(Invalid, match="3 of our 4 generations"):
        usage.take(one, by="x")
    assert not UsageImport.objects.exists()
    usage.take(one, by="x", sure=True)
    assert Case.objects.filter(kind=CaseKind.OURS_ONLY).count() == 3


def test_more_missing_than_are_told_one_by_one_are_counted_all(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_match, "TOLD", 1)
    for _ in range(3):
        good(make)
    made = usage.take(bill(("x", 0)), by="x", sure=True)
    case = Case.objects.get()
    assert (case.subject, case.amount, case.kind) == (f"import {made.pk}", 3 * PRICE, CaseKind.OURS_ONLY)
    (note,) = case.notes.all()
    assert "missing in the bill: 3, found" in note.text


def test_the_same_file_twice_is_refused(make: Make) -> None:
    first = bill(("x", 5))
    usage.take(first, by="x")
    with pytest.raises(Conflict):
        usage.take(first, by="x")
    with pytest.raises(Conflict, match="was imported on"):
        bill(("x", 5))
    assert UsageImport.objects.count() == 1


def test_all_or_nothing(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    row = good(make)

    def fails(*_: Any, **__: Any) -> None:
        raise IntegrityError("in the middle")

    monkeypatch.setattr(cases, "open_case", fails)
    with pytest.raises(IntegrityError), transaction.atomic():
        usage._take(bill((task(row), PRICE + 1), ("foreign", 5)), "x", sure=True)
    row.refresh_from_db()
    assert (row.actual_cost, UsageImport.objects.count(), UsageRow.objects.count()) == (None, 0, 0)


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        (1, 1, "The period ends before it begins."),
        (0, -1, "The period is not over"),
        (200, 1, "At most 92 days at once."),
    ],
)
def test_periods_that_cannot_be(since: int, until: int, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        usage.bill_of(provider="kie", name="x", raw=b"x", since=midnight(since), until=midnight(until), rows=[])
    assert refused.value.errors[0].message.startswith(said)


def test_the_verdicts_of_a_period_are_what_a_recount_says(make: Make) -> None:
    for extra in (0, 0, 5_000, -5_000):
        row = delivered(make("veo-3.1-fast"))
        outcomes_bill(row, PRICE + extra)
    delivered(make("veo-3.1-fast"))
    doubt = doubted(make("veo-3.1-fast"))
    Generation.objects.filter(pk=doubt.pk).update(deadline_at=db.now())
    observation.expire(generation_id=doubt.pk)
    usage.take(bill(("foreign", 70_000)), by="x")
    day = midnight().date()
    found = {row.verdict: row for row in reconciled.by_verdict(Scope(midnight(1).date(), day))}
    told = {name: (row.count, row.expected, row.actual, row.difference) for name, row in found.items()}
    assert told == {
        "matched": (2, 2 * PRICE, 2 * PRICE, 0),
        "over": (1, PRICE, PRICE + 5_000, 5_000),
        "under": (1, PRICE, PRICE - 5_000, -5_000),
        "unknown": (1, PRICE, 0, 0),
        "unattributed": (1, 0, 0, 0),
        "theirs_only": (1, 0, 70_000, 70_000),
    }
    assert found["unattributed"].at_risk == PRICE
    assert reconciled.at_risk(Scope(day, day)) == (1, PRICE)
    assert reconciled.by_verdict(Scope(day, day, "fal")) == []
    assert books_hold()


def outcomes_bill(row: Generation, amount: int) -> None:
    with transaction.atomic():
        outcomes.bill_locked(locked(row.pk), amount=amount, actor="system", source="a test")
