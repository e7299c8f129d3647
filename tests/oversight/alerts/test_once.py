"""An alert is one alert: over many rounds, around its threshold, and for two watchers at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db.models import F

from accounts import audit
from accounts.models import User
from billing import reconcile
from billing.models import Hold
from generations.models import Alert, AlertKind, AlertNotice, AlertRule, Generation
from generations.oversight import alert_rules, alert_watch
from generations.oversight.alert_changes import Reading, apply
from project import db, queue
from project.alert_settings import Alerts
from tests.concurrency.racing import race, split
from tests.invariants.steps import accept
from tests.oversight.alerts.conftest import after, mended, only_open, rule, stuck, watch
from tests.oversight.conftest import staff_of
from tests.world import World

Make = Callable[..., Generation]


@pytest.fixture
def reader(settings: Any) -> None:
    settings.ALERTS = Alerts(("ops@example.com",), "", "")


def beats() -> None:
    """All lanes live, and the books are checked."""
    for lane in queue.lanes():
        queue.touch(lane.name, always=True)
    reconcile.watch(())


def test_it_stays_one_over_many_rounds_and_is_told_once(make: Make, reader: None) -> None:
    stuck(make)
    watch()
    first = only_open(AlertKind.STUCK_HOLDS)
    for _ in range(5):
        after(minutes=1)
        beats()
        watch()
    again = only_open(AlertKind.STUCK_HOLDS)
    assert again.pk == first.pk
    assert again.seen_at - again.opened_at >= timedelta(minutes=5)
    assert AlertNotice.objects.count() == len(mail.outbox) == 1


def test_the_worst_is_kept(make: Make) -> None:
    rows = [stuck(make) for _ in range(3)]
    watch()
    mended(rows[0])
    mended(rows[1])
    watch()
    alert = only_open(AlertKind.STUCK_HOLDS)
    assert (alert.value, alert.worst) == (1, 3)


def test_it_goes_off_only_after_a_calm_without_a_break(make: Make, reader: None) -> None:
    beats()
    row = stuck(make)
    watch()
    mended(row)
    watch()
    after(minutes=4)
    watch()
    assert only_open(AlertKind.STUCK_HOLDS).calm_since is not None, "5 minutes are asked for"
    row = stuck(make)
    watch()
    assert only_open(AlertKind.STUCK_HOLDS).calm_since is None
    mended(row)
    watch()
    after(minutes=4)
    watch()
    only_open(AlertKind.STUCK_HOLDS)
    after(minutes=2)
    watch()
    alert = Alert.objects.get()
    assert alert.closed_at is not None
    assert alert.calm_since is not None
    assert alert.closed_at - alert.calm_since >= timedelta(minutes=6)
    assert [row.what for row in AlertNotice.objects.order_by("id")] == ["on", "off"]
    assert len(mail.outbox) == 2


def test_a_time_in_which_nobody_looked_is_not_calm(make: Make) -> None:
    beats()
    row = stuck(make)
    watch()
    mended(row)
    watch()
    after(hours=1)
    AlertRule.objects.update(measured_at=F("measured_at") - timedelta(hours=1))
    beats()
    watch()
    assert only_open(AlertKind.STUCK_HOLDS).calm_since is not None
    after(minutes=6)
    watch()
    assert Alert.objects.get().closed_at is not None


def figures(*values: int) -> list[tuple[int, bool]]:
    """A rate that is on above 50 % and off at 20 %, a round each: how many alerts there are, and whether one is on."""
    found = []
    for value in values:
        found.append((Alert.objects.count(), Alert.objects.filter(closed_at=None).exists()))
        row = AlertRule.objects.get(kind=AlertKind.ERROR_RATE)
        db.in_transaction(
            lambda value=value, row=row: apply(  # type: ignore[misc]
                row, [Reading("kie", value, "so many")], moment=db.now(), unbroken=True
            )
        )
    return [*found[1:], (Alert.objects.count(), Alert.objects.filter(closed_at=None).exists())]


def test_swinging_around_the_threshold_opens_nothing_new() -> None:
    rule(AlertKind.ERROR_RATE, on_at=500_000, off_at=200_000, calm_seconds=0)
    assert figures(500_000, 500_001, 400_000, 600_000, 200_001, 700_000) == [(0, False), *[(1, True)] * 5]
    assert figures(200_000, 400_000, 500_000, 500_001) == [(1, False), (1, False), (1, False), (2, True)]


def test_of_very_many_the_worst_go_on_and_none_that_is_on_counts_as_calm() -> None:
    rule(AlertKind.LOSS, on_at=0, off_at=0, calm_seconds=0)
    row = AlertRule.objects.get(kind=AlertKind.LOSS)

    def measured(values: dict[str, int]) -> set[str]:
        found = [Reading(subject, value, "so much") for subject, value in values.items()]
        db.in_transaction(lambda: apply(row, found, moment=db.now(), unbroken=True))
        return set(Alert.objects.filter(closed_at=None).values_list("subject", flat=True))

    values = {f"variant {number:02}": -1_000 - number for number in range(60)}
    worst = {f"variant {number:02}" for number in range(10, 60)}
    assert measured(values) == worst
    values |= {f"newcomer {number:02}": -500_000 for number in range(60)}  # they are worse than what is on
    assert measured(values) == worst, "what is on stays on, and nobody is told that it is right again"
    values |= {"variant 59": 5, "variant 58": 5}
    on = measured(values)
    assert len(on) == 50
    assert len([name for name in on if name.startswith("newcomer")]) == 2


def test_a_rule_below_works_the_other_way_round() -> None:
    rule(AlertKind.BALANCE_LOW, on_at=7, off_at=10, calm_seconds=0)
    row = AlertRule.objects.get(kind=AlertKind.BALANCE_LOW)
    seen = []
    for days in (7, 6, 9, 3, 10, 9, 7, 6):
        db.in_transaction(
            lambda days=days: apply(  # type: ignore[misc]
                row, [Reading("kie", days, "so many")], moment=db.now(), unbroken=True
            )
        )
        seen.append((Alert.objects.count(), Alert.objects.filter(closed_at=None).exists()))
    assert seen == [(0, False), (1, True), (1, True), (1, True), (1, False), (1, False), (1, False), (2, True)]
    assert Alert.objects.earliest("id").worst == 3


@pytest.mark.django_db(transaction=True)
def test_two_watchers_at_once_open_and_close_once(committed_world: World, settings: Any) -> None:
    settings.ALERTS = Alerts(("ops@example.com",), "", "")
    beats()
    row = accept(committed_world.actor(), "flux-kontext-pro", {"prompt": "mine"})
    Hold.objects.filter(pk=row.hold_id).update(expires_at=db.now() - timedelta(minutes=6))
    counts, raised = split(race([alert_watch.watch] * 4))
    assert raised == []
    assert sum(found["alerts_opened"] for found in counts) == 1
    assert [found["alerts_unmeasured"] for found in counts] == [0] * 4
    assert AlertRule.objects.count() == len(AlertKind)
    rule(AlertKind.STUCK_HOLDS, calm_seconds=0)
    mended(row)
    counts, raised = split(race([alert_watch.watch] * 4))
    assert raised == []
    assert sum(found["alerts_closed"] for found in counts) == 1
    assert sorted(AlertNotice.objects.values_list("what", "channel")) == [("off", "email"), ("on", "email")]
    assert len(mail.outbox) == 2


def test_the_clock_watches_and_rings(settings: Any) -> None:
    assert f"{alert_watch.__name__}.watch" in settings.CLOCK["sweep"]
    assert "generations.oversight.alert_delivery.ring_due" in settings.CLOCK["ring"]


def test_turning_a_rule_off_ends_its_alerts_and_tells(make: Make, reader: None) -> None:
    stuck(make)
    watch()
    by: User = staff_of("rita")
    setting = alert_rules.setting_of(alert_rules.get(AlertKind.STUCK_HOLDS))
    off = alert_rules.Setting(False, setting.on_at, setting.off_at, setting.at_least, setting.calm_seconds)
    assert alert_rules.set_rule(by=audit.Staff(by), kind=AlertKind.STUCK_HOLDS, setting=off)
    assert not alert_rules.set_rule(by=audit.Staff(by), kind=AlertKind.STUCK_HOLDS, setting=off)
    assert Alert.objects.get().closed_at is not None
    watch()
    assert Alert.objects.count() == 1
    assert [row.what for row in AlertNotice.objects.order_by("id")] == ["on", "off"]
