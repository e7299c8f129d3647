"""The watch without its clock: rounds by hand, and time that passes by moving what was written into the past."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db.models import F

from billing.models import Hold
from generations.models import Alert, AlertKind, AlertRule, Generation
from generations.oversight import alert_rules, alert_watch
from project import db
from project.alert_settings import Alerts
from tests.accounts.webhooks.conftest import receiver as receiver
from tests.accounts.webhooks.receiver import Receiver

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture(autouse=True)
def _quiet_channels(settings: Any, db: None) -> None:
    """What the machine's environment says of channels is not these tests' business."""
    cache.clear()
    settings.ALERTS = Alerts((), "", "")


@pytest.fixture
def hooked(settings: Any, receiver: Receiver) -> Receiver:
    """A webhook is told, over real HTTP."""
    settings.ALERTS = Alerts((), receiver.url("/alerts"), SECRET)
    return receiver


def stuck(make: Callable[..., Generation]) -> Generation:
    """A generation whose hold is 6 minutes past its deadline: one alert."""
    row = make()
    Hold.objects.filter(pk=row.hold_id).update(expires_at=db.now() - timedelta(minutes=6))
    return row


def mended(row: Generation) -> None:
    """What `stuck` made has time again."""
    Hold.objects.filter(pk=row.hold_id).update(expires_at=db.now() + timedelta(hours=1))


def watch() -> dict[str, int]:
    """One round; whatever cannot be measured fails the test."""
    counts = alert_watch.watch()
    assert counts["alerts_unmeasured"] == 0, list(AlertRule.objects.exclude(failure="").values("kind", "failure"))
    return counts


def open_ones() -> list[tuple[str, str]]:
    return list(Alert.objects.filter(closed_at=None).order_by("kind", "subject").values_list("kind", "subject"))


def only_open(kind: AlertKind) -> Alert:
    """The one alert that is on, of this kind."""
    (alert,) = Alert.objects.filter(closed_at=None)
    assert alert.kind == kind
    return alert


def after(**span: float) -> None:
    """Time passes, with a watch each minute: what was written lies further back."""
    back = timedelta(**span)
    Alert.objects.update(opened_at=F("opened_at") - back, seen_at=F("seen_at") - back)
    Alert.objects.filter(calm_since__isnull=False).update(calm_since=F("calm_since") - back)
    AlertRule.objects.filter(measured_since__isnull=False).update(measured_since=F("measured_since") - back)


def rule(kind: AlertKind, **fields: Any) -> None:
    """Sets a rule behind the desk's back."""
    alert_rules.ensure()
    AlertRule.objects.filter(kind=kind).update(**fields)
