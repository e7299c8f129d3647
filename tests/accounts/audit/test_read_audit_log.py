"""The page of the audit log: newest first, by pages, filtered by the address, for those who manage the team."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client

from accounts import audit
from accounts.models import Action, ApiKey, AuditEvent, Membership, Role
from tests.accounts.audit.conftest import browser_of, fill
from tests.pages.parsing import Page, read
from tests.world import World

Happen = Callable[..., AuditEvent]


def cells(page: Page, label: str) -> list[str]:
    """The words of one column."""
    return page.texts("td", data_label=label)


def test_each_line_tells_when_who_what_to_whom_and_from_where(world: World) -> None:
    member = Membership.objects.get(user=world.bob)
    client = browser_of(world.alice)
    client.get("/team/audit")
    event = AuditEvent.objects.create(
        team=world.team,
        action=Action.ROLE_CHANGED,
        actor=f"user:{world.alice.pk}",
        actor_name="alice@example.com",
        target=member.public_id,
        target_name="bob@example.com",
        data={"before": "member", "after": "admin"},
        ip="2001:db8::7",
        user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        request_id="0123456789abcdef",
    )
    event.refresh_from_db()
    page = read(client.get("/team/audit"))
    assert cells(page, "What")[0] == "Changed the role of bob@example.com member → became admin"
    assert cells(page, "Who")[0] == "alice@example.com"
    assert cells(page, "From where")[0] == "2001:db8::7 · Firefox 128 on Linux request 0123456789abcdef"
    when = page.all("td", data_label="When")[0]
    moment = event.created_at.astimezone(UTC)
    assert when.text == f"{moment:%Y-%m-%d %H:%M}\N{NO-BREAK SPACE}UTC"
    assert when.attrs["title"] == moment.isoformat().replace("+00:00", "Z")
    assert page.all("td", data_label="From where")[0].text.strip()
    assert page.unlabelled() == []


def test_the_newest_stands_first(alice: Client, happen: Happen) -> None:
    for name in ("first", "second", "third"):
        happen(target_name=name)
    assert cells(read(alice.get("/team/audit")), "What")[:3] == ["Invited third", "Invited second", "Invited first"]


@pytest.mark.parametrize(("who", "status"), [("alice", 200), ("bob", 403), ("carol", 403)])
def test_only_managers_read_it(world: World, who: str, status: int) -> None:
    client = browser_of(getattr(world, who))
    for path in ("/team/audit", "/team/audit/export", "/team/audit.csv"):
        assert client.get(path).status_code == status
    assert Client().get("/team/audit").headers["Location"] == "/accounts/login/?next=/team/audit"


def test_an_admin_reads_it(world: World) -> None:
    Membership.objects.filter(user=world.bob).update(role=Role.ADMIN)
    assert browser_of(world.bob).get("/team/audit").status_code == 200


def test_another_teams_events_are_not_there(world: World, happen: Happen) -> None:
    happen(target_name="a secret guest")
    happen(target_name="theirs", team=world.other_team)
    audit.record(Action.STAFF_CHANGED, by="system", team=None, target_name="of nobody")
    page = read(browser_of(world.mallory).get("/team/audit"))
    assert cells(page, "What")[0] == "Invited theirs"
    assert "secret guest" not in page.words
    assert "of nobody" not in page.words


def test_an_empty_log_says_what_will_stand_here(world: World) -> None:
    """A team that nothing has happened to: made past the services."""
    from accounts.models import Team

    team = Team.objects.create(name="Quiet")
    Membership.objects.create(team=team, user=world.carol, role=Role.OWNER)
    client = browser_of(world.carol)
    session = client.session
    session["team"] = team.pk
    session.save()
    page = read(client.get("/team/audit"))
    assert "Nothing has happened here yet." in page.words
    assert [link for link in page.all("a") if "export" in link.attrs["href"]] == []


def test_pages_go_on_from_where_they_ended_while_events_are_added(alice: Client, happen: Happen) -> None:
    for number in range(120):
        happen(target_name=f"guest {number}")
    first = read(alice.get("/team/audit?about=invitation"))
    happen(target_name="late")
    second = read(alice.get(first.one("a", rel="next").attrs["href"]))
    third = read(alice.get(second.one("a", rel="next").attrs["href"]))
    told = [*cells(first, "What"), *cells(second, "What"), *cells(third, "What")]
    assert told == [f"Invited guest {number}" for number in reversed(range(120))]
    assert third.all("a", rel="next") == []
    back = read(alice.get(third.one("a", rel="prev").attrs["href"]))
    assert cells(back, "What") == cells(second, "What")
    newest = read(
        alice.get(read(alice.get(second.one("a", rel="prev").attrs["href"])).one("a", rel="prev").attrs["href"])
    )
    assert cells(newest, "What") == ["Invited late"]


def test_filters_by_group_and_keeps_them_in_the_links(alice: Client, happen: Happen) -> None:
    for _ in range(51):
        happen(Action.KEY_REVOKED, target_name="old key")
        happen(Action.INVITED, target_name="guest")
    page = read(alice.get("/team/audit?about=key"))
    assert cells(page, "What") == ["Revoked the API key old key"] * 50
    assert page.one("option", value="key", selected="").text == "API keys"
    assert page.one("a", rel="next").attrs["href"].startswith("/team/audit?about=key&older=")
    rest = cells(read(alice.get(page.one("a", rel="next").attrs["href"])), "What")
    assert rest[0] == "Revoked the API key old key"
    assert all("API key" in words for words in rest)
    assert "/team/audit/export?about=key" in [link.attrs["href"] for link in page.all("a")]


def test_filters_by_who(world: World, alice: Client, happen: Happen) -> None:
    happen(target_name="of alice")
    happen(target_name="of bob", by=world.bob)
    happen(target_name="of the key", by=world.actor())
    happen(target_name="of staff", by=audit.Staff(world.mallory))
    happen(target_name="of ours", by="system")
    happen(target_name="of anybody", by=audit.NOBODY)

    def told(actor: str) -> list[str]:
        return cells(read(alice.get("/team/audit", {"actor": actor, "about": "invitation"})), "What")

    assert told(f"user:{world.bob.pk}") == ["Invited of bob"]
    assert told(world.api_key.public_id) == ["Invited of the key"]
    assert told("staff") == ["Invited of staff"]
    assert told("programs") == ["Invited of ours"]
    assert told("unknown") == ["Invited of anybody"]
    assert len(told("")) == 6


def test_those_who_left_and_revoked_keys_can_be_asked_for(world: World, alice: Client, happen: Happen) -> None:
    Membership.objects.filter(user=world.bob).update(ended_at=datetime.now(UTC))
    ApiKey.objects.filter(pk=world.api_key.pk).update(revoked_at=datetime.now(UTC))
    happen(target_name="guest", by=world.bob)
    page = read(alice.get("/team/audit"))
    values = [option.attrs["value"] for option in page.all("option")]
    assert f"user:{world.bob.pk}" in values
    assert world.api_key.public_id in values
    assert f"user:{world.mallory.pk}" not in values


def test_filters_by_day_both_included(world: World, alice: Client) -> None:
    for day in (
        "2026-01-30T23:59:59.999999",
        "2026-01-31T00:00:00",
        "2026-02-01T23:59:59.999999",
        "2026-02-02T00:00:00",
    ):
        AuditEvent.objects.create(
            team=world.team,
            action=Action.INVITED,
            actor="system",
            actor_name="system",
            target_name=day,
            created_at=datetime.fromisoformat(f"{day}+00:00"),
        )
    page = read(alice.get("/team/audit?from=2026-01-31&to=2026-02-01"))
    assert cells(page, "What") == ["Invited 2026-02-01T23:59:59.999999", "Invited 2026-01-31T00:00:00"]
    assert page.one("input", name="from").attrs["value"] == "2026-01-31"
    assert "Nothing matches these filters." in read(alice.get("/team/audit?to=2001-01-01")).words


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("about=nonsense", "There is no such kind of event."),
        ("actor=user:999999", "Nobody of that name has acted here."),
        ("from=yesterday", "Write the day as 2026-01-31."),
        ("from=" + quote("٢٠٢٦-01-31"), "Write the day as 2026-01-31."),
        ("from=2026-02-30", "Write the day as 2026-01-31."),
        ("to=9999-12-31", "Choose a day from 2000-01-01 to 2999-12-31."),
        ("from=0001-01-01", "Choose a day from 2000-01-01 to 2999-12-31."),
        ("from=2026-02-02&to=2026-02-01", "The last day lies before the first one."),
    ],
)
@pytest.mark.parametrize("path", ["/team/audit", "/team/audit/export", "/team/audit.csv"])
def test_a_wrong_filter_is_answered_beside_its_field(
    world: World, alice: Client, path: str, query: str, said: str
) -> None:
    page = read(alice.get(f"{path}?{query}"), 422)
    assert said in " ".join(page.texts("p", klass="error-text"))
    assert page.all("td") == []
    if query == "from=yesterday":
        assert "value" not in page.one("input", name="from").attrs, "a calendar shows no other words, and complains"
    assert not AuditEvent.objects.filter(action=Action.AUDIT_EXPORTED).exists()


@pytest.mark.parametrize(
    "query",
    [
        "older=nonsense",
        "older=" + "9" * 30,
        "older=" + quote("١٢"),
        "older=-1",
        "newer=1.2",
        "sort=actor",
        "about=key&about=team",
        "actor=%00",
        "about__in=key",
    ],
)
def test_an_address_that_nobody_gave_out_is_answered_with_a_reason(alice: Client, query: str) -> None:
    read(alice.get(f"/team/audit?{query}"), 422)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7|add:7 }}"])
def test_whatever_a_name_holds_is_text(world: World, alice: Client, name: str) -> None:
    for action in Action:
        AuditEvent.objects.create(
            team=world.team,
            action=action,
            actor=f"user:{world.alice.pk}",
            actor_name=name,
            target=name,
            target_name=name,
            data={"before": name, "after": {name: name}, name: [name, {name: name}]},
            ip="203.0.113.9",
            user_agent=name,
            request_id=name,
        )
    response = alice.get("/team/audit")
    page = read(response)
    assert page.all("script", src="") == []
    assert len(page.all("script")) == 2
    assert page.all("img") == []
    assert name in page.text


def test_a_line_written_right_to_left_stays_in_its_place(alice: Client, happen: Happen) -> None:
    happen(target_name="שלום")
    page = read(alice.get("/team/audit"))
    assert "שלום" in [element.text for element in page.all("bdi")]


def test_of_staff_only_that_they_are_staff(world: World, alice: Client, happen: Happen) -> None:
    AuditEvent.objects.create(
        team=world.team,
        action=Action.TEAM_SUSPENDED,
        actor="staff:77",
        actor_name="sam.the.operator@example.com",
        ip="198.51.100.4",
        user_agent="Mozilla/5.0 Firefox/1.0",
    )
    page = read(alice.get("/team/audit"))
    assert cells(page, "Who")[0] == "Framehouse staff"
    assert "sam.the.operator" not in page.html
    assert "198.51.100.4" not in page.html


def test_the_work_does_not_grow_with_the_log(
    world: World, alice: Client, count_queries: Callable[[Callable[[], Any]], int]
) -> None:
    """Queries, and rows that the database touches: the same at 10 and 10,000 events, on any page."""
    fill(world.team, 60)
    read(alice.get("/team/audit"))  # a first page of a session writes its stamp
    few = count_queries(lambda: read(alice.get("/team/audit")))
    fill(world.team, 10_000, first=60)
    with connection.cursor() as cursor:
        cursor.execute("analyze accounts_auditevent")
    assert count_queries(lambda: read(alice.get("/team/audit"))) == few
    newest, middle = AuditEvent.objects.latest("pk").pk, AuditEvent.objects.order_by("-pk")[9_000].pk
    assert count_queries(lambda: read(alice.get(f"/team/audit?older={middle}"))) == few
    assert _read_rows(world.team.pk, newest) == _read_rows(world.team.pk, middle) == 51


def _read_rows(team: int, below: int) -> int:
    """How many rows the database touches for a page below an event, by its own account."""
    with connection.cursor() as cursor:
        cursor.execute(
            """explain (analyze, format json) select * from accounts_auditevent
               where team_id = %s and id < %s order by id desc limit 51""",
            [team, below],
        )
        plan = cursor.fetchone()[0][0]["Plan"]
    scan = plan["Plans"][0]
    assert scan["Node Type"] == "Index Scan", scan
    return int(scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0))
