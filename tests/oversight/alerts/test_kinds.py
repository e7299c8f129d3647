"""Each kind of alert goes on by the rows that the thing itself leaves, says what is wrong, and goes off with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from billing import reconcile
from billing.models import Hold
from generations import callbacks, outcomes
from generations.models import (
    Alert,
    AlertKind,
    AlertRule,
    BalanceReading,
    Case,
    CaseKind,
    Generation,
    ProviderTopUp,
    Reason,
    RefusedCallback,
)
from generations.oversight import alert_watch, balances, cases, refused
from project import db, queue
from project.errors import NotFound, Unauthenticated, Unavailable
from project.models import Heartbeat
from tests.oversight.alerts.conftest import after, only_open, open_ones, rule, watch
from tests.pages.conftest import delivered, doubted, started
from tests.world import World

Make = Callable[..., Generation]
HAILUO = {"model": "hailuo-2.3-pro"}


@pytest.fixture(autouse=True)
def _a_calm_start(db: None) -> None:
    for lane in queue.lanes():
        queue.touch(lane.name, always=True)
    reconcile.watch(())
    watch()
    assert open_ones() == []


def failed(row: Generation, reason: Reason = Reason.PROVIDER_FAILED) -> Generation:
    return outcomes.fail(generation_id=started(row).pk, reason=reason)


def test_a_variant_that_loses_money(make: Make, world: World) -> None:
    row = delivered(make())
    Generation.objects.filter(pk=row.pk).update(actual_cost=row.charged + 5_000)
    watch()
    alert = only_open(AlertKind.LOSS)
    assert alert.subject == f"{row.model} {row.variant}"
    assert alert.value == -5_000 * 1_000_000 // row.charged
    assert "1 sold for" in alert.text
    Generation.objects.filter(pk=row.pk).update(actual_cost=row.charged)
    watch()
    after(hours=5)
    watch()
    assert only_open(AlertKind.LOSS).calm_since is not None
    after(hours=2)
    watch()
    assert open_ones() == []


def test_a_variant_that_sold_too_little_to_tell(make: Make) -> None:
    rule(AlertKind.LOSS, at_least=2)
    first = delivered(make())
    Generation.objects.filter(pk=first.pk).update(actual_cost=first.charged * 2)
    watch()
    assert open_ones() == []
    second = delivered(make())
    Generation.objects.filter(pk=second.pk).update(actual_cost=second.charged * 2)
    watch()
    assert only_open(AlertKind.LOSS).value == -1_000_000


def test_a_gap_between_the_books_and_a_balance() -> None:
    for day, amount in (("2026-11-01", 400_000), ("2026-11-02", -100_000)):
        db.in_transaction(
            lambda day=day, amount=amount: cases.open_case(  # type: ignore[misc]
                provider="kie", kind=CaseKind.BALANCE_GAP, subject=day, amount=amount
            )
        )
    watch()
    alert = only_open(AlertKind.GAP)
    assert (alert.subject, alert.value) == ("kie", 500_000)
    Case.objects.update(closed_at=db.now(), closed_by="root", resolution="A top-up that was not recorded")
    watch()
    assert open_ones() == []


@pytest.mark.parametrize("kind", [CaseKind.LOST_RESULT, CaseKind.THEIRS_ONLY])
def test_what_a_provider_billed_and_nobody_paid(kind: CaseKind) -> None:
    db.in_transaction(lambda: cases.open_case(provider="fal", kind=kind, subject="task-1", amount=225_000))
    watch()
    alert = only_open(AlertKind.LOST_TASK)
    assert (alert.subject, alert.value, alert.text) == ("fal", 1, "1 open case, $0.225 together.")


def test_a_balance_that_runs_out(make: Make) -> None:
    row = delivered(make())

    def told(amount: int) -> None:
        BalanceReading.objects.create(provider=row.provider, amount=amount, source="endpoint", taken_at=db.now())
        watch()

    told(row.expected_cost * 10)
    assert open_ones() == []
    told(row.expected_cost * 3 + 1)
    alert = only_open(AlertKind.BALANCE_LOW)
    assert (alert.subject, alert.value) == (row.provider, 3)
    told(row.expected_cost * 8 + 1)
    assert only_open(AlertKind.BALANCE_LOW).calm_since is None, "8 days are not yet 10"
    told(0)
    assert only_open(AlertKind.BALANCE_LOW).worst == 0
    told(row.expected_cost * 10)
    after(minutes=11)
    watch()
    assert open_ones() == []


def test_a_balance_that_cannot_be_read_any_more(make: Make) -> None:
    """An old reading is not today's balance: what was spent since is gone, and that nobody knows more is told."""
    first = delivered(make())
    provider, cost = first.provider, first.expected_cost
    ago = db.now() - timedelta(hours=7)
    BalanceReading.objects.create(provider=provider, amount=cost * 12, source="endpoint", taken_at=ago)
    watch()
    assert open_ones() == [], "11 days, and nobody has looked for long enough to say that no reading comes"
    delivered(make())
    runway = balances.days_left(provider)
    assert runway is not None
    assert (runway.balance, runway.left, runway.days) == (cost * 12, cost * 10, 5)
    watch()
    assert open_ones() == [("balance_low", provider)]
    ProviderTopUp.objects.create(provider=provider, amount=cost * 90, paid_at=db.now(), recorded_by="staff:1")
    after(hours=12)
    for lane in queue.lanes():
        queue.touch(lane.name, always=True)
    watch()
    after(minutes=11)
    watch()
    alert = only_open(AlertKind.BALANCE_LOW)
    assert alert.subject == f"{provider}, not read"
    assert "could not be read since" in alert.text
    BalanceReading.objects.create(provider=provider, amount=cost * 900, source="endpoint", taken_at=db.now())
    watch()
    after(minutes=11)
    watch()
    assert open_ones() == []


