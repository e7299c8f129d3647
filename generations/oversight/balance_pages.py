"""What the pages about balances and bills show. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, F, Q, QuerySet, Sum

from generations import providers
from generations.models import BalanceDay, BalanceReading, ProviderTopUp, UsageImport, UsageRow
from generations.oversight import balances, usage_match
from generations.oversight.balances import ENDPOINT, Runway
from generations.oversight.reconciled import Period
from generations.oversight.usage_match import OursOnly
from project.errors import NotFound

ROUND = 2_000


@dataclass(frozen=True)
class AtProvider:
    """A provider with its newest balance, how long that lasts, and the newest day that was compared."""

    provider: str
    runway: Runway | None
    day: BalanceDay | None


@dataclass(frozen=True)
class Import:
    """A bill that was taken, and what became of its rows."""

    row: UsageImport
    ours: int
    theirs: int
    theirs_amount: int


def at_providers() -> list[AtProvider]:
    """Every provider, with or without a balance."""
    return [
        AtProvider(name, balances.days_left(name), BalanceDay.objects.filter(provider=name).order_by("-day").first())
        for name in providers.PROVIDERS
    ]


def days(period: Period) -> QuerySet[BalanceDay]:
    """The compared days, newest first."""
    rows = BalanceDay.objects.filter(day__gte=period.first, day__lte=period.last).order_by("-day", "provider")
    return rows.filter(provider=period.provider) if period.provider else rows


def top_ups(period: Period) -> QuerySet[ProviderTopUp]:
    """What was paid in, newest first."""
    rows = ProviderTopUp.objects.filter(paid_at__gte=period.since, paid_at__lt=period.until).order_by("-paid_at", "-pk")
    return rows.filter(provider=period.provider) if period.provider else rows


def readings(period: Period) -> QuerySet[BalanceReading]:
    """What the providers' own interfaces told hourly, newest first."""
    rows = BalanceReading.objects.filter(source=ENDPOINT, taken_at__gte=period.since, taken_at__lt=period.until)
    rows = rows.order_by("-taken_at", "-pk")
    return rows.filter(provider=period.provider) if period.provider else rows


def imports(*, most: int | None = None) -> list[Import]:
    """The bills that were taken, newest first."""
    theirs = Q(usage_rows__generation=None, usage_rows__isnull=False)
    rows = UsageImport.objects.annotate(
        ours=Count("usage_rows", filter=Q(usage_rows__generation__isnull=False)),
        theirs=Count("usage_rows", filter=theirs),
        theirs_amount=Sum("usage_rows__amount", filter=theirs),
    ).order_by("-imported_at", "-pk")[:most]
    return [Import(row, row.ours, row.theirs, row.theirs_amount or 0) for row in rows]


def import_of(number: int) -> UsageImport:
    """One bill. Raises NotFound."""
    row = UsageImport.objects.filter(pk=number).first()
    if row is None:
        raise NotFound("There is no such import.")
    return row


def rows_of(bill: UsageImport) -> QuerySet[UsageRow]:
    """The rows that a bill brought, theirs only first, then the dearest."""
    rows = UsageRow.objects.filter(usage_import=bill).select_related("generation__team")
    return rows.order_by(F("generation__team").asc(nulls_first=True), "-amount", "pk")


def batches_of(bill: UsageImport) -> Iterator[list[UsageRow]]:
    """The same in the order of the file, in rounds."""
    rows = UsageRow.objects.filter(usage_import=bill).select_related("generation__team").order_by("pk")
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:ROUND]):
        yield batch
        last = batch[-1].pk


def missing_in(bill: UsageImport, *, most: int) -> tuple[list[OursOnly], int]:
    """Ours of the bill's time that no bill names, at most so many, and how many there are."""
    rows = usage_match.ours_missing(bill.provider, since=bill.covers_from, until=bill.covers_until)
    found = [OursOnly(row.pk, row.provider_task_id or "", usage_match.cost_of(row)) for row in rows[:most]]
    return found, rows.count()
