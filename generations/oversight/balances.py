"""Our balance at each provider: readings, their newest, and how long the money lasts. Micro-dollars.

A reading comes hourly from the provider's own interface, and with each KIE callback (`remainedCredits`). It is the
operator's business alone: no team sees it, no log has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Case, Min, Sum, When
from django.db.models.functions import Coalesce

from generations import providers
from generations.models import BalanceReading, Callback, Generation, ModelDay, ProviderTopUp, Status
from generations.providers import kie_records
from project import db, strict_json

WINDOW = 7  # days whose rate says how long the balance lasts
ENDPOINT, CALLBACK = "endpoint", "callback"


@dataclass(frozen=True)
class Runway:
    """A balance and what it is good for. `left` is what was read less what is known to have been spent since, with what
    was paid in since. `per_day` is what the last 7 days cost a day; `days` whole days that `left` lasts at that rate,
    None where nothing was spent."""

    balance: int
    taken_at: datetime
    left: int
    per_day: int
    days: int | None


def latest(provider: str) -> BalanceReading | None:
    """The newest reading of a provider's balance, whoever told it; None where there is none yet."""
    return BalanceReading.objects.filter(provider=provider).order_by("-taken_at", "-pk").first()


def days_left(provider: str) -> Runway | None:
    """How long the balance of a provider lasts at the rate of the last 7 days; None where no balance is known.

    The rate is what the sums of the days say was spent (reported, else expected), from the first day with cost within
    the window until now, so that a house that began yesterday is not told that it spends a seventh."""
    reading = latest(provider)
    if reading is None:
        return None
    moment = db.now().astimezone(UTC)
    days = ModelDay.objects.filter(provider=provider, day__gt=moment.date() - timedelta(days=WINDOW), cost__gt=0)
    found = days.aggregate(cost=Sum("cost"), first=Min("day"))
    left = reading.amount - _spent_since(reading) + _paid_in_since(reading)
    if not found["cost"]:
        return Runway(reading.amount, reading.taken_at, left, 0, None)
    begun = datetime(found["first"].year, found["first"].month, found["first"].day, tzinfo=UTC)
    seconds = max(int((moment - begun).total_seconds()), 86_400)
    per_day = found["cost"] * 86_400 // seconds
    return Runway(reading.amount, reading.taken_at, left, per_day, max(left, 0) // max(per_day, 1))


def _spent_since(reading: BalanceReading) -> int:
    """What ended later that day, one by one, and the sums of the days after it."""
    day = reading.taken_at.astimezone(UTC).date()
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    ended = Generation.objects.filter(
        provider=reading.provider, finished_at__gt=reading.taken_at, finished_at__lt=midnight
    )
    expected = Case(When(status=Status.SUCCEEDED, then="expected_cost"), default=0)
    that_day: int = ended.aggregate(cost=Sum(Coalesce("actual_cost", expected), default=0))["cost"]
    after: int = ModelDay.objects.filter(provider=reading.provider, day__gt=day).aggregate(cost=Sum("cost", default=0))[
        "cost"
    ]
    return that_day + after


def _paid_in_since(reading: BalanceReading) -> int:
    paid = ProviderTopUp.objects.filter(provider=reading.provider, paid_at__gt=reading.taken_at)
    found: int = paid.aggregate(amount=Sum("amount", default=0))["amount"]
    return found


def read(provider: str) -> BalanceReading | None:
    """Asks a provider for our balance and keeps the answer; None where it tells none, or did not this time. On the
    network: never inside a transaction."""
    amount = providers.get(provider).balance()
    if amount is None:
        return None
    return db.in_transaction(
        lambda: BalanceReading.objects.create(provider=provider, amount=amount, source=ENDPOINT, taken_at=db.now())
    )


def note_callback(callback: Callback) -> None:
    """Keeps the balance that a KIE callback tells, once a callback; anything unreadable is none."""
    if callback.attempt.generation.provider != "kie":
        return
    amount = _remained(bytes(callback.body))
    if amount is None:
        return
    with transaction.atomic():
        BalanceReading.objects.bulk_create(
            [
                BalanceReading(
                    provider="kie",
                    amount=amount,
                    source=CALLBACK,
                    reference=f"callback:{callback.pk}",
                    taken_at=callback.received_at,
                )
            ],
            ignore_conflicts=True,
        )


def _remained(raw: bytes) -> int | None:
    try:
        body = strict_json.loads_provider(raw, max_bytes=len(raw) + 1)
    except strict_json.BadJson:
        return None
    data = body.get("data") if isinstance(body, dict) else None
    return kie_records.balance_of(data.get("remainedCredits")) if isinstance(data, dict) else None
