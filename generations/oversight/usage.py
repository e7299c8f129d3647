"""A provider's own bill beside our books: matched by task id, judged before it is taken, taken whole.

The bill decides what a generation cost (outcomes.bill_locked); nothing that a team was charged changes. A task that was
billed and charged to nobody becomes a case, as does one that is none of ours, and one of ours that the bill lacks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import F, Sum

from accounts import audit
from accounts.models import Action
from generations import outcomes, providers
from generations.models import CaseKind, Generation, UsageImport, UsageRow
from generations.oversight import cases, usage_match
from generations.oversight.usage_files import Row
from generations.oversight.usage_match import Judged
from generations.states import locked
from project import db, money
from project.errors import Conflict, FieldError, Invalid

MANY = 20  # up to so many findings of a kind are a case each, more are one case of the import
LONGEST_PERIOD = timedelta(days=92)
MOST_TOLD = 20
ROUND = 500


@dataclass(frozen=True)
class Bill:
    """What was handed in: everything that a provider billed from `since` until before `until`."""

    provider: str
    name: str
    sha256: str
    since: datetime
    until: datetime
    rows: Sequence[Row]


def bill_of(*, provider: str, name: str, raw: bytes, since: datetime, until: datetime, rows: Sequence[Row]) -> Bill:
    """A bill from a file. Raises Invalid for a period that cannot be, Conflict for a file that was taken before."""
    if until <= since:
        raise Invalid(errors=[FieldError("until", "The period ends before it begins.")])
    if until - since > LONGEST_PERIOD:
        raise Invalid(errors=[FieldError("until", f"At most {LONGEST_PERIOD.days} days at once.")])
    if until > db.now():
        raise Invalid(errors=[FieldError("until", "The period is not over: what is still to come would look missing.")])
    bill = Bill(provider, name[:200], hashlib.sha256(raw).hexdigest(), since, until, rows)
    _refuse_again(bill)
    return bill


def preview(bill: Bill) -> Judged:
    """What taking the bill would find and change. Writes nothing."""
    return usage_match.judge(bill.provider, bill.rows, since=bill.since, until=bill.until)


def take(bill: Bill, *, by: audit.Doer) -> UsageImport:
    """Takes a bill, whole or not at all: its rows, the cost of the generations that it names, cases for what does not
    match. Raises Conflict for a file that was taken before."""
    return db.in_transaction(lambda: _take(bill, by))


def _take(bill: Bill, by: audit.Doer) -> UsageImport:
    with connection.cursor() as cursor:  # one bill of a provider at a time: tasks are told once
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"framehouse:usage:{bill.provider}"])
    _refuse_again(bill)
    judged = usage_match.judge(bill.provider, bill.rows, since=bill.since, until=bill.until)
    made = UsageImport.objects.create(
        provider=bill.provider,
        file_name=bill.name,
        sha256=bill.sha256,
        covers_from=bill.since,
        covers_until=bill.until,
        row_count=len(bill.rows),
        amount=judged.amount,
        imported_by=_name(by),
    )
    UsageRow.objects.bulk_create(
        [
            UsageRow(
                usage_import=made,
                provider=bill.provider,
                task_id=row.task_id,
                model=row.model,
                amount=row.amount,
                charged_at=row.at,
                generation_id=judged.owner_of.get(row.task_id),
            )
            for row in judged.fresh
        ],
        batch_size=2_000,
    )
    changed = sum(_bill(change.generation_id, bill.name, by) for change in judged.changes)
    _open_cases(made, judged)
    audit.record(
        Action.USAGE_IMPORTED,
        by=by,
        team=None,
        target=bill.provider,
        target_name=bill.provider,
        data={
            "file": bill.name,
            "rows": len(bill.rows),
            "usd": money.usd(judged.amount),
            "changed": changed,
            "differs_from_before": [
                {"task": item.task_id, "before": money.usd(item.before), "after": money.usd(item.after)}
                for item in judged.differing[:MOST_TOLD]
            ],
        },
    )
    return made


def _bill(generation_id: UUID, source: str, by: audit.Doer) -> bool:
    """Gives a generation the sum of all that was billed for its tasks."""
    generation = locked(generation_id)
    amount = UsageRow.objects.filter(generation=generation).aggregate(sum=Sum("amount"))["sum"] or 0
    return outcomes.bill_locked(generation, amount=amount, actor=_name(by), source=source)


def _open_cases(made: UsageImport, judged: Judged) -> None:
    theirs = [(row.task_id, row.amount, None) for row in judged.theirs_only if row.amount]
    _cases(made, CaseKind.THEIRS_ONLY, theirs, "Billed for tasks that none of our generations knows")
    lost = [(row.task_id, row.amount, row.generation_id) for row in judged.never_charged]
    _cases(made, CaseKind.LOST_RESULT, lost, "Billed for generations that charged their team nothing")
    ours = [(row.task_id, row.cost, row.generation_id) for row in judged.ours_only]
    _cases(made, CaseKind.OURS_ONLY, ours, "Ours of that time, and missing in the bill")


def _cases(made: UsageImport, kind: CaseKind, found: Sequence[tuple[str, int, UUID | None]], words: str) -> None:
    if len(found) <= MANY:
        rows = Generation.objects.in_bulk([generation for _, _, generation in found if generation])
        for task, amount, generation in found:
            cases.open_case(
                provider=made.provider,
                kind=kind,
                subject=task,
                amount=amount,
                generation=rows.get(generation) if generation else None,
                note=f"Found by {made.file_name}.",
            )
        return
    cases.open_case(
        provider=made.provider,
        kind=kind,
        subject=f"import {made.pk}",
        amount=sum(amount for _, amount, _ in found),
        note=f"{words}: {len(found)}, found by {made.file_name}. The page of the import lists them.",
    )


def fetch(*, provider: str, day: date) -> UsageImport | None:
    """Takes what a provider's own interface says it billed on a day (UTC); None where it has none, did not answer, or
    said so before. On the network first, then a transaction of its own."""
    since = datetime.combine(day, time(), UTC)
    until = since + timedelta(days=1)
    charges = providers.get(provider).charges(since=since, until=until)
    if charges is None:
        return None
    sums: dict[str, Row] = {}
    for number, charge in enumerate(charges, start=1):
        before = sums.get(charge.task_id)
        amount = charge.amount + (before.amount if before else 0)
        sums[charge.task_id] = Row(number, charge.task_id, amount, charge.at.astimezone(UTC), charge.model)
    told = "\n".join(f"{row.task_id} {row.amount}" for row in sorted(sums.values(), key=lambda row: row.task_id))
    name = f"Billing events of {day}"
    bill = Bill(
        provider, name, hashlib.sha256(f"{name}\n{told}".encode()).hexdigest(), since, until, list(sums.values())
    )
    try:
        return take(bill, by=audit.SYSTEM)
    except Conflict:
        return None  # the same job before


def settle_ended(*, provider: str) -> int:
    """Gives generations that were still open when their bill came what it said. Returns how many changed."""
    early = UsageRow.objects.filter(
        provider=provider,
        generation__finished_at__gt=F("usage_import__imported_at"),
        usage_import__imported_at__gt=db.now() - LONGEST_PERIOD,
    ).exclude(generation__actual_cost=F("amount"))
    ids = [pk for pk in early.values_list("generation_id", flat=True).distinct()[:ROUND] if pk is not None]
    return sum(_settle(pk) for pk in ids)


def _settle(generation_id: UUID) -> bool:
    def work() -> bool:
        changed = _bill(generation_id, "an earlier bill", audit.SYSTEM)
        row = Generation.objects.get(pk=generation_id)
        if changed and not row.charged and row.actual_cost:
            cases.open_case(
                provider=row.provider,
                kind=CaseKind.LOST_RESULT,
                subject=row.provider_task_id or row.public_id,
                amount=row.actual_cost,
                generation=row,
                note="It was still open when its bill came.",
            )
        return changed

    return db.in_transaction(work)


def _refuse_again(bill: Bill) -> None:
    earlier = UsageImport.objects.filter(provider=bill.provider, sha256=bill.sha256).first()
    if earlier is not None:
        raise Conflict(
            f"This file was imported on {earlier.imported_at:%Y-%m-%d %H:%M} UTC.",
            code="already_imported",
            errors=[FieldError("file", f"This file was imported on {earlier.imported_at:%Y-%m-%d %H:%M} UTC.")],
        )


def _name(by: audit.Doer) -> str:
    return by if isinstance(by, str) else f"{audit.STAFF}:{by.user.pk}" if isinstance(by, audit.Staff) else str(by)
