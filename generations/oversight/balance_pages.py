"""What the pages about balances and bills show. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Q, QuerySet, Sum

from generations import providers
from generations.models import BalanceDay, BalanceReading, ProviderTopUp, UsageImport, UsageRow
from generations.oversight import balances, unbilled, usage_match
from generations.oversight.balances import ENDPOINT, Runway
from generations.oversight.scopes import Scope
from generations.oversight.usage_match import OursOnly
from project import paging
from project.errors import NotFound
from project.paging import Page, Window

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


def days(scope: Scope) -> QuerySet[BalanceDay]:
    """The compared days, newest first."""
    rows = BalanceDay.objects.filter(day__gte=scope.first, day__lte=scope.last).order_by("-day", "provider")
    return scope.of_provider(rows)


def top_ups(scope: Scope) -> QuerySet[ProviderTopUp]:
    """What was paid in, newest first."""
    rows = ProviderTopUp.objects.filter(paid_at__gte=scope.since, paid_at__lt=scope.until).order_by("-paid_at", "-pk")
    return scope.of_provider(rows)


def readings(scope: Scope) -> QuerySet[BalanceReading]:
    """What the providers' own interfaces told hourly, newest first."""
    rows = BalanceReading.objects.filter(source=ENDPOINT, taken_at__gte=scope.since, taken_at__lt=scope.until)
    rows = rows.order_by("-taken_at", "-pk")
    return scope.of_provider(rows)


def imports(window: Window) -> Page[Import]:
    """The bills that were taken, newest first, a part of them: two statements."""
    page = paging.page_of_rows(
        UsageImport.objects.all(),
        window,
        fields=("imported_at", "pk"),
        values=paging.read_key(window, datetime.fromisoformat, int),
        newest_first=True,
        key_of=lambda row: (row.imported_at.isoformat(), str(row.pk)),
    )
    none = Q(generation=None)
    rows = UsageRow.objects.filter(usage_import__in=[row.pk for row in page.rows]).values_list("usage_import")
    sums = rows.annotate(n=Count("pk"), theirs=Count("pk", filter=none), amount=Sum("amount", filter=none))
    found = {pk: (n - theirs, theirs, amount or 0) for pk, n, theirs, amount in sums}
    return Page([Import(row, *found.get(row.pk, (0, 0, 0))) for row in page.rows], page.older, page.newer)


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
    rows = UsageRow.objects.filter(usage_import=bill).select_related("generation__team")

    def page(window: Window) -> Page[UsageRow]:
        values = paging.read_key(window, int)
        return paging.page_of_rows(
            rows, window, fields=("pk",), values=values, newest_first=False, key_of=lambda row: (str(row.pk),)
        )

    return paging.every(page, batch=ROUND)


def missing_in(bill: UsageImport, *, most: int) -> tuple[list[OursOnly], int]:
    """Ours of the bill's time that no bill names, at most so many, and how many there are."""
    time = unbilled.of_bill(bill.provider, since=bill.covers_from, until=bill.covers_until)
    return [usage_match.ours_only(row) for row in unbilled.rows(time, most=most)], unbilled.total(time)[0]
