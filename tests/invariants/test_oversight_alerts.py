"""What the database keeps of alerts: one open a kind and subject, one notice a channel, no state without its parts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from generations.models import Alert, AlertNotice, AlertRule
from project import db

ALERT = {"kind": "gap", "subject": "kie", "value": 1, "worst": 1, "text": "1 open case"}
SENT = {"what": "on", "channel": "email", "status": "sent", "next_action_at": None}
HOOK = {"what": "on", "channel": "webhook", "payload": {"type": "alert.on"}}


@pytest.fixture
def alert(db: None) -> Alert:
    return Alert.objects.create(**ALERT)


def refused(model: Any, rule: str, **fields: Any) -> None:
    count = model.objects.count()
    with pytest.raises(DatabaseError, match=rule), transaction.atomic():
        model.objects.create(**fields)
    assert model.objects.count() == count


def test_one_open_alert_a_kind_and_subject(alert: Alert) -> None:
    refused(Alert, "alert_one_open", **ALERT)
    Alert.objects.create(**{**ALERT, "subject": "fal"})
    Alert.objects.filter(pk=alert.pk).update(closed_at=db.now())
    again = Alert.objects.create(**ALERT)
    with pytest.raises(DatabaseError, match="alert_one_open"), transaction.atomic():
        Alert.objects.filter(pk=alert.pk).update(closed_at=None)
    assert Alert.objects.filter(closed_at=None, subject="kie").get() == again


def test_alerts_that_cannot_be(alert: Alert) -> None:
    refused(Alert, "alert_kind_known", **{**ALERT, "kind": "weather"})
    with pytest.raises(DatabaseError, match="alert_ends_after_its_begin"), transaction.atomic():
        Alert.objects.filter(pk=alert.pk).update(closed_at=alert.opened_at - timedelta(seconds=1))
    whole: dict[str, Any] = {"acknowledged_at": db.now(), "acknowledged_by": "staff:1", "acknowledgement": "Seen."}
    for name, nothing in (("acknowledged_at", None), ("acknowledged_by", ""), ("acknowledgement", "")):
        for fields in ({**whole, name: nothing}, {name: whole[name]}):
            with (
                pytest.raises(DatabaseError, match="alert_acknowledged_by_somebody_with_words"),
                transaction.atomic(),
            ):
                Alert.objects.filter(pk=alert.pk).update(**fields)
    Alert.objects.filter(pk=alert.pk).update(**whole)


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("alert_notice_what_known", {**HOOK, "what": "maybe"}),
        ("alert_notice_channel_known", {**HOOK, "channel": "pigeon"}),
        ("alert_notice_status_known", {**HOOK, "status": "lost", "next_action_at": None}),
        ("alert_notice_of_an_alert", {**SENT, "what": "test"}),
        ("alert_notice_has_next_action", {**HOOK, "next_action_at": None}),
        ("alert_notice_has_next_action", {**HOOK, "status": "failed", "next_action_at": "now"}),
        ("alert_notice_sent_at_a_time", SENT),
        ("alert_notice_sent_at_a_time", {**HOOK, "sent_at": "now"}),
        ("alert_notice_webhook_has_payload", {**HOOK, "payload": None}),
        ("alert_notice_webhook_has_payload", {**SENT, "sent_at": "now", "payload": {"type": "alert.on"}}),
    ],
)
def test_notices_that_cannot_be(alert: Alert, rule: str, fields: dict[str, Any]) -> None:
    moment = db.now()
    values = {name: moment if value == "now" else value for name, value in fields.items()}
    refused(AlertNotice, rule, alert=alert, **values)


def test_a_notice_of_no_alert_is_a_test(db: None) -> None:
    refused(AlertNotice, "alert_notice_of_an_alert", **HOOK)
    for _ in range(2):
        AlertNotice.objects.create(**{**HOOK, "what": "test"})


def test_a_channel_is_told_once_of_an_alert(alert: Alert) -> None:
    AlertNotice.objects.create(alert=alert, **HOOK)
    refused(AlertNotice, "alert_notice_once", alert=alert, **HOOK)
    AlertNotice.objects.create(alert=alert, **{**HOOK, "what": "off"})


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("alert_rule_kind_known", {"kind": "weather"}),
        ("alert_rule_failure_is_named", {"kind": "gap", "failure": "OperationalError"}),
        ("alert_rule_failure_is_named", {"kind": "gap", "failing_since": "now"}),
    ],
)
def test_rules_that_cannot_be(db: None, rule: str, fields: dict[str, Any]) -> None:
    refused(AlertRule, rule, on_at=0, off_at=0, **_filled(fields))


def _filled(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: db.now() if value == "now" else value for name, value in fields.items()}
