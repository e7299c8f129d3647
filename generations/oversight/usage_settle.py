"""After a bill was taken: the generations that it names get the cost that bills say, some at a time.

A round is a transaction of its own, for it holds the sums of the teams that it changes (models/costs.py), and whoever
is charged meanwhile waits for them. What is not settled (a crash, a generation that was still open) is found by what
the rows themselves say: the chore settles again what does not add up.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Min, Sum

from generations import outcomes
from generations.models import Case, CaseKind, Generation, UsageImport, UsageRow
from generations.oversight import cases, usage_match
from project import db

ROUND = 100  # generations a transaction
SETTLES_FOR = timedelta(days=31)  # the chore looks at bills that came since: no generation is open for so long
_FIRST = UUID(int=0)
_SQL = """
with named as (
  select distinct generation_id as id from generations_usagerow where usage_import_id = %(bill)s),
judged as (
  select g.id, g.actual_cost, g.cost_verdict, billed.amount,
    case when g.status = 'succeeded' then g.expected_cost else 0 end as expected
  from named join generations_generation g on g.id = named.id
  cross join lateral (select (
    select sum(r.amount) from generations_usagerow r where r.generation_id = g.id)
    + coalesce((select sum(l.cost) from generations_lateresult l where l.generation_id = g.id and l.cost > 0
        and not exists (select from generations_usagerow r
          where r.provider = g.provider and r.task_id = l.provider_task_id)), 0) as amount) billed
  where g.finished_at is not null),
open as (
  select id from judged where actual_cost is distinct from amount or cost_verdict <>
    case when amount = expected then 'matched' when amount > expected then 'over' else 'under' end)
{asked}
"""
_PROGRESS = _SQL.format(asked="select (select count(*) from judged), (select count(*) from open)")
_LEFT = _SQL.format(asked="select id from open where id > %(after)s order by id limit %(round)s")


def settle(bill: UsageImport, *, rounds: int | None = None) -> int:
    """Sets the costs of the ended generations that a bill names, at most so many rounds of them. Returns how many
    changed. May run twice, and beside itself."""
    changed, done, after = 0, 0, _FIRST
    while (rounds is None or done < rounds) and (ids := _unsettled(bill, after)):
        changed += _settle(bill, ids)
        done, after = done + 1, ids[-1]
    return changed


def settle_ended(*, provider: str) -> int:
    """Settles what is left of a provider's bills: of a crash, and of what was still open when its bill came. Returns
    how many changed."""
    recent = UsageImport.objects.filter(provider=provider, imported_at__gt=db.now() - SETTLES_FOR)
    return sum(settle(bill) for bill in recent.order_by("pk"))


def progress(bill: UsageImport) -> tuple[int, int]:
    """Of how many ended generations that a bill names the cost is set as bills say, and how many there are."""
    with connection.cursor() as cursor:
        cursor.execute(_PROGRESS, {"bill": bill.pk})
        ((named, left),) = cursor.fetchall()
    return named - left, named


def _unsettled(bill: UsageImport, after: UUID) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(_LEFT, {"bill": bill.pk, "after": after, "round": ROUND})
        return [row[0] for row in cursor.fetchall()]


def _settle(bill: UsageImport, ids: list[UUID]) -> int:
    def work() -> int:
        rows = Generation.objects.select_for_update(no_key=True, of=("self",)).select_related("team", "price_version")
        generations = list(rows.filter(pk__in=ids).order_by("pk"))
        of_all = UsageRow.objects.filter(generation__in=ids)
        billed = dict(of_all.values_list("generation").annotate(sum=Sum("amount")))
        besides = usage_match.told_besides(ids)
        first = of_all.filter(usage_import=bill).values("generation").annotate(first=Min("pk")).values("first")
        task_of = dict(UsageRow.objects.filter(pk__in=first).values_list("generation_id", "task_id"))
        together = Case.objects.filter(
            provider=bill.provider, kind=CaseKind.LOST_RESULT, subject=subject_of(bill)
        ).exists()
        changed = 0
        for row in generations:
            amount = billed[row.pk] + besides.get(row.pk, 0)
            if outcomes.bill_locked(row, amount=amount, actor=bill.imported_by, source=bill.file_name):
                changed += 1
                if not (together and row.finished_at and row.finished_at <= bill.imported_at):
                    note = f"Billed by {bill.file_name}."
                    cases.lost_result(row, amount=amount, note=note, task_id=task_of[row.pk])
        return changed

    return db.in_transaction(work)


def subject_of(bill: UsageImport) -> str:
    """What the one case of many findings of a bill is called."""
    return f"import {bill.pk}"
