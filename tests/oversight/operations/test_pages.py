"""The pages of the desk of operations: what they show, what stands in their files, how many queries they take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from generations.models import Callback, Generation, Pause, RefusedCallback
from generations.oversight import callback_log, usage_match
from generations.staff.urls_operations import urlpatterns
from project.paging import Window
from tests.copies import copies
from tests.oversight.conftest import Desk
from tests.oversight.operations.conftest import callback_of, late_result_of, plan_of, refused_callback
from tests.pages.conftest import doubted, started

Make = Callable[..., Generation]
LISTS = [
    str(each.pattern) for each in urlpatterns if "<" not in str(each.pattern) and "books/c" not in str(each.pattern)
]


def filled(make: Make) -> Generation:
    """One of everything that the desk shows. Returns one in doubt."""
    unknown = doubted(make())
    running = started(make())
    callback_of(running)
    refused_callback(running)
    late_result_of(make())
    Pause.objects.create(scope="model", name="kling-2.1-pro", note="They look into it.", reason="x", paused_by="user:1")
    return unknown


@pytest.mark.parametrize("route", LISTS)
def test_every_list_opens_full_and_empty(route: str, desk: Desk, make: Make) -> None:
    staff = desk("see_operations", "export_costs")
    assert staff.get(f"/admin/{route}").status_code == 200
    filled(make)
    answer = staff.get(f"/admin/{route}")
    assert answer.status_code == 200
    if route.endswith(".csv"):
        text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
        lines = text.strip().split("\r\n")
        assert all(line.count('","') == lines[0].count('","') for line in lines)


@pytest.mark.parametrize(
    "path", ["", "/open", "/late", "/callbacks", "/providers", "/pauses", "/queue", "/books", "/generations/{id}"]
)
def test_more_rows_take_no_more_queries(path: str, desk: Desk, make: Make) -> None:
    staff = desk("see_operations", "resolve_unknown", "pause_providers", "check_books")
    address = f"/admin/operations{path}".replace("{id}", filled(make).public_id)
    staff.get(address)
    with CaptureQueriesContext(connection) as first:
        assert staff.get(address).status_code == 200
    for _ in range(2):
        doubted(make())
        callback_of(started(make()))
        refused_callback(None)
        late_result_of(make())
    with CaptureQueriesContext(connection) as second:
        assert staff.get(address).status_code == 200
    assert len(second) <= len(first) <= 30


def test_the_counts_lead_to_the_rows_behind_them(desk: Desk, make: Make) -> None:
    staff = desk("see_operations")
    unknown, waiting = doubted(make()), make()
    Generation.objects.filter(pk=waiting.pk).update(deadline_at=waiting.created_at)
    page = staff.get("/admin/operations").content.decode()
    assert "?provider=kie&amp;status=unknown&amp;age=under%201%20min" in page
    assert "?provider=kie&amp;status=queued&amp;overdue=yes" in page
    found = staff.get("/admin/operations/open?provider=kie&status=unknown&age=under 1 min").content.decode()
    assert unknown.public_id in found
    assert waiting.public_id not in found
    overdue = staff.get("/admin/operations/open?overdue=yes").content.decode()
    assert waiting.public_id in overdue
    assert unknown.public_id not in overdue
    older = staff.get("/admin/operations/open?age=older").content.decode()
    assert "Nothing is open here" in older


def test_a_long_list_is_turned_in_pages(desk: Desk, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generations.staff.places.PER_PAGE", 2)
    staff, rows = desk("see_operations"), [make() for _ in range(3)]
    first = staff.get("/admin/operations/open")
    assert [row.pk for row in first.context["rows"]] == [row.pk for row in rows[:2]]
    second = staff.get("/admin/operations/open" + first.context["older"])
    assert [row.pk for row in second.context["rows"]] == [rows[2].pk]
    back = staff.get("/admin/operations/open" + second.context["newer"])
    assert [row.pk for row in back.context["rows"]] == [row.pk for row in rows[:2]]
    assert staff.get("/admin/operations/open?older=nonsense").status_code == 422


def test_the_log_of_callbacks_turns_its_pages_over_both_kinds(
    desk: Desk, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generations.staff.places.PER_PAGE", 2)
    running = started(make())
    for number in range(3):
        callback_of(running, number=number)
        refused_callback(running, number=number)
    staff, seen, address = desk("see_operations"), [], "/admin/operations/callbacks"
    for _ in range(3):
        page = staff.get(address)
        seen += [entry.id for entry in page.context["rows"]]
        assert page.context["older"] or len(seen) == 6
        address = "/admin/operations/callbacks" + page.context["older"]
    assert len(set(seen)) == 6
    last = staff.get("/admin/operations/callbacks" + page.context["newer"])
    assert [entry.id for entry in last.context["rows"]] == seen[2:4]


@pytest.mark.parametrize(
    ("verdict", "ids"),
    [
        ("valid", {"processed", "duplicate"}),
        ("duplicate", {"duplicate"}),
        ("late", {"late"}),
        ("failed", {"failed"}),
        ("forged", {"forged"}),
        ("altered", {"altered"}),
        ("", {"processed", "duplicate", "late", "failed", "forged", "altered"}),
    ],
)
def test_callbacks_are_found_by_their_verdict(verdict: str, ids: set[str], desk: Desk, make: Make) -> None:
    running = started(make())
    rows: dict[str, Any] = {
        "processed": callback_of(running, verdict="processed"),
        "duplicate": callback_of(running, verdict="processed", deliveries=2, number=1),
        "late": callback_of(running, verdict="ignored", note="late: kept, not charged", number=2),
        "failed": callback_of(running, verdict="failed", note="the provider does not confirm this task", number=3),
        "forged": refused_callback(None),
        "altered": refused_callback(running),
    }
    names = {f"{'in' if isinstance(row, Callback) else 'out'}-{row.pk}": name for name, row in rows.items()}
    page = desk("see_operations").get(f"/admin/operations/callbacks?verdict={verdict}")
    assert {names[entry.id] for entry in page.context["rows"]} == ids


@pytest.mark.parametrize(
    ("verdict", "index"),
    [
        ("failed", "callback_unconfirmed"),
        ("late", "callback_late"),
        ("duplicate", "callback_repeated"),
        ("valid", "callback_newest"),
        ("", "callback_newest"),
    ],
)
def test_rare_callbacks_are_found_without_the_ordinary_ones(verdict: str, index: str, make: Make) -> None:
    running = started(make())
    for number in range(300):
        callback_of(running, number=number, verdict="processed")
    callback_of(running, verdict="failed", number=300)
    callback_of(running, verdict="ignored", note="late: kept, not charged", number=301)
    callback_of(running, verdict="processed", deliveries=2, number=302)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE generations_callback")
    wanted = callback_log.CallbackFilter(verdict=verdict)
    assert index in plan_of('FROM "generations_callback"', lambda: callback_log.page(wanted, Window(20)))


@pytest.mark.parametrize("table", ["attempt", "lateresult", "callback"])
def test_whose_a_task_is_is_found_by_it(table: str, make: Make) -> None:
    told, row = late_result_of(make()), make()
    task = "'task ' || n"
    copies(told, 300, id="gen_random_uuid()", hold_id="gen_random_uuid()", provider_task_id=task)
    copies(callback_of(told), 300, id="-n", body_hash="n::text::bytea", provider_task_id=task)
    copies(
        told.attempts.get(),
        300,
        id="-n",
        number="1",
        generation_id="gen_random_uuid()",
        token_hash="n::text::bytea",
        provider_task_id=task,
    )
    copies(told.late_results.get(), 300, id="-n", provider_task_id=task)
    plan = plan_of(f'FROM "generations_{table}"', lambda: usage_match.owner_besides(row, "a task"))
    assert {"lateresult": "late_result"}.get(table, table) + "_task" in plan


@pytest.mark.parametrize(
    "address",
    ["open?status=gone", "callbacks?verdict=odd", "callbacks?generation=odd", "providers?window=year", "open?odd=1"],
)
def test_a_filter_that_is_none_is_told(address: str, desk: Desk) -> None:
    assert desk("see_operations").get(f"/admin/operations/{address}").status_code == 422


@pytest.mark.parametrize("address", ["generations/gen_odd", "callbacks/in-99", "callbacks/out-99", "callbacks/odd"])
def test_what_is_not_there_is_not_found(address: str, desk: Desk) -> None:
    assert desk("see_operations").get(f"/admin/operations/{address}").status_code == 404


def test_what_a_late_result_cost_is_for_who_sees_costs(desk: Desk, make: Make) -> None:
    late_result_of(make())
    for acts, sees in (
        (("see_operations", "export_costs"), False),
        (("see_operations", "export_costs", "see_costs"), True),
    ):
        staff = desk(*acts)
        assert ("Cost to us" in staff.get("/admin/operations/late").content.decode()) is sees
        assert ("Cost to us" in staff.get("/admin/operations").content.decode()) is sees
        file = b"".join(staff.get("/admin/operations/late.csv"))  # type: ignore[arg-type]
        assert ("cost_usd" in file.decode()) is sees


def test_an_ended_one_is_shown_with_what_came_late(desk: Desk, make: Make) -> None:
    row = late_result_of(make())
    page = desk("see_operations").get(reverse("operations_generation", args=[row.public_id])).content.decode()
    assert "Late results" in page
    assert "at the provider until" in page
    assert "Nothing to resolve" in page


def test_a_body_is_set_out_and_says_no_secret(desk: Desk, make: Make) -> None:
    running = started(make())
    body = (
        b'{"code": 200, "data": {"taskId": "t1", "remainedCredits": 4711822093, "apiKey": "abc",'
        b' "param": "{\\"callBackUrl\\": \\"https://x.example/callbacks/kie/0123456789abcdef0123456789abcdef\\",'
        b' \\"remainedCredits\\": 4711822093}"}}'
    )
    row = callback_of(running, body=body)
    address = f"/admin/operations/callbacks/in-{row.pk}"
    seen = desk("see_operations").get(address).content.decode()
    assert "&quot;taskId&quot;: &quot;t1&quot;" in seen
    assert "4711822093" not in seen
    assert "abc&quot;" not in seen
    assert "0123456789abcdef" not in seen
    with_costs = desk("see_operations", "see_costs").get(address).content.decode()
    assert with_costs.count("4711822093") == 2
    assert "abc&quot;" not in with_costs
    broken = refused_callback(running, body=b"remainedCredits: 4711822093, Bearer abcdefghijklmnop \x00\xff")
    seen = desk("see_operations").get(f"/admin/operations/callbacks/out-{broken.pk}").content.decode()
    assert "4711822093" not in seen
    assert "abcdefghijklmnop" not in seen


def test_a_refused_one_can_be_read_and_not_replayed(desk: Desk, make: Make) -> None:
    row = refused_callback(started(make()))
    staff = desk("see_operations", "replay_callbacks")
    assert "Replay it" not in staff.get(f"/admin/operations/callbacks/out-{row.pk}").content.decode()
    assert staff.post(f"/admin/operations/callbacks/out-{row.pk}/replay").status_code == 404
    assert RefusedCallback.objects.count() == 1


def test_get_changes_nothing(desk: Desk, make: Make) -> None:
    row, staff = filled(make), desk(superuser=True)
    for name in ("attach", "release"):
        assert staff.get(f"/admin/operations/generations/{row.public_id}/{name}").status_code == 405
    for path in ("books/check", "books/clear", "pauses/1/resume", "callbacks/in-1/replay"):
        assert staff.get(f"/admin/operations/{path}").status_code == 405
    assert isinstance(staff, Client)
