"""What the desk of alerts shows: what is on, what was, who was told, the rules and how they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, F, Max, Prefetch, Q, QuerySet

from generations.models import Alert, AlertKind, AlertNotice, AlertRule
from generations.oversight import alert_notices, alert_rules
from generations.oversight.alert_specs import SPECS, Spec
from project import db
from project.errors import NotFound
from project.paging import Page, Window, every, page_of_rows, read_key

MOST_OPEN = 200  # alerts that the page lists; it says when there are more
TROUBLE = timedelta(days=30)  # that a notice which was given up is warned of


@dataclass(frozen=True)
class Line:
    """An alert in words. `threshold` is the rule's of today; `act` where one acts."""

    alert: Alert
    title: str
    value: str
    worst: str
    threshold: str
    act: str
    notices: list[AlertNotice]

    @property
    def lasted_seconds(self) -> int:
        """How long it was on; 0 while it is."""
        closed = self.alert.closed_at
        return int((closed - self.alert.opened_at).total_seconds()) if closed else 0


@dataclass(frozen=True)
class RuleLine:
    """A rule in words, and how many of its alerts are on."""

    rule: AlertRule
    spec: Spec
    title: str
    on: str
    off: str
    calm_seconds: int
    open_count: int


@dataclass(frozen=True)
class Channels:
    """Who would be told now. `webhook` is the host of the webhook, "" where none is set."""

    emails: list[str]
    webhook: str


def open_alerts() -> list[Line]:
    """What is on, MOST_OPEN of them: first what nobody has acknowledged, the newest first."""
    found = _rows().filter(closed_at=None)
    return _lines(found.order_by(F("acknowledged_at").desc(nulls_first=True), "-opened_at", "-id")[:MOST_OPEN])


def open_counts() -> tuple[int, int]:
    """How many are on, and how many of them nobody has acknowledged."""
    nobodys = Count("id", filter=Q(acknowledged_at=None))
    found = Alert.objects.filter(closed_at=None).aggregate(on=Count("id"), nobodys=nobodys)
    return found["on"], found["nobodys"]


def one(number: int) -> Line:
    """An alert that is on or over. Raises NotFound."""
    found = _lines(_rows().filter(pk=number))
    if not found:
        raise NotFound("There is no such alert.")
    return found[0]


def history(window: Window, *, kind: str = "") -> Page[Line]:
    """A page of alerts that are over, the last one first; of one kind, or of all. Raises Invalid for a foreign place,
    NotFound for what is no kind."""
    if kind and kind not in SPECS:
        raise NotFound("There is no such kind of alert.")
    rows = _rows().filter(closed_at__isnull=False, **({"kind": kind} if kind else {}))
    values = read_key(window, datetime.fromisoformat, int)
    page = page_of_rows(rows, window, fields=("closed_at", "id"), values=values, newest_first=True, key_of=_key)
    return Page(_lines(page.rows), page.older, page.newer)


def notices(window: Window) -> Page[AlertNotice]:
    """A page of who was told what, the newest first."""
    rows = AlertNotice.objects.select_related("alert")
    values = read_key(window, int)
    return page_of_rows(
        rows, window, fields=("id",), values=values, newest_first=True, key_of=lambda row: (str(row.pk),)
    )


def troubled_notices() -> int:
    """How many of the notices of the last 30 days were given up, and how many wait for another try."""
    given_up = Q(status="failed", made_at__gt=db.now() - TROUBLE)
    return AlertNotice.objects.filter(given_up | Q(status="waiting", tries__gt=0)).count()


def rules() -> list[RuleLine]:
    """All rules, in the order of the kinds."""
    counts = dict(Alert.objects.filter(closed_at=None).values("kind").annotate(n=Count("id")).values_list("kind", "n"))
    return [rule_line(rule, counts.get(rule.kind, 0)) for rule in alert_rules.ensure()]


def rule_line(rule: AlertRule, open_count: int = 0) -> RuleLine:
    spec = SPECS[rule.kind]
    title = AlertKind(rule.kind).label
    on, off = spec.threshold(rule.on_at), spec.shown(rule.off_at)
    return RuleLine(rule, spec, title, on, off, rule.calm_seconds, open_count)


def last_watch() -> datetime | None:
    """When anything was measured last; None before the first round."""
    found: datetime | None = AlertRule.objects.filter(enabled=True).aggregate(last=Max("measured_at"))["last"]
    return found


def channels() -> Channels:
    return Channels(alert_notices.recipients(), settings.ALERTS.webhook_host)


def every_alert() -> Iterator[list[Line]]:
    """All alerts, open ones first, then the last one that ended first; a batch at a time."""
    yield _lines(_rows().filter(closed_at=None).order_by("-id"))
    yield from every(history)


def every_notice() -> Iterator[list[AlertNotice]]:
    """All notices, the newest first; a batch at a time."""
    yield from every(notices)


def _rows() -> QuerySet[Alert]:
    return Alert.objects.prefetch_related(Prefetch("notices", AlertNotice.objects.order_by("id")))


def _lines(alerts: Iterable[Alert]) -> list[Line]:
    rules_now = {rule.kind: rule for rule in AlertRule.objects.all()}
    return [_line(alert, rules_now.get(alert.kind)) for alert in alerts]


def _line(alert: Alert, rule: AlertRule | None) -> Line:
    spec = SPECS[alert.kind]
    return Line(
        alert=alert,
        title=AlertKind(alert.kind).label,
        value=spec.shown(alert.value),
        worst=spec.shown(alert.worst),
        threshold=spec.threshold(spec.on_at if rule is None else rule.on_at),
        act=spec.act,
        notices=list(alert.notices.all()),
    )


def _key(alert: Alert) -> tuple[str, ...]:
    assert alert.closed_at is not None
    return (alert.closed_at.isoformat(), str(alert.pk))
