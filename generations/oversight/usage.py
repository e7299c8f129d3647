"""A provider's own bill beside our books: matched by task id, judged before it is taken, taken whole.

The bill decides what a generation cost (usage_settle sets it, right after the bill was taken, some at a time); nothing
that a team was charged changes. A task that was billed and charged to nobody becomes a case, as does one that is none
of ours, and one of ours that the bills of its time lack.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import OperationalError, connection

from accounts import audit
from accounts.models import Action
from generations.models import Case, CaseKind, Generation, UsageImport, UsageRow
from generations.oversight import cases, usage_match, usage_settle
from generations.oversight.usage_files import Row
from generations.oversight.usage_match import Judged
from project import db, money, queue
from project.errors import Conflict, FieldError, Invalid

log = logging.getLogger(__name__)

MANY = 20  # up to so many findings of a kind are a case each, more are one case of the import
LONGEST_PERIOD = timedelta(days=92)
MOST_TOLD = 20
AT_ONCE = 2  # rounds of costs that are set before whoever brought the bill has an answer; a job sets the rest


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


def take(bill: Bill, *, by: audit.Doer, sure: bool = False) -> UsageImport:
    """Takes a bill, whole or not at all: its rows, and cases for what does not match. Then the costs of the generations
    that it names are set, the first of them at once, all by a job. Raises Conflict for a file that was taken before,
    Invalid for one that lacks more than half of ours unless somebody is `sure` that it is whole."""
    made = db.in_transaction(lambda: _take(bill, by, sure=sure))
    try:
        usage_settle.settle(made, rounds=AT_ONCE)
    except OperationalError as error:
        if not db.was_lock_timeout(error):
            raise
        log.warning("costs of usage import %s are left to the job", made.pk)
    return made


def _take(bill: Bill, by: audit.Doer, *, sure: bool) -> UsageImport:
    with connection.cursor() as cursor:  # one bill of a provider at a time: tasks are told once
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"framehouse:usage:{bill.provider}"])
    _refuse_again(bill)
    judged = usage_match.judge(bill.provider, bill.rows, since=bill.since, until=bill.until)
    if judged.lacking and not sure:
        words = f"{judged.ours_only_count} of our {judged.ours} generations of this time are missing in the bill."
        raise Invalid(words, errors=[FieldError("sure", f"{words} Say that the bill is whole.", "required")])
    made = UsageImport.objects.create(
        provider=bill.provider,
        file_name=bill.name,
        sha256=bill.sha256,
        covers_from=bill.since,
        covers_until=bill.until,
        row_count=len(bill.rows),
        amount=judged.amount,
        imported_by=audit.actor_of(by),
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
    _open_cases(made, judged)
    _point_out(made, judged)
    queue.enqueue("generations.tasks.settle_bills", bill.provider, lane="store")
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
            "changes": len(judged.changes),
            "differs_from_before": [
                {"task": item.task_id, "before": money.usd(item.before), "after": money.usd(item.after)}
                for item in judged.differing[:MOST_TOLD]
            ],
        },
    )
    return made


def _open_cases(made: UsageImport, judged: Judged) -> None:
    theirs = [(row.task_id, row.amount, None) for row in judged.theirs_only if row.amount]
    _cases(made, CaseKind.THEIRS_ONLY, theirs, "Billed for tasks that none of our generations knows")
    known = cases.known_lost(made.provider, [row.task_id for row in judged.never_charged])
    lost = [(row.task_id, row.amount, row.generation_id) for row in judged.never_charged if row.task_id not in known]
    _cases(made, CaseKind.LOST_RESULT, lost, "Billed for generations that charged their team nothing")
    ours = [(row.task_id or row.generation, row.cost, row.generation_id) for row in judged.ours_only]
    words = "Ours of that time, and missing in the bill"
    if judged.ours_only_count > len(ours):
        _one_case(made, CaseKind.OURS_ONLY, judged.ours_only_count, judged.ours_only_amount, words)
    else:
        _cases(made, CaseKind.OURS_ONLY, ours, words)


def _cases(made: UsageImport, kind: CaseKind, found: Sequence[tuple[str, int, UUID | None]], words: str) -> None:
    if len(found) > MANY:
        _one_case(made, kind, len(found), sum(amount for _, amount, _ in found), words)
        return
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


def _one_case(made: UsageImport, kind: CaseKind, count: int, amount: int, words: str) -> None:
    cases.open_case(
        provider=made.provider,
        kind=kind,
        subject=usage_settle.subject_of(made),
        amount=amount,
        note=f"{words}: {count}, found by {made.file_name}. The page of the import lists them.",
    )


def _point_out(made: UsageImport, judged: Judged) -> None:
    """A generation that an earlier bill lacked, and this one names: says so on its case, which a person closes."""
    missed = Case.objects.filter(provider=made.provider, kind=CaseKind.OURS_ONLY, closed_at=None)
    for case in missed.filter(generation__in=set(judged.owner_of.values())):
        cases.remark(case, f"{made.file_name} names it.")


def _refuse_again(bill: Bill) -> None:
    earlier = UsageImport.objects.filter(provider=bill.provider, sha256=bill.sha256).first()
    if earlier is not None:
        raise Conflict(
            f"This file was imported on {earlier.imported_at:%Y-%m-%d %H:%M} UTC.",
            code="already_imported",
            errors=[FieldError("file", f"This file was imported on {earlier.imported_at:%Y-%m-%d %H:%M} UTC.")],
        )
