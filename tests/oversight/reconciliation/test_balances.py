"""Readings, how long the money lasts, and when they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection

from generations import callbacks
from generations.models import Attempt, BalanceReading, Callback, Chore, Generation
from generations.oversight import balance_chores, balance_days, balances
from generations.providers import kie_records
from project import db, queue
from tests.oversight.reconciliation.conftest import midnight, reading
from tests.pages.conftest import delivered, started

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("value", "micro"),
    [
        (2450, 12_250_000),
        (982.5, 4_912_500),
        ("0.0001", 0),
        (-3, -15_000),
        (True, None),
        (None, None),
        ("many", None),
        (float("nan"), None),
        (1e300, None),
    ],
)
def test_a_balance_in_credits_is_whole_micro_dollars(value: object, micro: int | None) -> None:
    assert kie_records.balance_of(value) == micro


def test_the_newest_reading_counts_whoever_told_it() -> None:
    assert balances.latest("kie") is None
    moment = db.now()
    reading(10, moment - timedelta(hours=1))
    newest = reading(7, moment - timedelta(minutes=1), source="callback")
    reading(99, moment, provider="fal")
    assert balances.latest("kie") == newest


def test_days_left_at_the_rate_of_the_last_days(make: Callable[..., Generation]) -> None:
    assert balances.days_left("kie") is None
    reading(3_000_000, db.now())
    found = balances.days_left("kie")
    assert found is not None
    assert (found.balance, found.per_day, found.days) == (3_000_000, 0, None)
    delivered(make("veo-3.1-fast"))  # nothing reported: what was expected
    found = balances.days_left("kie")
    assert found is not None
    assert (found.left, found.per_day, found.days) == (2_700_000, 300_000, 9)
    reading(-5, db.now())
    overdrawn = balances.days_left("kie")
    assert overdrawn is not None
    assert (overdrawn.balance, overdrawn.left, overdrawn.days) == (-5, -5, 0)


def callback_of(generation: Generation, body: bytes) -> Callback:
    attempt = Attempt.objects.get(generation=generation)
    task = generation.provider_task_id or ""
    return Callback.objects.create(attempt=attempt, body_hash=body[:32], body=body, provider_task_id=task)


@pytest.mark.parametrize(
    ("body", "amount"),
    [
        (b'{"code": 200, "data": {"taskId": "t", "remainedCredits": 12.5}}', 62_500),
        (b'{"code": 200, "data": {"taskId": "t"}}', None),
        (b'{"code": 200, "data": {"remainedCredits": "lots"}}', None),
        (b'{"data": []}', None),
        (b"not json", None),
    ],
)
def test_what_a_callback_tells(body: bytes, amount: int | None, make: Callable[..., Generation]) -> None:
    callback = callback_of(started(make("veo-3.1-fast")), body)
    for _ in range(2):
        balances.note_callback(callback)
    assert [row.amount for row in BalanceReading.objects.all()] == ([] if amount is None else [amount])


def test_callbacks_of_fal_tell_no_balance(make: Callable[..., Generation]) -> None:
    generation = started(make("qwen-image-edit-plus", image_urls=["https://img.example/a.png"]))
    balances.note_callback(callback_of(generation, b'{"data": {"remainedCredits": 12}}'))
    assert not BalanceReading.objects.exists()


def test_processing_a_callback_notes_the_balance(make: Callable[..., Generation]) -> None:
    generation = delivered(make("veo-3.1-fast"))
    callback = callback_of(generation, b'{"data": {"remainedCredits": 3}}')
    callbacks.process(callback_id=callback.pk)
    assert BalanceReading.objects.get().reference == f"callback:{callback.pk}"


def test_readings_of_callbacks_are_forgotten_in_time_and_hourly_ones_stay() -> None:
    old = db.now() - timedelta(days=31)
    reading(1, old, source="callback")
    kept = {reading(2, old).pk, reading(3, db.now(), source="callback").pk}
    assert balance_days.prune() == 1
    assert set(BalanceReading.objects.values_list("pk", flat=True)) == kept


# --- when ---------------------------------------------------------------------------------------------------------
def aged(name: str, by: timedelta) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE generations_chore SET begun_at = begun_at - make_interval(secs => %s) WHERE name = %s",
            [by.total_seconds(), name],
        )


@pytest.mark.django_db(transaction=True)
def test_each_provider_is_asked_once_an_hour_and_again_when_it_said_nothing() -> None:
    balance_chores.ring()
    assert Chore.objects.filter(name__startswith="balance_").count() >= 2
    before = queue.length()
    balance_chores.ring()
    assert queue.length() == before
    aged("balance_kie", timedelta(minutes=11))
    aged("balance_fal", timedelta(minutes=11))
    reading(5, db.now(), provider="fal")  # fal said it
    balance_chores.ring()
    assert queue.length() == before + 1


@pytest.mark.django_db(transaction=True)
def test_a_day_is_compared_once_by_whoever_asks_first(monkeypatch: pytest.MonkeyPatch) -> None:
    early = midnight() + timedelta(minutes=9)
    monkeypatch.setattr(db, "now", lambda: early)
    assert balance_chores._day_due() is None
    late = midnight() + timedelta(hours=23)
    monkeypatch.setattr(db, "now", lambda: late)
    assert balance_chores._day_due() == midnight(1).date()
    Chore.objects.filter(name="balance_day").update(begun_at=late)  # it is the database's own clock that wrote it
    assert balance_chores._day_due() is None
    aged("balance_day", timedelta(days=1))
    assert balance_chores._day_due() == midnight(1).date()


def test_the_command_compares_yesterday_and_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    reading(1_000_000, midnight(1))
    reading(900_000, midnight())
    call_command("reconcile")
    call_command("reconcile")
    said = capsys.readouterr().out
    assert f"kie: {midnight(1):%Y-%m-%d} has a gap of 0.1, known charges 0" in said
    assert "fal: no day has been compared" in said
