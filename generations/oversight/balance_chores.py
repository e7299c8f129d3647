"""When balances are read and days compared: claimed by a row, so that one of many processes does it.

The jobs go on the network or are long; the sweep only rings for them. Bills have chores and jobs of their own.
"""

from __future__ import annotations

from datetime import UTC, date, timedelta

from django.db import connection, transaction

from generations import providers
from generations.oversight import balance_days, bills
from project import db, queue

TRY_AGAIN = timedelta(minutes=10)  # a provider that did not answer is asked again after this
CLOSES_AT = timedelta(minutes=10)  # after midnight: the hour's reading is there by then


def ring() -> int:
    """Enqueues what is due: a reading an hour and provider, once a day the comparison of the day before, and the bills.
    Returns how many jobs."""
    rung = bills.ring()
    for provider in providers.PROVIDERS:
        with transaction.atomic(durable=True):
            if _reading_due(provider):
                queue.enqueue("generations.tasks.read_balance", provider)
                rung += 1
    with transaction.atomic(durable=True):
        day = _day_due()
        for provider in providers.PROVIDERS if day else ():
            queue.enqueue("generations.tasks.close_balance_day", provider, str(day))
            rung += 1
    return rung


def close_day(*, provider: str, day: date) -> None:
    """A day that is over: its balance beside the charges known by then (its bill comes later: bills). May run twice."""
    balance_days.close_day(provider=provider, day=day)
    balance_days.prune()


def _reading_due(provider: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO generations_chore AS c (name, begun_at) VALUES (%s, clock_timestamp())
               ON CONFLICT (name) DO UPDATE SET begun_at = excluded.begun_at
               WHERE c.begun_at <= clock_timestamp() - make_interval(secs => %s)
                 AND NOT EXISTS (SELECT 1 FROM generations_balancereading r WHERE r.provider = %s
                   AND r.source = 'endpoint' AND r.taken_at >= date_trunc('hour', clock_timestamp()))""",
            [f"balance_{provider}", TRY_AGAIN.total_seconds(), provider],
        )
        return bool(cursor.rowcount == 1)


def _day_due() -> date | None:
    """Yesterday, for whoever is the first to ask after it can be compared."""
    moment = db.now().astimezone(UTC)
    today = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if moment < today + CLOSES_AT:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO generations_chore AS c (name, begun_at) VALUES ('balance_day', clock_timestamp())
               ON CONFLICT (name) DO UPDATE SET begun_at = excluded.begun_at WHERE c.begun_at < %s""",
            [today + CLOSES_AT],
        )
        return today.date() - timedelta(days=1) if cursor.rowcount == 1 else None
