"""Mails of alerts: to the right people, once, and with nothing in them that is nobody's business."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.db.models import F

from accounts.models import User
from generations.models import AlertKind, AlertNotice, Generation
from generations.oversight import alert_notices
from project import queue
from project.alert_settings import Alerts
from project.models import Heartbeat, Mail
from tests.oversight.alerts.conftest import after, mended, rule, stuck, watch
from tests.oversight.conftest import staff_of
from tests.pages.conftest import delivered
from tests.world import World

Make = Callable[..., Generation]


def told() -> list[str]:
    return sorted(address for message in mail.outbox for address in message.to)


def test_active_staff_who_receive_alerts_at_a_confirmed_address(make: Make, world: World, settings: Any) -> None:
    settings.ALERTS = Alerts(("ops@example.com", "rita@example.com"), "", "")
    staff_of("rita", "receive_alerts")
    staff_of("root", superuser=True)
    staff_of("seer", "see_alerts")
    unconfirmed = staff_of("ursula", "receive_alerts")
    EmailAddress.objects.filter(user=unconfirmed).update(verified=False)
    moved = staff_of("mona", "receive_alerts")
    User.objects.filter(pk=moved.pk).update(email="elsewhere@example.com")
    gone = staff_of("gus", "receive_alerts")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    former = staff_of("fred", "receive_alerts")
    User.objects.filter(pk=former.pk).update(is_staff=False)
    grouped = staff_of("greta")
    group = Group.objects.create(name="on call")
    group.permissions.set(Permission.objects.filter(codename="receive_alerts"))
    grouped.groups.set([group])
    stuck(make)
    watch()
    watch()
    wanted = ["greta@example.com", "ops@example.com", "rita@example.com", "root@example.com"]
    assert told() == wanted
    assert all(len(message.to) == 1 for message in mail.outbox), "nobody reads the others' addresses"
    notice = AlertNotice.objects.get()
    assert (notice.status, notice.channel, sorted(notice.told)) == ("sent", "email", wanted)


def test_nobody_to_tell_is_a_failure_that_shows(make: Make) -> None:
    stuck(make)
    watch()
    notice = AlertNotice.objects.get()
    assert (notice.status, notice.told) == ("failed", [])
    assert "ALERT_EMAILS" in notice.error


def test_what_the_mail_says(make: Make, settings: Any) -> None:
    settings.ALERTS = Alerts(("ops@example.com",), "", "")
    rule(AlertKind.STUCK_HOLDS, calm_seconds=0)
    row = stuck(make)
    watch()
    mended(row)
    watch()
    on, off = mail.outbox
    assert on.subject == "[Framehouse] Alert: Credit is held past its deadline: holds"
    assert off.subject == "[Framehouse] Over: Credit is held past its deadline: holds"
    for message in (on, off):
        html = str(message.alternatives[0][0])  # type: ignore[attr-defined]
        for text in (message.body, html):
            assert "1 open past their deadline" in text
            assert "above 0" in text
            assert "UTC" in text
            assert f"{settings.SITE_URL}/admin/" in text
            assert "a dog in a park" not in text
            assert "Studio" not in text
    assert f"{settings.SITE_URL}/admin/operations" in on.body


def test_many_at_once_are_one_mail(make: Make, settings: Any) -> None:
    settings.ALERTS = Alerts(("ops@example.com",), "", "")
    rows = [delivered(make(model)) for model in ("veo-3.1-fast", "flux-kontext-pro", "nano-banana-pro")]
    for row in rows:
        Generation.objects.filter(pk=row.pk).update(actual_cost=row.charged * 2)
    watch()
    (message,) = mail.outbox
    assert all(row.model in message.body for row in rows)
    assert message.subject.endswith("and more")
    assert AlertNotice.objects.filter(what="on", channel="email").count() == 3


def test_they_lie_in_the_outbox_in_the_transaction_of_the_alert(make: Make, settings: Any) -> None:
    settings.EMAIL_BACKEND = "project.mail.QueuedBackend"
    settings.ALERTS = Alerts(("ops@example.com",), "", "")
    stuck(make)
    watch()
    assert Mail.objects.get().to == "ops@example.com"


@pytest.mark.parametrize("dead", ["main", "hooks"])
def test_a_lane_that_stands_still_is_told_of_by_another(dead: str, settings: Any) -> None:
    settings.EMAIL_BACKEND = "project.mail.QueuedBackend"
    settings.ALERTS = Alerts(("ops@example.com",), "https://hooks.example.com/x", "whsec_" + "a" * 40)
    watch()
    for lane in queue.lanes():
        queue.touch(lane.name, always=True)
    after(hours=1)
    Heartbeat.objects.filter(lane=dead).update(beat_at=F("beat_at") - timedelta(minutes=10))
    watch()
    lanes: dict[str, set[str]] = {}
    for job in queue.pending():
        lanes.setdefault(job.func, set()).add(job.lane)
    assert lanes[alert_notices.JOB] == {"main" if dead == "hooks" else "hooks"}
    assert lanes[alert_notices.MAIL_JOB] == ({"main", "hooks"} if dead == "main" else {"main"})
