"""The bills that providers tell by an interface of their own (fal's billing events): a bill a day, each asked for until
it is there, or its days run out. Days are UTC.

begins   READY after midnight, so that the provider has written the day.
again    every AGAIN, for DAYS days; so are days that were missed while the house was down. A try is a row of
         generations_chore, which is also what lets one of many processes do it.
whole?   a day without any event on which a generation of ours ended that no bill names, and one that names fewer than
         half of ours, is not there yet. On the last day what is told is taken as it stands, unless that is nothing.
gives up when the days run out and ours are unbilled: a case, one open a provider, with a note for each such day.

A day that a bill covers as a whole is there, whoever brought it. What ran before and after midnight: unbilled.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from accounts import audit
from generations import providers
from generations.models import CaseKind, Chore, Generation, UsageImport, UsageRow
from generations.oversight import cases, unbilled, usage
from generations.oversight.usage import Bill
from generations.oversight.usage_files import Row
from generations.providers.base import Charge
from project import db, money, queue
from project.errors import Conflict

READY = timedelta(hours=4)
AGAIN = timedelta(hours=4)
DAYS = 7
SUBJECT = "daily bills"  # of the case about bills that never came


@dataclass(frozen=True)
class Waiting:
    """A day whose bill is not there, and when it was last asked for."""

    provider: str
    day: date
    tried_at: datetime | None


def ring() -> int:
    """Enqueues a job for each day whose bill is due, and one for what is left to settle; opens cases for days that have
    run out. Returns how many jobs."""
    rung = 0
    for provider in providers.PROVIDERS:
        with transaction.atomic(durable=True):
            if _claimed(f"settle_{provider}"):
                queue.enqueue("generations.tasks.settle_bills", provider, lane="store")
                rung += 1
        for day in due(provider):
            with transaction.atomic(durable=True):
                if _claimed(_chore(provider, day)):
                    queue.enqueue("generations.tasks.take_bill", provider, str(day), lane="store")
                    rung += 1
        give_up(provider)
    return rung


def due(provider: str) -> list[date]:
    """The last days whose bill should be there and is not, oldest first; none of a provider that tells no bills, and
    none before our first generation there."""
    if not providers.get(provider).tells_charges():
        return []
    last = (db.now().astimezone(UTC) - READY).date() - timedelta(days=1)
    days = [last - timedelta(days=back) for back in reversed(range(DAYS))]
    bills = UsageImport.objects.filter(provider=provider, covers_until__gt=_bounds(days[0])[0])
    covered = list(bills.values_list("covers_from", "covers_until"))
    days = [day for day in days if not any(_within(_bounds(day), bill) for bill in covered)]
    ended = Generation.objects.filter(provider=provider, finished_at__isnull=False).order_by("finished_at")
    first = ended.values_list("finished_at", flat=True).first() if days else None
    return [day for day in days if first is not None and first < _bounds(day)[1]]


def waiting() -> list[Waiting]:
    """What the page of balances says of them, every provider."""
    found = [(provider, day) for provider in providers.PROVIDERS for day in due(provider)]
    names = [_chore(provider, day) for provider, day in found]
    tried = dict(Chore.objects.filter(name__in=names).values_list("name", "begun_at")) if names else {}
    return [Waiting(provider, day, tried.get(_chore(provider, day))) for provider, day in found]


def take_day(*, provider: str, day: date) -> UsageImport | None:
    """Takes what a provider says that it billed on a day; None where it tells none, did not answer, is not there yet,
    or said so before. On the network first, then transactions of its own."""
    since, until = _bounds(day)
    charges = providers.get(provider).charges(since=since, until=until)
    if charges is None:
        return None
    rows = _rows(charges)
    told = "\n".join(f"{row.task_id} {row.amount}" for row in sorted(rows, key=lambda row: row.task_id))
    name = f"Billing events of {day}"
    bill = Bill(provider, name, hashlib.sha256(f"{name}\n{told}".encode()).hexdigest(), since, until, rows)
    if _not_yet(bill):
        return None
    try:
        return usage.take(bill, by=audit.SYSTEM, sure=True)
    except Conflict:
        return None  # the same job before


def _not_yet(bill: Bill) -> bool:
    """Whether a bill rather lacks what the provider has still to write."""
    if not bill.rows:
        billable = Generation.objects.filter(unbilled.HAS_COST, provider=bill.provider, finished_at__gte=bill.since)
        ours = billable.filter(finished_at__lt=bill.until)
        return ours.exclude(Exists(UsageRow.objects.filter(generation=OuterRef("pk")))).exists()
    last_chance = db.now() >= bill.until + READY + timedelta(days=DAYS - 1)
    return not last_chance and usage.preview(bill).lacking


def give_up(provider: str) -> int:
    """Ends the waiting for days that have run out, with a case where we have generations that no bill names. Returns
    for how many days."""
    prefix = _chore(provider, None)
    oldest = (db.now().astimezone(UTC) - READY).date() - timedelta(days=DAYS)
    ended = 0
    for name in Chore.objects.filter(name__startswith=prefix).values_list("name", flat=True):
        day = date.fromisoformat(f"20{name.removeprefix(prefix)}")
        if day < oldest:
            ended += db.in_transaction(partial(_give_up, provider, name, day))
    return ended


def _give_up(provider: str, name: str, day: date) -> int:
    if not Chore.objects.filter(name=name).delete()[0]:
        return 0  # another process did
    since, until = _bounds(day)
    covering = UsageImport.objects.filter(provider=provider, covers_from__lte=since, covers_until__gte=until)
    count, amount = unbilled.total(unbilled.of_bill(provider, since=since, until=until))
    if covering.exists() or not count:
        return 0
    said = f"Billing events of {day} never came: {count} of ours, {money.usd(amount)} USD by our books, are unbilled."
    case, made = cases.open_case(
        provider=provider,
        kind=CaseKind.OURS_ONLY,
        subject=SUBJECT,
        amount=amount,
        note=f"{said} Is its admin key set? A file of that day can be imported.",
    )
    if not made:
        cases.remark(case, said)
    return 1


def _within(inner: tuple[datetime, datetime], outer: tuple[datetime, datetime]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def _rows(charges: list[Charge]) -> list[Row]:
    """A row a task: what was billed for it in several parts is one amount."""
    sums: dict[str, Row] = {}
    for number, charge in enumerate(charges, start=1):
        before = sums.get(charge.task_id)
        amount = charge.amount + (before.amount if before else 0)
        sums[charge.task_id] = Row(number, charge.task_id, amount, charge.at.astimezone(UTC), charge.model)
    return list(sums.values())


def _bounds(day: date) -> tuple[datetime, datetime]:
    since = datetime.combine(day, time(), UTC)
    return since, since + timedelta(days=1)


def _chore(provider: str, day: date | None) -> str:
    """Its row of generations_chore, whose names have 20 characters."""
    return f"bill_{provider}_{f'{day:%y%m%d}' if day else ''}"


def _claimed(name: str) -> bool:
    """Whether it is ours to do now: nobody began it within AGAIN."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO generations_chore AS c (name, begun_at) VALUES (%s, clock_timestamp())
               ON CONFLICT (name) DO UPDATE SET begun_at = excluded.begun_at
               WHERE c.begun_at <= clock_timestamp() - make_interval(secs => %s)""",
            [name, AGAIN.total_seconds()],
        )
        return bool(cursor.rowcount == 1)
