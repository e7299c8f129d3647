"""The tables of the desk of alerts as lines of a file. Values stand in the unit of their kind (parts per million,
micro-dollars, days, seconds, a count), and beside as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from generations.models import AlertNotice
from generations.oversight.alert_queries import Line, RuleLine
from generations.oversight.alert_specs import SPECS
from project.csv_safe import Value
from project.times import stamp

ALERTS = (
    *("alert", "kind", "what", "subject", "since", "until", "unit", "value", "worst", "value_shown", "worst_shown"),
    *("threshold_today", "text", "told", "acknowledged_at", "acknowledged_by", "acknowledgement"),
)
NOTICES = ("notice", "alert", "kind", "subject", "what", "channel", "status", "tries", "error", "told", "made", "sent")
RULES = (
    *("kind", "what", "watched", "unit", "on_at", "off_at", "on_shown", "off_shown", "at_least", "calm_seconds"),
    *("changed_by", "changed_at", "measured_at", "could_not_be_measured_since", "alerts_on"),
)


def alert_rows(lines: Iterable[Line]) -> Iterator[Sequence[Value]]:
    for line in lines:
        alert = line.alert
        told = ", ".join(f"{row.what} by {row.channel}: {row.status}" for row in line.notices)
        yield (
            *(alert.pk, alert.kind, line.title, alert.subject, _at(alert.opened_at), _at(alert.closed_at)),
            *(SPECS[alert.kind].unit, alert.value, alert.worst, line.value, line.worst),
            *(line.threshold, alert.text, told),
            *(_at(alert.acknowledged_at), alert.acknowledged_by, alert.acknowledgement),
        )


def notice_rows(rows: Iterable[AlertNotice]) -> Iterator[Sequence[Value]]:
    for row in rows:
        kind, subject = (row.alert.kind, row.alert.subject) if row.alert else ("", "")
        yield (
            *(row.public_id, row.alert_id, kind, subject, row.what, row.channel, row.status, row.tries, row.error),
            *(", ".join(row.told), _at(row.made_at), _at(row.sent_at)),
        )


def rule_rows(lines: Iterable[RuleLine]) -> Iterator[Sequence[Value]]:
    for line in lines:
        rule = line.rule
        yield (
            *(rule.kind, line.title, "yes" if rule.enabled else "no", line.spec.unit, rule.on_at, rule.off_at),
            *(line.on, line.off, rule.at_least if line.spec.cases else None, rule.calm_seconds),
            *(rule.changed_by, _at(rule.changed_at), _at(rule.measured_at), _at(rule.failing_since), line.open_count),
        )


def _at(moment: datetime | None) -> str | None:
    return stamp(moment) if moment else None
