"""Looks each minute whether something is wrong, in the clock's thread: apart from the clusters whose standstill is one
of the things it looks for. Who tells when the clock, the machine or the database is gone: an outside monitor that asks
/health/queue, which answers 503 then or not at all."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import connection
from django.db.models.functions import Coalesce, Now

from generations.models import AlertRule
from generations.oversight import alert_changes, alert_measures, alert_rules
from project import db

log = logging.getLogger(__name__)

UNBROKEN = timedelta(minutes=5)  # between two rounds; after more, nobody knows what was in between
LONGEST_QUERY_MS = 20_000


def watch() -> dict[str, int]:
    """One round: measures every kind whose rule is on and moves its alerts. Safe beside itself. Returns counts.

    A kind that cannot be measured is logged and said on the desk; its alerts stay as they are, and the others go on."""
    opened = closed = failed = 0
    for rule in alert_rules.ensure():
        if not rule.enabled:
            continue
        try:
            changes = _round(rule)
        except Exception as error:
            log.exception("alerts: %s could not be measured", rule.kind)
            _note_failure(rule.kind, type(error).__name__)
            failed += 1
        else:
            opened, closed = opened + changes.opened, closed + changes.closed
    return {"alerts_opened": opened, "alerts_closed": closed, "alerts_unmeasured": failed}


def _round(rule: AlertRule) -> alert_changes.Changes:
    readings = db.in_transaction(lambda: _measure(rule))
    return db.in_transaction(lambda: _apply(rule.kind, readings))


def _measure(rule: AlertRule) -> list[alert_changes.Reading]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(LONGEST_QUERY_MS)])
    return alert_measures.MEASURES[rule.kind](rule, db.now())


def _apply(kind: str, readings: list[alert_changes.Reading]) -> alert_changes.Changes:
    rule = AlertRule.objects.select_for_update(no_key=True).get(kind=kind)
    if not rule.enabled:
        return alert_changes.Changes()  # turned off meanwhile
    moment = db.now()
    unbroken = _unbroken(rule, moment)
    changes = alert_changes.apply(rule, readings, moment=moment, unbroken=unbroken)
    since = rule.measured_since if unbroken else moment
    AlertRule.objects.filter(pk=kind).update(measured_since=since, measured_at=moment, failing_since=None, failure="")
    return changes


def _unbroken(rule: AlertRule, moment: datetime) -> bool:
    return rule.measured_at is not None and moment - rule.measured_at <= UNBROKEN


def _note_failure(kind: str, name: str) -> None:
    AlertRule.objects.filter(pk=kind).update(failing_since=Coalesce("failing_since", Now()), failure=name[:80])
