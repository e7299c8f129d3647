"""An alert goes on, stays, calms down and goes off. The caller holds the transaction and the lock of the kind's rule,
so that two watchers take turns; the unique open row is the last word on "once"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from generations.models import Alert, AlertRule
from generations.oversight import alert_notices
from generations.oversight.alert_specs import SPECS, Spec
from project import db

LONGEST_TEXT = 300
MOST_ON = 50  # alerts of one kind; of more subjects the worst are opened, and the others when there is room


@dataclass(frozen=True)
class Reading:
    """What was measured of one subject: a provider, a variant, a lane. `text` is a sentence without anybody's data;
    `enough`: there were as many cases as the rule asks for, so that the figure means something."""

    subject: str
    value: int
    text: str
    enough: bool = True


@dataclass(frozen=True)
class Changes:
    """How many alerts a round opened and closed."""

    opened: int = 0
    closed: int = 0


def apply(rule: AlertRule, readings: Sequence[Reading], *, moment: datetime, unbroken: bool) -> Changes:
    """What a round of measuring means for the alerts of a kind. A subject that is not among the readings is calm, so
    they leave out none that is wrong. `unbroken`: the round before was not long ago; after a gap the time of calm
    begins anew."""
    spec, found = SPECS[rule.kind], {reading.subject[:200]: reading for reading in readings}
    closed, still_on = [], 0
    for alert in _open_ones(rule.kind):
        if _still_on(spec, rule, alert, found.pop(alert.subject, None), moment, unbroken=unbroken):
            alert.save(update_fields=["value", "worst", "text", "seen_at", "calm_since"])
            still_on += 1
        else:
            _close(alert, moment)
            closed.append(alert)
    wrong = [(subject, row) for subject, row in found.items() if row.enough and spec.beyond(row.value, rule)]
    wrong.sort(key=lambda pair: pair[1].value, reverse=not spec.below)
    opened = []
    for subject, reading in wrong[: max(0, MOST_ON - still_on)]:
        alert, made = _open(rule.kind, subject, reading)
        if made:
            opened.append(alert)
    alert_notices.tell(opened, what="on", rule=rule)
    alert_notices.tell(closed, what="off", rule=rule)
    return Changes(len(opened), len(closed))


def end_all_of(kind: str) -> int:
    """Ends what is on of a kind whose rule was turned off. Returns how many."""
    rule, moment = AlertRule.objects.get(kind=kind), db.now()
    alerts = list(_open_ones(kind))
    for alert in alerts:
        _close(alert, moment)
    alert_notices.tell(alerts, what="off", rule=rule)
    return len(alerts)


def _open_ones(kind: str) -> QuerySet[Alert]:
    return Alert.objects.select_for_update(no_key=True).filter(kind=kind, closed_at=None).order_by("id")


def _open(kind: str, subject: str, reading: Reading) -> tuple[Alert, bool]:
    moment = db.now()
    fresh = {
        "value": reading.value,
        "worst": reading.value,
        "text": reading.text[:LONGEST_TEXT],
        "opened_at": moment,
        "seen_at": moment,
    }
    return Alert.objects.get_or_create(kind=kind, subject=subject, closed_at=None, defaults=fresh)


def _still_on(
    spec: Spec, rule: AlertRule, alert: Alert, reading: Reading | None, moment: datetime, *, unbroken: bool
) -> bool:
    """Moves an open alert along, without saving it; False when it has been calm for long enough."""
    if reading is not None and not spec.calm(reading.value, rule):
        alert.value, alert.text, alert.seen_at, alert.calm_since = (
            reading.value,
            reading.text[:LONGEST_TEXT],
            moment,
            None,
        )
        alert.worst = spec.worse(alert.worst, reading.value)
        return True
    if alert.calm_since is None or not unbroken:
        alert.calm_since = moment
    return moment - alert.calm_since < timedelta(seconds=rule.calm_seconds)


def _close(alert: Alert, moment: datetime) -> None:
    alert.calm_since = alert.calm_since or moment
    alert.closed_at = max(moment, alert.opened_at)
    alert.save(update_fields=["calm_since", "closed_at"])
