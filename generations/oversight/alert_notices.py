"""Who is told that an alert went on or off: mails and a webhook, written in the transaction of the fact.

Mails go to active staff who receive alerts and have confirmed their address, and to ALERT_EMAILS: one mail to each of
them about all that changed at once, so that a bad price list is one mail and not sixty. A notice says nothing of keys,
prompts or customers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import Permission
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower

from accounts import audit, notify
from accounts.models import Action, User
from generations.models import Alert, AlertKind, AlertNotice, AlertRule
from generations.oversight.alert_specs import SPECS
from project import db, limits, queue
from project.alert_settings import Alerts
from project.errors import Conflict, RateLimited
from project.limit_settings import Policy
from project.times import stamp

JOB = "generations.tasks.tell_alert"
MAIL_JOB = "project.mail.deliver"
LANE = "hooks"  # the lane of calls to others' receivers
ACT = "receive_alerts"
MOST_IN_MAIL = 20  # alerts that one mail lists; it says how many more there are
TESTS = Policy("alert-test", quota=5, seconds=60)


def recipients() -> list[str]:
    """Who gets mails of alerts, in lower case and once each."""
    act = Permission.objects.filter(content_type__app_label="generations", codename=ACT)
    may = Q(is_superuser=True) | Q(user_permissions__in=act) | Q(groups__permissions__in=act)
    confirmed = EmailAddress.objects.annotate(low=Lower("email")).filter(
        user=OuterRef("pk"), verified=True, low=Lower(OuterRef("email"))
    )
    people = User.objects.filter(may, Exists(confirmed), is_active=True, is_staff=True)
    staff = people.order_by("email").values_list("email", flat=True).distinct()
    return list(dict.fromkeys([*(address.lower() for address in staff), *_settings().emails]))


def tell(alerts: Sequence[Alert], *, what: str, rule: AlertRule) -> None:
    """Writes the notices that these alerts of one kind went "on" or "off": one a channel and alert, ever. The caller
    holds the transaction."""
    if not alerts:
        return
    told = recipients()
    moment = db.now()
    for alert in alerts:
        _write_email(alert, what, told, moment)
        if _settings().webhook_url:
            _write_webhook(alert, what, _payload(alert, what, rule, moment))
    shown = alerts[:MOST_IN_MAIL]
    _mail(told, f"alert_{what}", {**_words(shown, rule, moment), "more": len(alerts) - len(shown)})


def send_test(*, by: audit.Staff) -> list[AlertNotice]:
    """Tells everybody who would be told of an alert that this is a test, by every channel that is set. Returns the
    notices. Raises Conflict `nobody_to_tell`, RateLimited above 5 a minute."""
    taken = limits.take(policy=TESTS, subject="staff")
    if not taken.allowed:
        headers = {"Retry-After": str(taken.retry_after_seconds)}
        raise RateLimited(f"The alerts may be tested {TESTS.quota} times a minute.", headers=headers)
    return db.in_transaction(lambda: _test(by))


def living_lane() -> str:
    """The lane that a notice goes by: that of webhooks, or another one while that gives no sign of life."""
    ages = queue.heartbeat_ages()
    alive = [lane.name for lane in queue.lanes() if ages.get(lane.name, lane.stale_after) < lane.stale_after]
    return LANE if LANE in alive or not alive else alive[0]


def link_of(kind: str) -> str:
    """The page where one acts on an alert of a kind."""
    return f"{settings.SITE_URL}{SPECS[kind].act}"


def _test(by: audit.Staff) -> list[AlertNotice]:
    told, moment = recipients(), db.now()
    if not told and not _settings().webhook_url:
        raise Conflict("Nobody would be told: no staff receive alerts and no channel is set.", code="nobody_to_tell")
    notices = []
    if told:
        notices.append(_write_email(None, "test", told, moment))
        _mail(told, "alert_test", {"link": f"{settings.SITE_URL}/admin/alerts", "who": by.user.email})
    if _settings().webhook_url:
        notices.append(_write_webhook(None, "test", _test_payload(moment)))
    audit.record(
        Action.ALERTS_TESTED, by=by, team=None, data={"emails": len(told), "webhook": _settings().webhook_host}
    )
    return notices


def _write_email(alert: Alert | None, what: str, told: list[str], moment: datetime) -> AlertNotice:
    """The mails lie in the outbox, which has its own tries: for this notice they are sent."""
    state: dict[str, Any] = {"status": "sent", "sent_at": moment, "tries": 1}
    if not told:
        state = {"status": "failed", "error": "No staff receive alerts, and ALERT_EMAILS is not set"}
    return AlertNotice.objects.create(
        alert=alert, what=what, channel="email", told=told, made_at=moment, next_action_at=None, **state
    )


def _write_webhook(alert: Alert | None, what: str, payload: dict[str, Any]) -> AlertNotice:
    moment = db.now()
    notice = AlertNotice.objects.create(
        alert=alert,
        what=what,
        channel="webhook",
        told=[_settings().webhook_host],
        payload=payload,
        made_at=moment,
        next_action_at=moment,
        rung_at=moment,
    )
    queue.enqueue(JOB, notice.pk, lane=living_lane())
    return notice


def _mail(told: list[str], template: str, context: dict[str, Any]) -> None:
    for address in told:
        notify.mail(to=address, template=template, context=context)
    if told and _main_is_silent():
        queue.enqueue(MAIL_JOB, lane=living_lane())


def _main_is_silent() -> bool:
    """The outbox rings in the main lane; while that one stands still, another lane takes the mail out."""
    main, ages = queue.lanes()[0], queue.heartbeat_ages()
    return ages.get(main.name, 0.0) >= main.stale_after


def _words(alerts: Sequence[Alert], rule: AlertRule, moment: datetime) -> dict[str, Any]:
    spec = SPECS[rule.kind]
    return {
        "title": AlertKind(rule.kind).label,
        "figure": spec.figure,
        "threshold": spec.threshold(rule.on_at),
        "calm": spec.shown(rule.off_at),
        "alerts": [
            {
                "subject": alert.subject,
                "text": alert.text,
                "value": spec.shown(alert.value),
                "worst": spec.shown(alert.worst),
                "since": alert.opened_at,
                "until": alert.closed_at,
            }
            for alert in alerts
        ],
        "link": link_of(rule.kind),
        "desk": f"{settings.SITE_URL}/admin/alerts",
        "moment": moment,
    }


def _payload(alert: Alert, what: str, rule: AlertRule, moment: datetime) -> dict[str, Any]:
    spec = SPECS[rule.kind]
    data = {
        "alert": alert.pk,
        "kind": alert.kind,
        "title": AlertKind(alert.kind).label,
        "subject": alert.subject,
        "text": alert.text,
        "unit": spec.unit,
        "value": alert.value,
        "worst": alert.worst,
        "on_at": rule.on_at,
        "off_at": rule.off_at,
        "shown": {
            "value": spec.shown(alert.value),
            "worst": spec.shown(alert.worst),
            "threshold": spec.threshold(rule.on_at),
        },
        "since": stamp(alert.opened_at),
        "until": stamp(alert.closed_at) if alert.closed_at else None,
        "url": link_of(alert.kind),
    }
    return {"type": f"alert.{what}", "timestamp": stamp(moment), "data": data}


def _test_payload(moment: datetime) -> dict[str, Any]:
    data = {"text": "A test of the alerts of Framehouse.", "url": f"{settings.SITE_URL}/admin/alerts"}
    return {"type": "alert.test", "timestamp": stamp(moment), "data": data}


def _settings() -> Alerts:
    found: Alerts = settings.ALERTS
    return found