def test_an_old_balance_after_a_time_in_which_nobody_looked(make: Make) -> None:
    first = delivered(make())
    before = db.now() - timedelta(hours=30)
    BalanceReading.objects.create(provider=first.provider, amount=10**9, source="endpoint", taken_at=before)
    watch()
    assert open_ones() == [], "the service was off: the reading comes with its first minutes"


def test_a_provider_that_fails_too_often(make: Make) -> None:
    rule(AlertKind.ERROR_RATE, at_least=4, on_at=500_000, off_at=400_000)
    for _ in range(3):
        failed(make())
    failed(make(), Reason.CONTENT_REFUSED)
    watch()
    assert open_ones() == [], "three are too few to tell, and what the request was refused for is not the provider's"
    delivered(make())
    watch()
    alert = only_open(AlertKind.ERROR_RATE)
    assert (alert.subject, alert.value) == ("kie", 750_000)
    assert alert.text == "3 of 4 generations failed at kie in the last hour."
    for _ in range(3):
        delivered(make())
    watch()
    assert only_open(AlertKind.ERROR_RATE).calm_since is None, "43 % is neither wrong enough nor calm"
    delivered(make())
    watch()
    after(minutes=11)
    watch()
    assert open_ones() == []


def test_unknown_outcomes_above_half_a_percent(make: Make) -> None:
    rule(AlertKind.UNKNOWN_RATE, at_least=2)
    doubted(make())
    watch()
    assert open_ones() == []
    started(make())
    watch()
    alert = only_open(AlertKind.UNKNOWN_RATE)
    assert (alert.subject, alert.value) == ("kie", 500_000)


def test_half_a_percent_itself_is_not_above_it(make: Make) -> None:
    rule(AlertKind.UNKNOWN_RATE, at_least=2, on_at=500_000)
    doubted(make())
    started(make())
    watch()
    assert open_ones() == []


def test_credit_that_is_held_past_its_deadline(make: Make) -> None:
    row = make()
    Hold.objects.filter(pk=row.hold_id).update(expires_at=db.now() - timedelta(minutes=4))
    watch()
    assert open_ones() == []
    Hold.objects.filter(pk=row.hold_id).update(expires_at=db.now() - timedelta(minutes=6))
    watch()
    alert = only_open(AlertKind.STUCK_HOLDS)
    assert (alert.subject, alert.value) == ("holds", 1)
    assert alert.text.endswith("of 1 team(s).")
    outcomes.cancel(generation_id=row.pk, actor="test")
    watch()
    after(minutes=6)
    watch()
    assert open_ones() == []


def test_a_queue_that_stands_still(db: None) -> None:
    Heartbeat.objects.filter(lane="main").update(beat_at=F("beat_at") - timedelta(seconds=300))
    watch()
    assert open_ones() == [], "nobody watched meanwhile: the service may have been off"
    after(minutes=30)
    watch()
    alert = only_open(AlertKind.HEARTBEAT)
    assert alert.subject == "main"
    (limit,) = (lane.stale_after for lane in queue.lanes() if lane.name == "main")
    assert 300 <= alert.value + limit <= queue.heartbeat_ages()["main"], "however long the rounds took"
    queue.touch("main", always=True)
    watch()
    after(minutes=4)
    watch()
    assert open_ones() == []


