"""The figures that alerts hang on: one function a kind, each a bounded number of queries over what is recent or open.

Each returns what there is to say of its subjects, calm ones too where that costs nothing; the rule judges.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Sum
from django.db.models.functions import Abs

from billing.models import Hold, LedgerAlarm
from generations import providers
from generations.models import AlertKind, AlertRule, Case, CaseKind
from generations.oversight import balances, books_runs, health, losses, refused
from generations.oversight.alert_changes import Reading
from generations.pricing import MILLION
from project import queue
from project.money import dollars

WEEK, DAY, HOUR = timedelta(days=7), timedelta(days=1), timedelta(hours=1)
GRACE = timedelta(minutes=5)  # of a hold past its deadline: the sweep that ends it comes each minute
UNREAD = 6 * HOUR  # after which a balance that is asked for each hour is not known any more

Measure = Callable[[AlertRule, datetime], list[Reading]]


def loss(rule: AlertRule, moment: datetime) -> list[Reading]:
    """By variant: what stayed of the revenue of the last 7 days, today among them, in parts per million; all of it
    lost where nothing was earned."""
    today = moment.astimezone(UTC).date()
    nearest = max(rule.on_at, rule.off_at) + 1
    found = []
    for row in losses.sold_at_a_loss(today - WEEK + DAY, today, nearest):
        margin = -MILLION if row.margin_ppm is None else row.margin_ppm
        earned, cost = dollars(row.revenue), dollars(row.cost)
        text = f"{row.count:,} sold for {earned} cost {cost} in the last 7 days."
        found.append(Reading(row.name, margin, text, enough=row.count >= max(1, rule.at_least)))
    return found


def gap() -> list[Reading]:
    """By provider: the sizes of the open balance gaps added up, in micro-dollars."""
    rows = (
        Case.objects.filter(kind=CaseKind.BALANCE_GAP, closed_at=None)
        .values("provider")
        .annotate(size=Sum(Abs("amount")), count=Count("id"))
        .order_by("provider")
    )
    return [
        Reading(row["provider"], row["size"], f"{_cases(row['count'])} of days whose balance does not add up.")
        for row in rows
    ]


def balance_low(rule: AlertRule, moment: datetime) -> list[Reading]:
    """By provider: whole days that its balance lasts at the present rate; 0 when it is used up. Nothing where no
    balance was ever told, or where nothing is spent. One that could not be read for hours is a subject of its own."""
    found = []
    for name in sorted(providers.PROVIDERS):
        runway = balances.days_left(name)
        if runway is None:
            continue
        left = 0 if runway.left <= 0 else runway.days
        if left is not None:
            days = "1 more day" if left == 1 else f"{left:,} more days"
            found.append(Reading(name, left, f"The balance at {name} lasts for {days} at the rate of the last 7."))
        if runway.days is not None and min(moment - runway.taken_at, _watched(rule, moment)) > UNREAD:
            since = f"{runway.taken_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
            text = f"The balance at {name} could not be read since {since}: how long it lasts is not known."
            found.append(Reading(f"{name}, not read", 0, text))
    return found


def error_rate(rule: AlertRule, moment: datetime) -> list[Reading]:
    """By provider: what failed of what it could have delivered in the last hour."""
    found = []
    for row in health.rates_of_all(moment - HOUR):
        if row.error_ppm is not None:
            ended = row.succeeded + row.failed
            text = f"{row.failed:,} of {ended:,} generations failed at {row.provider} in the last hour."
            found.append(Reading(row.provider, row.error_ppm, text, enough=ended >= rule.at_least))
    return found


def unknown_rate(rule: AlertRule, moment: datetime) -> list[Reading]:
    """By provider: creates of the last 24 hours of which nobody knows whether they bought something."""
    found = []
    for row in health.rates_of_all(moment - DAY):
        if row.unknown_ppm is not None:
            text = f"{row.unknown:,} of {row.creates:,} creates at {row.provider} have an unknown outcome."
            found.append(Reading(row.provider, row.unknown_ppm, text, enough=row.creates >= rule.at_least))
    return found


def stuck_holds(moment: datetime) -> list[Reading]:
    """All teams together: holds that are open though their deadline is over by 5 minutes."""
    rows = Hold.objects.filter(state="open", expires_at__lt=moment - GRACE)
    found = rows.aggregate(count=Count("id"), amount=Sum("amount"), teams=Count("team", distinct=True))
    if not found["count"]:
        return []
    text = f"{found['count']:,} open past their deadline: {dollars(found['amount'])} of {found['teams']:,} team(s)."
    return [Reading("holds", found["count"], text)]


def heartbeat(rule: AlertRule, moment: datetime) -> list[Reading]:
    """By lane: seconds that its last beat is older than its limit; so with the checks of the books, which go by a lane
    and tell nothing when they do not come. Time in which nobody watched does not count: whoever
    starts the service after a pause is not told that it stood still."""
    watched = _watched(rule, moment).total_seconds()
    ages, found = queue.heartbeat_ages(), []
    for lane in queue.lanes():
        age = min(ages.get(lane.name, watched), watched)
        late = int(age - lane.stale_after)
        text = f"The queue {lane.name} gave no sign of life for {int(age):,} s; its limit is {int(lane.stale_after)} s."
        found.append(Reading(lane.name, max(0, late), text))
    for each in books_runs.watched(moment):
        age = min(watched if each.age is None else each.age, watched)
        text = f"No {each.name} has come to an end for {int(age):,} s; one is made {each.often}."
        found.append(Reading(each.name, max(0, int(age - each.limit)), text))
    return found


def ledger() -> list[Reading]:
    """Checks that the open alarm of the books names."""
    alarm = LedgerAlarm.objects.filter(cleared_at=None).first()
    if alarm is None:
        return []
    names = "; ".join(str(name) for name in alarm.broken)
    return [Reading("books", max(1, len(alarm.broken)), f"New generations are stopped. Does not hold: {names}.")]


def callbacks(moment: datetime) -> list[Reading]:
    """By provider: callbacks that were turned away in the last hour, each delivery of them."""
    words = "{:,} forged and {:,} altered callbacks were turned away in the last hour."
    return [
        Reading(provider, forged + altered, words.format(forged, altered))
        for provider, forged, altered in refused.last_hour(moment)
    ]


def lost_task() -> list[Reading]:
    """By provider: open cases of what it billed and no team was charged for."""
    rows = (
        Case.objects.filter(kind__in=[CaseKind.LOST_RESULT, CaseKind.THEIRS_ONLY], closed_at=None)
        .values("provider")
        .annotate(count=Count("id"), size=Sum("amount"))
        .order_by("provider")
    )
    return [
        Reading(row["provider"], row["count"], f"{_cases(row['count'])}, {dollars(abs(row['size']))} together.")
        for row in rows
    ]


def _watched(rule: AlertRule, moment: datetime) -> timedelta:
    """How long the kind has been looked at without a break."""
    return timedelta() if rule.measured_since is None else moment - rule.measured_since


def _cases(count: int) -> str:
    return "1 open case" if count == 1 else f"{count:,} open cases"


MEASURES: dict[str, Measure] = {
    AlertKind.LOSS: loss,
    AlertKind.GAP: lambda _rule, _moment: gap(),
    AlertKind.BALANCE_LOW: balance_low,
    AlertKind.ERROR_RATE: error_rate,
    AlertKind.UNKNOWN_RATE: unknown_rate,
    AlertKind.STUCK_HOLDS: lambda _rule, moment: stuck_holds(moment),
    AlertKind.HEARTBEAT: heartbeat,
    AlertKind.LEDGER: lambda _rule, _moment: ledger(),
    AlertKind.CALLBACKS: lambda _rule, moment: callbacks(moment),
    AlertKind.LOST_TASK: lambda _rule, _moment: lost_task(),
}
