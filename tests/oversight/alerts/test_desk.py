"""The desk of alerts: what it shows, who may set what, and that every act is in the audit log."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts import audit
from accounts.models import Action, AuditEvent
from generations.models import Alert, AlertKind, AlertNotice, AlertRule, Generation
from generations.oversight import alert_acts, alert_rules, alert_watch
from generations.oversight.alert_specs import SPECS
from generations.staff.forms_alerts import amount, typed
from project import csv_safe, db
from project.alert_settings import Alerts
from project.errors import Invalid
from project.times import stamp
from tests.oversight.alerts.conftest import mended, only_open, rule, stuck, watch
from tests.oversight.conftest import Desk, staff_of
from tests.world import World

Make = Callable[..., Generation]
PAGES = ("/admin/alerts", "/admin/alerts/notices", "/admin/alerts/rules", "/admin/alerts/rules/loss")
FILES = ("/admin/alerts.csv", "/admin/alerts/notices.csv", "/admin/alerts/rules.csv")
RATE = {"enabled": "on", "on_at": "12.5", "off_at": "5", "at_least": "30", "calm_seconds": "20"}


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().replace("\xa0", " ").split())


@pytest.fixture
def seer(desk: Desk) -> Client:
    return desk("see_alerts", "export_costs")


@pytest.fixture
def setter(desk: Desk) -> Client:
    return desk("see_alerts", "set_alerts")


def test_nothing_is_wrong(seer: Client) -> None:
    watch()
    page = text_of(seer.get("/admin/alerts"))
    assert "Nothing is wrong" in page
    assert "No alert was on and over" in page
    assert "/health/queue" in page
    assert "Send a test" not in page, "only who may set alerts"
    assert "Nobody was told of anything" in text_of(seer.get("/admin/alerts/notices"))


def test_what_is_on_and_what_was(make: Make, seer: Client, settings: Any) -> None:
    settings.ALERTS = Alerts(("ops@example.com",), "https://hooks.example.com/secret-path", "whsec_" + "a" * 40)
    rule(AlertKind.STUCK_HOLDS, calm_seconds=0)
    row = stuck(make)
    watch()
    page = text_of(seer.get("/admin/alerts"))
    assert "On now: 1" in page
    assert "Credit is held past its deadline" in page
    assert "above 0" in page
    assert "on: 1 mail" in page
    assert "on: webhook waiting" in page
    assert "hooks.example.com" in page
    assert "secret-path" not in page
    mended(row)
    watch()
    page = text_of(seer.get("/admin/alerts"))
    assert "Nothing is wrong" in page
    assert "off: 1 mail" in page
    notices = text_of(seer.get("/admin/alerts/notices"))
    assert notices.count("ops@example.com") == 2
    only = text_of(seer.get("/admin/alerts?kind=ledger"))
    assert "No alert was on and over" in only


ACTS = ("see_alerts", "acknowledge_alerts")


def test_an_alert_is_acknowledged_and_stays_on(make: Make, desk: Desk) -> None:
    rule(AlertKind.STUCK_HOLDS, calm_seconds=0)
    row = stuck(make)
    watch()
    alert, client = only_open(AlertKind.STUCK_HOLDS), desk(*ACTS)
    address = f"/admin/alerts/{alert.pk}"
    assert "1 that nobody has acknowledged" in text_of(client.get("/admin/alerts"))
    assert "by nobody" in text_of(client.get(address))
    assert client.post(address, {"text": " Asked KIE: <b>ticket 7</b> "}).status_code == 302
    watch()
    alert.refresh_from_db()
    assert (alert.closed_at, alert.acknowledgement) == (None, "Asked KIE: <b>ticket 7</b>")
    for path in ("/admin/alerts", address):
        page = text_of(client.get(path))
        assert "Asked KIE: &lt;b&gt;ticket 7&lt;/b&gt;" in page
        assert "staff1@example.com" in page
        assert '<span class="badge wait">acknowledged</span>' in page
    assert "Somebody has acknowledged it" in text_of(client.get("/admin/alerts"))
    event = AuditEvent.objects.get(action=Action.ALERT_ACKNOWLEDGED)
    assert (event.target, event.data) == (f"alert:{alert.pk}", {"text": "Asked KIE: <b>ticket 7</b>"})
    mended(row)
    watch()
    page = text_of(client.get(address))
    assert '<span class="badge">over</span>' in page
    assert "Acknowledge it" not in page
    stuck(make)
    watch()
    assert only_open(AlertKind.STUCK_HOLDS).acknowledged_at is None, "the next one is another"


def test_whoever_acknowledges_later_takes_it_over(make: Make, desk: Desk) -> None:
    stuck(make)
    watch()
    alert = only_open(AlertKind.STUCK_HOLDS)
    for client in (desk(*ACTS), desk(*ACTS)):
        for _ in range(2):  # pressed twice
            client.post(f"/admin/alerts/{alert.pk}", {"text": "I look into it."})
    alert.refresh_from_db()
    events = list(AuditEvent.objects.filter(action=Action.ALERT_ACKNOWLEDGED).order_by("id"))
    assert len(events) == 2
    assert alert.acknowledged_by == events[1].actor != events[0].actor


def test_what_cannot_be_acknowledged(make: Make, desk: Desk) -> None:
    rule(AlertKind.STUCK_HOLDS, calm_seconds=0)
    row = stuck(make)
    watch()
    alert, client = only_open(AlertKind.STUCK_HOLDS), desk(*ACTS)
    address = f"/admin/alerts/{alert.pk}"
    for text in ("", "   ", "x" * 201):
        response = client.post(address, {"text": text})
        assert response.status_code == 422
        assert response.context["form"].errors["text"], text
    assert f'value="{"x" * 201}"' in text_of(response), "what was typed is kept"
    with pytest.raises(Invalid):  # whoever else asks
        alert_acts.acknowledge(by=audit.Staff(staff_of("sam")), number=alert.pk, text="x" * 201)
    for other in (desk("see_alerts", "set_alerts", "receive_alerts"), desk("acknowledge_alerts")):
        assert other.post(address, {"text": "Mine."}).status_code == 403
    assert "Acknowledge it" not in text_of(desk("see_alerts").get(address))
    assert client.get("/admin/alerts/9999999").status_code == 404
    assert client.post("/admin/alerts/9999999", {"text": "Mine."}).status_code == 404
    mended(row)
    watch()
    assert "This alert is over." in text_of(client.post(address, {"text": "Too late."}, follow=True))
    assert not Alert.objects.exclude(acknowledged_at=None).exists()
    assert not AuditEvent.objects.filter(action=Action.ALERT_ACKNOWLEDGED).exists()


def test_what_nobody_has_acknowledged_comes_first(seer: Client) -> None:
    alert_rules.ensure()
    by = {"acknowledged_at": db.now(), "acknowledged_by": "staff:1", "acknowledgement": "x"}
    for subject, said in (("a", {}), ("b", by), ("c", {}), ("d", by)):
        Alert.objects.create(kind="gap", subject=subject, value=1, worst=1, text="x", **said)
    page = seer.get("/admin/alerts")
    first, last = {line.alert.subject for line in page.context["open"][:2]}, page.context["open"][2:]
    assert (first, {line.alert.subject for line in last}) == ({"a", "c"}, {"b", "d"})
    assert "On now: 4" in text_of(page)
    assert "2 that nobody has acknowledged" in text_of(page)


def test_what_could_not_be_measured_is_said(seer: Client) -> None:
    alert_rules.ensure()
    AlertRule.objects.filter(kind=AlertKind.GAP).update(failing_since=db.now(), failure="OperationalError")
    for path in ("/admin/alerts", "/admin/alerts/rules", "/admin/alerts/rules/gap"):
        assert "could not be measured since" in text_of(seer.get(path)), path


def test_history_goes_on_by_places(seer: Client) -> None:
    moment = db.now()
    Alert.objects.bulk_create(
        Alert(kind="gap", subject=f"kie {n:03}", value=1, worst=1, text="x", opened_at=moment, closed_at=moment)
        for n in range(120)
    )
    seen: list[str] = []
    path = "/admin/alerts?kind=gap"
    for _ in range(3):
        response = seer.get(path)
        seen += [line.alert.subject for line in response.context["history"]]
        path = f"/admin/alerts{response.context['older']}"
    assert seen == [f"kie {n:03}" for n in reversed(range(120))]
    assert response.context["older"] == ""
    assert seer.get(f"/admin/alerts{response.context['newer']}").context["history"][0].alert.subject == "kie 069"
    assert seer.get("/admin/alerts?older=nonsense").status_code == 422
    assert seer.get("/admin/alerts?kind=nothing").status_code == 404


def test_pages_cost_the_same_whatever_there_is(seer: Client, count_queries: Any) -> None:
    alert_rules.ensure()
    moment = db.now()
    ends = (moment, None)

    def fill(first: int) -> None:
        made = Alert.objects.bulk_create(
            Alert(kind="gap", subject=f"{n}", value=1, worst=1, text="x", opened_at=moment, closed_at=ends[n % 2])
            for n in range(first, first + 20)
        )
        AlertNotice.objects.bulk_create(
            AlertNotice(alert=row, what="on", channel="email", status="failed", next_action_at=None) for row in made
        )

    fill(0)
    for path in PAGES:
        seer.get(path)
        before = count_queries(lambda path=path: seer.get(path))
        fill(Alert.objects.count() + 100)
        assert count_queries(lambda path=path: seer.get(path)) == before, path
        assert before <= 20, path


def test_the_rules_are_set_in_units_that_people_read(setter: Client) -> None:
    page = text_of(setter.get("/admin/alerts/rules/error_rate"))
    assert "Goes on above (percent)" in page
    assert 'value="20"' in page
    response = setter.post("/admin/alerts/rules/error_rate", RATE)
    assert response.status_code == 302
    row = AlertRule.objects.get(kind=AlertKind.ERROR_RATE)
    assert (row.enabled, row.on_at, row.off_at, row.at_least, row.calm_seconds) == (True, 125_000, 50_000, 30, 1_200)
    assert row.changed_by.startswith("staff:")
    assert "staff1@example.com" in setter.get("/admin/alerts/rules").content.decode()
    event = AuditEvent.objects.get(action=Action.ALERT_RULE_SET)
    assert event.target == "alert_rule:error_rate"
    assert event.data == {
        "before": {"on": "above 20 %", "off": "10 %", "calm_seconds": "600", "at_least": "20"},
        "after": {"on": "above 12.5 %", "off": "5 %", "calm_seconds": "1200", "at_least": "30"},
    }
    setter.post("/admin/alerts/rules/error_rate", RATE)
    assert AuditEvent.objects.filter(action=Action.ALERT_RULE_SET).count() == 1, "nothing changed"


@pytest.mark.parametrize(
    ("kind", "change", "field", "says"),
    [
        ("error_rate", {"off_at": "12.6"}, "off_at", "Set no value above"),
        ("error_rate", {"on_at": "101"}, "on_at", "Set 0 % to 100 %"),
        ("error_rate", {"on_at": "-1"}, "on_at", "Set 0 % to 100 %"),
        ("error_rate", {"on_at": "1e3"}, "on_at", "Enter percent"),
        ("error_rate", {"on_at": "٣"}, "on_at", "Enter percent"),
        ("error_rate", {"on_at": ""}, "on_at", "required"),
        ("error_rate", {"at_least": "-1"}, "at_least", "Enter a whole number"),
        ("error_rate", {"calm_seconds": "99999"}, "calm_seconds", "Set 0 to 10,080 minutes"),
        ("balance_low", {"on_at": "7", "off_at": "6"}, "off_at", "Set no value below"),
        ("balance_low", {"on_at": "2.5", "off_at": "6"}, "on_at", "Enter days"),
        ("gap", {"on_at": "0.0000001", "off_at": "0"}, "on_at", "Enter US dollars"),
    ],
)
def test_a_rule_that_cannot_be(setter: Client, kind: str, change: dict[str, str], field: str, says: str) -> None:
    alert_rules.ensure()
    before = AlertRule.objects.filter(kind=kind).values().get()
    response = setter.post(f"/admin/alerts/rules/{kind}", {**RATE, **change})
    assert response.status_code == 422
    assert any(says in error for error in response.context["form"].errors[field])
    kept = change.get("on_at", "12.5")
    assert not kept or f'value="{kept}"' in text_of(response), "what was typed is kept"
    assert AlertRule.objects.filter(kind=kind).values().get() == before
    assert not AuditEvent.objects.filter(action=Action.ALERT_RULE_SET).exists()


def test_a_margin_may_be_below_nothing(setter: Client) -> None:
    data = {"enabled": "on", "on_at": "-2.5", "off_at": "1", "at_least": "1", "calm_seconds": "0"}
    assert setter.post("/admin/alerts/rules/loss", data).status_code == 302
    row = AlertRule.objects.get(kind=AlertKind.LOSS)
    assert (row.on_at, row.off_at) == (-25_000, 10_000)
    page = text_of(setter.get("/admin/alerts/rules/loss"))
    assert 'value="-2.5"' in page
    assert "below \N{MINUS SIGN}2.5 %" in page


@pytest.mark.parametrize("kind", AlertKind.values)
def test_what_is_shown_is_read_back_as_it_was(kind: str) -> None:
    spec = SPECS[kind]
    for value in (spec.on_at, spec.off_at, 1, 123):
        assert amount(spec.unit, typed(spec.unit, value)) == value


@pytest.mark.parametrize("kind", AlertKind.values)
def test_every_alert_leads_to_a_desk_where_one_acts(kind: str, desk: Desk) -> None:
    assert desk(superuser=True).get(SPECS[kind].act).status_code == 200


def test_a_test_is_sent_by_every_channel(setter: Client, settings: Any) -> None:
    settings.ALERTS = Alerts(("ops@example.com",), "https://hooks.example.com/x", "whsec_" + "a" * 40)
    assert setter.post("/admin/alerts/test").status_code == 302
    (message,) = mail.outbox
    assert message.to == ["ops@example.com"]
    assert "A test of the alerts" in message.subject
    assert sorted(AlertNotice.objects.values_list("what", "channel", "status")) == [
        ("test", "email", "sent"),
        ("test", "webhook", "waiting"),
    ]
    hook = AlertNotice.objects.get(channel="webhook")
    assert hook.payload is not None
    assert hook.payload["type"] == "alert.test"
    event = AuditEvent.objects.get(action=Action.ALERTS_TESTED)
    assert event.data == {"emails": 1, "webhook": "hooks.example.com"}
    assert "A test" in text_of(setter.get("/admin/alerts/notices"))
    for _ in range(4):
        setter.post("/admin/alerts/test")
    assert setter.post("/admin/alerts/test").status_code == 429
    assert len(mail.outbox) == 5


def test_a_test_that_would_reach_nobody(setter: Client) -> None:
    page = text_of(setter.post("/admin/alerts/test", follow=True))
    assert "Nobody would be told" in page
    assert not AlertNotice.objects.exists()
    assert not AuditEvent.objects.filter(action=Action.ALERTS_TESTED).exists()


@pytest.mark.parametrize("path", [*PAGES, *FILES])
def test_pages_and_files_open_where_nothing_happened_yet(desk: Desk, path: str) -> None:
    assert desk("see_alerts", "export_costs").get(path).status_code == 200


def test_only_who_may_set_alerts(desk: Desk, settings: Any) -> None:
    settings.ALERTS = Alerts(("ops@example.com",), "", "")
    alert_rules.ensure()
    before = list(AlertRule.objects.values().order_by("kind"))
    for browser in (desk("see_alerts"), desk("set_alerts"), desk()):
        assert browser.post("/admin/alerts/rules/error_rate", RATE).status_code == 403
    for browser in (desk("see_alerts", "receive_alerts"), desk()):
        assert browser.post("/admin/alerts/test").status_code == 403
    assert list(AlertRule.objects.values().order_by("kind")) == before
    assert mail.outbox == []
    assert not AuditEvent.objects.filter(action__startswith="alert.").exists()
    assert "Set the rule" not in text_of(desk("see_alerts").get("/admin/alerts/rules/error_rate"))


def test_the_files_hold_every_row_and_no_formula(make: Make, seer: Client, settings: Any) -> None:
    settings.ALERTS = Alerts(("ops@example.com",), "", "")
    stuck(make)
    alert_watch.watch()
    at = datetime(2026, 11, 1, 12, tzinfo=UTC)
    Alert.objects.update(text="=HYPERLINK(1)", acknowledged_at=at, acknowledged_by="staff:1", acknowledgement="Seen.")

    def rows(path: str) -> list[dict[str, str]]:
        response = seer.get(path)
        assert response["Content-Type"] == csv_safe.CONTENT_TYPE
        return list(csv.DictReader(io.StringIO(b"".join(response).decode("utf-8-sig"))))

    (alert,) = rows("/admin/alerts.csv")
    assert (alert["kind"], alert["value"], alert["text"]) == ("stuck_holds", "1", "'=HYPERLINK(1)")
    assert alert["told"] == "on by email: sent"
    assert [alert[name] for name in ("acknowledged_at", "acknowledged_by", "acknowledgement")] == [
        stamp(at),
        "staff:1",
        "Seen.",
    ]
    (notice,) = rows("/admin/alerts/notices.csv")
    assert (notice["subject"], notice["told"]) == ("holds", "ops@example.com")
    assert [row["kind"] for row in rows("/admin/alerts/rules.csv")] == list(AlertKind.values)
    assert AuditEvent.objects.filter(action=Action.COSTS_EXPORTED).count() == 3


def test_no_customer_is_on_the_page(make: Make, seer: Client, world: World) -> None:
    stuck(make)
    watch()
    page = text_of(seer.get("/admin/alerts"))
    assert world.team.name not in page.replace("Studio ·", "")
    assert world.bob.email not in page