def test_a_queue_that_never_gave_a_sign_of_life() -> None:
    Heartbeat.objects.all().delete()
    after(minutes=2)
    watch()
    assert open_ones() == [("heartbeat", "hooks"), ("heartbeat", "main")], "the store lane may take ten minutes"


def test_books_that_do_not_hold_stop_submissions_and_alert(make: Make) -> None:
    make()
    reconcile.watch((("all is well", "select 1"), ("all is paid", "select 1")))
    watch()
    alert = only_open(AlertKind.LEDGER)
    assert (alert.subject, alert.value) == ("books", 2)
    assert "all is well; all is paid" in alert.text
    with pytest.raises(Unavailable, match="stopped"):
        make()
    after(hours=3)
    watch()
    assert only_open(AlertKind.LEDGER).pk == alert.pk, "it stays until a person clears it"
    reconcile.clear(by="root")
    watch()
    assert open_ones() == []
    make()


def test_forged_and_altered_callbacks(make: Make) -> None:
    def send(token: str, body: bytes) -> None:
        with pytest.raises((NotFound, Unauthenticated)):
            callbacks.receive(provider="kie", token=token, headers={}, raw=body)

    rule(AlertKind.CALLBACKS, on_at=3, off_at=1)
    for number in range(3):
        send("0" * 32, b'{"taskId": "%d"}' % number)
    watch()
    assert open_ones() == []
    send("0" * 32, b'{"taskId": "0"}')
    watch()
    alert = only_open(AlertKind.CALLBACKS)
    assert (alert.subject, alert.value) == ("kie", 4)
    assert alert.text == "4 forged and 0 altered callbacks were turned away in the last hour."
    RefusedCallback.objects.update(last_at=db.now() - timedelta(hours=2))
    watch()
    assert only_open(AlertKind.CALLBACKS).calm_since is not None


def test_the_same_forged_callback_again_days_later(make: Make) -> None:
    """One body is one row: what counts is how often it came in this hour, however old the row."""

    def wave(count: int) -> None:
        for _ in range(count):
            with pytest.raises(NotFound):
                callbacks.receive(provider="kie", token="0" * 32, headers={}, raw=b"the same")

    def later(**span: float) -> None:
        back = timedelta(**span)
        RefusedCallback.objects.update(
            first_at=F("first_at") - back, last_at=F("last_at") - back, hour_at=F("hour_at") - back
        )

    def measured() -> int:
        return sum(forged for _, forged, _ in refused.last_hour(db.now()))

    rule(AlertKind.CALLBACKS, on_at=10, off_at=2, calm_seconds=0)
    wave(12)
    assert measured() == 12
    watch()
    assert only_open(AlertKind.CALLBACKS).value == 12
    later(minutes=50)
    wave(10)
    later(minutes=9)
    assert measured() == 22
    later(minutes=16)  # 75 minutes since the first, 25 since the last
    assert 11 <= measured() <= 22
    wave(1)
    assert 11 <= measured() <= 23, "a new hour has begun: most of the last one still counts"
    later(days=3)
    watch()
    assert (measured(), open_ones()) == (0, [])
    wave(11)
    watch()
    assert only_open(AlertKind.CALLBACKS).value == 11
    assert RefusedCallback.objects.get().deliveries == 34


def test_a_round_costs_the_same_whatever_there_is(make: Make, count_queries: Any) -> None:
    before = count_queries(watch)
    for _ in range(6):
        failed(make())
    assert count_queries(watch) == before
    assert before <= 130


def test_what_cannot_be_measured_is_said_and_stops_no_other(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database refuses the one query, as it would with a table that is locked or gone."""
    from django.db import connection

    row = make()
    Hold.objects.filter(pk=row.hold_id).update(expires_at=db.now() - timedelta(minutes=6))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE generations_balancereading RENAME TO generations_elsewhere")
    assert alert_watch.watch()["alerts_unmeasured"] == 1
    broken = AlertRule.objects.get(kind=AlertKind.BALANCE_LOW)
    assert broken.failure == "ProgrammingError"
    since = broken.failing_since
    assert since is not None
    only_open(AlertKind.STUCK_HOLDS)
    alert_watch.watch()
    assert AlertRule.objects.get(kind=AlertKind.BALANCE_LOW).failing_since == since
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE generations_elsewhere RENAME TO generations_balancereading")
    watch()
    assert AlertRule.objects.get(kind=AlertKind.BALANCE_LOW).failing_since is None


def test_a_rule_that_is_off_is_not_measured(make: Make) -> None:
    rule(AlertKind.STUCK_HOLDS, enabled=False)
    Hold.objects.filter(pk=make().hold_id).update(expires_at=db.now() - timedelta(minutes=6))
    watch()
    assert not Alert.objects.exists()
