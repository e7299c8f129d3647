"""A day's money at a provider: by how much our balance there fell, beside the charges that we know of.

known       every charge by the moment when we knew it: what a generation cost when it ended (billed or reported, else
            what was expected of a success), less what became known by a late result: that counts when it came.
straddlers  a provider may charge when a task is made, we know at its end. What is under way at a bound of the interval
            is therefore the provider's in one day and ours in the next: the first day's gap is positive, the next one's
            negative by the same, and both together are nothing. So a day is judged together with the days before it
            back to the last one that a case was opened for, and its gap may differ from nothing by what was under way
            at the ends of that run: taken and not known yet (at its end), known and taken before (at its beginning).
intervals   a day begins where the last compared one ended, so that no money lies between two days; a day without a
            reading near its end is compared together with the next.
threshold   one credit: less than the cheapest picture or clip (17,500), more than what rounding of fractional credits
            and dollars can come to. Smaller gaps add up over the run and are found by their sum.

A job that we have lost, or a stranger's with our key, is taken and never known: it stays in the sum and opens a case.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from generations.models import (
    Attempt,
    BalanceDay,
    BalanceReading,
    CaseKind,
    CostVerdict,
    Generation,
    LateResult,
    ProviderTopUp,
    Status,
    UsageRow,
)
from generations.models import Case as CaseRow
from generations.oversight import balances, cases
from generations.oversight.balances import ENDPOINT
from project import db, money

THRESHOLD = money.CREDIT
NEAR = timedelta(minutes=90)  # an endpoint's reading this near a bound is taken before any other
FAR = timedelta(hours=6)  # further away, a reading is none of this day's
MOST_RUN = 31  # days that are judged together
LONGEST = timedelta(days=3)  # no generation is under way for longer: its deadline ends it
KEEP_TOLD = timedelta(days=30)  # readings of callbacks are kept so long: the hourly ones tell the rest


@dataclass(frozen=True)
class Run:
    """Days judged together: their gaps added up, and by how much that may differ from nothing on either side."""

    since: datetime
    until: datetime
    days: int
    gap: int
    least: int
    most: int

    @property
    def odd(self) -> bool:
        """Whether it is more than what is under way can explain."""
        return not self.least - THRESHOLD < self.gap < self.most + THRESHOLD


def close_day(*, provider: str, day: date) -> BalanceDay | None:
    """Compares a day that is over (UTC), once, and opens a case for a gap. None where there is nothing to compare: no
    reading near its end, or none before. In a transaction of its own."""
    return db.in_transaction(lambda: _close(provider, day))


def _close(provider: str, day: date) -> BalanceDay | None:
    with connection.cursor() as cursor:  # one at a time a provider: a day is compared with the one before it
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"framehouse:balance:{provider}"])
    done = BalanceDay.objects.filter(provider=provider, day=day).first()
    if done is not None:
        return done
    begin = datetime.combine(day, time(), UTC)
    if BalanceDay.objects.filter(provider=provider, day__gt=day).exists() or begin + timedelta(days=1) > db.now():
        return None
    before = BalanceDay.objects.filter(provider=provider).order_by("-day").first()
    first = nearest(provider, begin) if before is None else None
    opened = (before.closed_at, before.closed_with) if before else (first.taken_at, first.amount) if first else None
    last = nearest(provider, begin + timedelta(days=1))
    if opened is None or last is None or last.taken_at <= opened[0]:
        return None
    since, until = opened[0], last.taken_at
    paid = ProviderTopUp.objects.filter(provider=provider, paid_at__gt=since, paid_at__lte=until)
    topped_up = paid.aggregate(sum=Sum("amount"))["sum"] or 0
    charges = known(provider, since, until)
    row = BalanceDay.objects.create(
        provider=provider,
        day=day,
        opened_at=since,
        opened_with=opened[1],
        closed_at=until,
        closed_with=last.amount,
        topped_up=topped_up,
        known=charges,
        gap=opened[1] + topped_up - last.amount - charges,
    )
    _judge(row)
    return row


def nearest(provider: str, moment: datetime) -> BalanceReading | None:
    """The reading that stands for a moment: the endpoint's nearest within NEAR, else anybody's within FAR."""
    rows = BalanceReading.objects.filter(provider=provider)
    asked = rows.filter(source=ENDPOINT, taken_at__gte=moment - NEAR, taken_at__lte=moment + NEAR)
    any_ = rows.filter(taken_at__gte=moment - FAR, taken_at__lte=moment + FAR)
    for found in (asked, any_):
        after = found.filter(taken_at__gte=moment).order_by("taken_at").first()
        before = found.filter(taken_at__lt=moment).order_by("-taken_at").first()
        both = [row for row in (before, after) if row is not None]
        if both:
            return min(both, key=lambda row: abs(row.taken_at - moment))
    return None


def known(provider: str, since: datetime, until: datetime) -> int:
    """The charges that we came to know of after `since`, up to `until`: the best-known cost of what ended then, and of
    each late result its part of that when it came."""
    ended = Generation.objects.filter(provider=provider, finished_at__gt=since, finished_at__lte=until)
    expected = When(actual_cost=None, status=Status.SUCCEEDED, then=F("expected_cost"))
    cost = Case(expected, default=Coalesce(F("actual_cost"), Value(0)), output_field=BigIntegerField())
    late = LateResult.objects.filter(generation__provider=provider).annotate(part=_part_of_late())
    came = late.filter(created_at__gt=since, created_at__lte=until)
    of_ended = late.filter(generation__finished_at__gt=since, generation__finished_at__lte=until)
    return _sum(ended, cost) + _sum(came, "part") - _sum(of_ended, "part")


def _part_of_late() -> Case:
    """How much of a generation's cost became known by a late result: what it told, else what a bill told of its task
    since; nothing where the bill was faster."""
    bills = UsageRow.objects.filter(provider=OuterRef("generation__provider"), task_id=OuterRef("provider_task_id"))
    before = bills.filter(usage_import__imported_at__lte=OuterRef("created_at"))
    told = Coalesce(F("cost"), Subquery(bills.values("amount")), Value(0), output_field=BigIntegerField())
    return Case(When(Exists(before), then=Value(0)), default=told, output_field=BigIntegerField())


def _sum(rows: QuerySet[Any], amount: Any) -> int:
    return int(rows.aggregate(sum=Sum(amount))["sum"] or 0)


def straddling(provider: str, moment: datetime) -> int:
    """What was under way at a moment may have cost: handed to the provider before, ended after or not at all."""
    made = Attempt.objects.filter(created_at__lte=moment, created_at__gt=moment - LONGEST)
    handed = made.exclude(outcome__in=["not_sent", "refused"])
    under_way: QuerySet[Generation] = Generation.objects.filter(provider=provider, created_at__lte=moment).filter(
        Q(finished_at=None) | Q(finished_at__gt=moment), pk__in=handed.values("generation_id")
    )
    cost = Coalesce(F("actual_cost"), F("expected_cost"))
    return under_way.aggregate(sum=Sum(cost))["sum"] or 0


def run_of(row: BalanceDay) -> Run:
    """The days that a day is judged with: back to the last one that a case was opened for."""
    told = CaseRow.objects.filter(provider=row.provider, kind=CaseKind.BALANCE_GAP).values_list("subject", flat=True)
    before = BalanceDay.objects.filter(provider=row.provider, day__lt=row.day).order_by("-day")
    days = [row]
    judged = set(told.order_by("-opened_at")[: 10 * MOST_RUN])
    for day in before[: MOST_RUN - 1]:
        if day.day.isoformat() in judged:
            break
        days.append(day)
    since, until = days[-1].opened_at, row.closed_at
    gap = sum(day.gap for day in days)
    return Run(since, until, len(days), gap, -straddling(row.provider, since), straddling(row.provider, until))


def _judge(row: BalanceDay) -> None:
    run = run_of(row)
    if not run.odd:
        return
    says = "more than" if run.gap > 0 else "less than"
    case, _ = cases.open_case(
        provider=row.provider,
        kind=CaseKind.BALANCE_GAP,
        subject=row.day.isoformat(),
        amount=run.gap,
        note=f"From {run.since:%Y-%m-%d %H:%M} to {run.until:%Y-%m-%d %H:%M} UTC the provider took {says} we know of"
        f" ({run.days} {'day' if run.days == 1 else 'days'} added up; under way at the end:"
        f" {money.usd(run.most)} USD, at the beginning: {money.usd(-run.least)} USD)."
        f" {doubtful(row.provider, run.since, run.until)}",
    )
    _point_out(case, run.gap)


def _point_out(case: CaseRow, gap: int) -> None:
    """What was taken one day and became known on another leaves two gaps that are nothing together: says so on both."""
    others = CaseRow.objects.filter(provider=case.provider, kind=CaseKind.BALANCE_GAP, closed_at=None)
    for other in others.exclude(pk=case.pk).order_by("-opened_at")[:10]:
        if abs(other.amount + gap) < THRESHOLD:
            cases.remark(case, f"Together with {other.public_id} ({other.subject}) it is nothing.")
            cases.remark(other, f"Together with {case.public_id} ({case.subject}) it is nothing.")
            return


def doubtful(provider: str, since: datetime, until: datetime) -> str:
    """A sentence on what may explain a gap: generations of that time of which nobody knows what they cost."""
    rows = Generation.objects.filter(
        provider=provider, finished_at__gt=since, finished_at__lte=until, cost_verdict=CostVerdict.UNATTRIBUTED
    )
    count, sums = rows.count(), rows.aggregate(sum=Sum("expected_cost"))["sum"] or 0
    if not count:
        return "No generation of that time ended with an unknown outcome: look for a job that is none of ours."
    noun = "generation" if count == 1 else "generations"
    return f"{count} {noun} of that time ended with an unknown outcome and may have cost {money.usd(sums)} USD."


def prune() -> int:
    """Forgets what callbacks told longer ago than KEEP_TOLD; the hourly readings stay."""
    old = BalanceReading.objects.filter(source=balances.CALLBACK, taken_at__lt=db.now() - KEEP_TOLD)
    return old.delete()[0]
