"""The file: everything that matches, safe to open, streamed, and itself an event."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import textwrap
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts import audit, audit_export, audit_queries
from accounts.audit_queries import Filters
from accounts.models import Action, AuditEvent, Membership
from project import csv_safe, db
from project.errors import Forbidden
from tests.accounts.audit.conftest import browser_of, fill
from tests.pages.parsing import read
from tests.world import PASSWORD, World

Happen = Callable[..., AuditEvent]


def lines(response: Any) -> list[dict[str, str]]:
    """The rows of a downloaded file, by the names of the columns."""
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_it_holds_every_event_as_the_log_wrote_it(world: World, alice: Client, happen: Happen) -> None:
    happen(Action.ROLE_CHANGED, target="mem_1", target_name="bob@example.com", data={"before": "a", "after": "ö"})
    begun = db.now()
    response = alice.get("/team/audit.csv", headers={"X-Request-Id": "export-request"})
    days = {f"{moment:%Y-%m-%d}" for moment in (begun, db.now())}  # two of them at midnight
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert response["Content-Disposition"] in {f'attachment; filename="audit-studio-{day}.csv"' for day in days}
    assert "private" in response["Cache-Control"]
    rows = lines(response)
    assert tuple(rows[0]) == audit_export.COLUMNS
    newest = rows[0]
    event = AuditEvent.objects.get(action=Action.ROLE_CHANGED)
    assert newest["time"] == event.created_at.isoformat().replace("+00:00", "Z")
    assert newest["action"] == "member.role_changed"
    assert (newest["actor"], newest["actor_name"]) == (f"user:{world.alice.pk}", "alice@example.com")
    assert (newest["target"], newest["target_name"]) == ("mem_1", "bob@example.com")
    assert newest["data"] == '{"after":"ö","before":"a"}'
    assert json.loads(newest["data"]) == event.data
    assert (newest["ip"], newest["user_agent"], newest["request_id"]) == ("", "", "")
    assert len(rows) == AuditEvent.objects.filter(team=world.team).exclude(action=Action.AUDIT_EXPORTED).count()


def test_the_file_begins_with_a_mark_and_ends_its_lines_by_the_rule(alice: Client) -> None:
    body = b"".join(alice.get("/team/audit.csv").streaming_content)
    assert body.startswith(b'\xef\xbb\xbf"time","action",')
    assert body.endswith(b'"\r\n')


def test_the_export_is_itself_an_event(world: World, alice: Client) -> None:
    rows = lines(alice.get("/team/audit.csv?about=key&from=2026-01-01", headers={"X-Request-Id": "asked-for-it"}))
    event = AuditEvent.objects.get(action=Action.AUDIT_EXPORTED)
    assert (event.team, event.actor) == (world.team, f"user:{world.alice.pk}")
    assert event.data == {"filters": {"about": "key", "from": "2026-01-01"}}
    assert (event.ip, event.request_id) == ("127.0.0.1", "asked-for-it")
    assert {row["action"].partition(".")[0] for row in rows} == {"key"}
    assert alice.head("/team/audit.csv").status_code == 405
    assert AuditEvent.objects.filter(action=Action.AUDIT_EXPORTED).count() == 1


def test_it_needs_a_fresh_proof_and_comes_back_to_a_page(world: World) -> None:
    client = browser_of(world.alice, fresh=False)
    assert client.get("/team/audit").status_code == 200
    for path in ("/team/audit/export?about=key", "/team/audit.csv?about=key"):
        asked = client.get(path)
        assert asked.status_code == 302
        assert asked.headers["Location"].startswith("/accounts/reauthenticate/?next=")
    assert not AuditEvent.objects.filter(action=Action.AUDIT_EXPORTED).exists()
    where = client.get("/team/audit/export?about=key").headers["Location"]
    back = client.post(where, {"password": PASSWORD})
    assert back.headers["Location"] == "/team/audit/export?about=key"
    page = read(client.get(back.headers["Location"]))
    link = next(e for e in page.all("a") if e.attrs["href"].startswith("/team/audit.csv"))
    assert link.attrs["href"] == "/team/audit.csv?about=key"
    assert lines(client.get(link.attrs["href"]))


def test_who_was_removed_meanwhile_gets_nothing(world: World) -> None:
    actor = world.actor(world.alice)
    Membership.objects.filter(user=world.bob).update(role="owner")
    Membership.objects.filter(user=world.alice).update(role="viewer")
    with pytest.raises(Forbidden):
        audit_export.export(actor=actor, filters=Filters(), asked={})
    assert not AuditEvent.objects.filter(action=Action.AUDIT_EXPORTED).exists()


def test_another_teams_events_are_not_in_it(world: World, alice: Client, happen: Happen) -> None:
    happen(target_name="theirs", team=world.other_team)
    audit.record(Action.STAFF_CHANGED, by="system", team=None, target_name="of nobody")
    names = {row["target_name"] for row in lines(alice.get("/team/audit.csv"))}
    assert not {"theirs", "of nobody"} & names


def test_staff_are_not_named_in_it(world: World, alice: Client, happen: Happen) -> None:
    AuditEvent.objects.create(
        team=world.team,
        action=Action.TEAM_SUSPENDED,
        actor="staff:77",
        actor_name="sam@example.com",
        ip="198.51.100.4",
        user_agent="secret agent",
    )
    row = lines(alice.get("/team/audit.csv"))[0]
    assert (row["actor"], row["actor_name"], row["ip"], row["user_agent"]) == ("staff", "Framehouse staff", "", "")


TRICKS = [
    '=HYPERLINK("http://evil.example","x")',
    "+1",
    "-1+2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "  =1",
    '"=1',
    "name\n=1",
    "a;=cmd|' /C calc'!A0",
    "＝1",
    "＋1",
    "－1",
    "＠1",
    "\N{NO-BREAK SPACE}=1",
    "\N{ZERO WIDTH SPACE}=1",
]


@pytest.mark.parametrize("trick", TRICKS)
def test_no_text_of_anybody_becomes_a_formula(world: World, alice: Client, trick: str) -> None:
    AuditEvent.objects.create(
        team=world.team,
        action=Action.INVITED,
        actor="user:1",
        actor_name=trick,
        target=trick,
        target_name=trick,
        data={trick: trick},
        user_agent=trick,
        request_id=trick,
    )
    row = lines(alice.get("/team/audit.csv"))[0]
    for name in ("actor_name", "target", "target_name", "user_agent", "request_id"):
        assert "'" in row[name]
        assert row[name].lstrip()[:1] not in "=+-@＝＋－＠"
        assert csv_safe.text_of(row[name]) == trick
    assert json.loads(csv_safe.text_of(row["data"])) == {trick: trick}


def test_batches_join_without_a_gap_or_a_double(world: World, alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(world.team, 25)
    monkeypatch.setattr(audit_queries, "BATCH", 10)
    rows = lines(alice.get("/team/audit.csv?about=user"))
    assert [json.loads(row["data"])["number"] for row in rows] == list(reversed(range(25)))
    monkeypatch.setattr(audit_queries, "BATCH", 25)
    assert len(lines(alice.get("/team/audit.csv?about=user"))) == 25


def test_a_slow_reader_holds_no_transaction(committed_world: World) -> None:
    """idle_in_transaction_session_timeout would end it after 15 s, in the middle of the file."""
    fill(committed_world.team, 2_500)
    file = audit_export.export(actor=committed_world.actor(committed_world.alice), filters=Filters(), asked={})
    taken = 0
    for piece in file.pieces:
        taken += piece.count(b"\r\n")
        assert not connection.in_atomic_block
        assert connection.connection.info.transaction_status.name == "IDLE"
    assert taken > 2_500


def test_events_of_meanwhile_are_not_in_it(committed_world: World) -> None:
    fill(committed_world.team, 5)
    file = audit_export.export(actor=committed_world.actor(committed_world.alice), filters=Filters(), asked={})
    fill(committed_world.team, 5, first=100)
    text = b"".join(file.pieces).decode()
    assert '""number"":4}' in text
    assert '""number"":100}' not in text
    assert "audit.exported" not in text


def test_memory_does_not_grow_with_the_file(committed_world: World) -> None:
    """A process of its own exports 30,000 events (100,000 were measured once): it holds no more than for 2,000."""
    fill(committed_world.team, 2_000)
    small, few = _peak_of_export(committed_world)
    fill(committed_world.team, 28_000, first=2_000)
    large, many = _peak_of_export(committed_world)
    assert (few, many) >= (2_000, 30_000)
    assert large - small < 8 * 1024, f"{small} kB for {few} lines, {large} kB for {many}"


def _peak_of_export(world: World) -> tuple[int, int]:
    """kB that a process held at most between two pieces of an export, and the lines it wrote."""
    code = """
        import sys
        import psutil
        import tests.environment
        import django
        django.setup()
        from django.db import connection
        connection.settings_dict["NAME"] = sys.argv[1]
        from accounts import audit_export, roles
        from accounts.actors import Actor
        from accounts.audit_queries import Filters
        from accounts.models import Membership
        member = Membership.objects.select_related("team", "user").get(user_id=int(sys.argv[2]))
        actor = Actor(team=member.team, permissions=roles.of_role(member.role), membership=member)
        file = audit_export.export(actor=actor, filters=Filters(), asked={})
        me, most, lines = psutil.Process(), 0, 0
        for piece in file.pieces:
            lines += piece.count(b"\\r\\n")
            most = max(most, me.memory_info().rss // 1024)
        print(most, lines)
    """
    name = str(connection.settings_dict["NAME"])
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), name, str(world.alice.pk)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    kilobytes, count = done.stdout.split()[-2:]
    return int(kilobytes), int(count)
