"""The desk's pages: who may, what they say, files, and every act in the audit log."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import audit
from accounts.models import Action, AuditEvent
from generations.models import Case, CaseKind, CaseNote, Generation, ProviderTopUp, UsageImport, UsageRow
from generations.oversight import balance_pages, cases, usage, usage_settle
from project import paging
from project.paging import Window
from tests.oversight.conftest import Desk, staff_of
from tests.oversight.reconciliation.conftest import bill, csv_file, midnight, reading, yesterday
from tests.pages.conftest import delivered

HERE = "/admin/reconciliation"
PAGES = (
    HERE,
    f"{HERE}/tasks/never-charged",
    f"{HERE}/tasks/theirs-only",
    f"{HERE}/tasks/ours-only",
    f"{HERE}/balances",
    f"{HERE}/imports",
    f"{HERE}/cases",
)
FILES = (
    f"{HERE}.csv",
    f"{HERE}/tasks/never-charged.csv",
    f"{HERE}/tasks/theirs-only.csv",
    f"{HERE}/tasks/ours-only.csv",
    f"{HERE}/balances/days.csv",
    f"{HERE}/balances/top-ups.csv",
    f"{HERE}/balances/readings.csv",
    f"{HERE}/imports.csv",
    f"{HERE}/cases.csv",
)
pytestmark = pytest.mark.django_db


def a_case(subject: str = "2026-11-21", **more: Any) -> Case:
    given = {"provider": "kie", "kind": CaseKind.BALANCE_GAP, "amount": 300_000, **more}
    return cases.open_case(subject=subject, **given)[0]


def table(client: Client, path: str) -> list[dict[str, str]]:
    raw = b"".join(client.get(path).streaming_content)  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))


@pytest.mark.parametrize("path", PAGES)
def test_pages_open_for_those_who_may_see_costs(path: str, desk: Desk) -> None:
    assert desk("see_costs").get(path).status_code == 200


@pytest.mark.parametrize("path", FILES)
def test_files_are_for_those_who_may_export(path: str, desk: Desk) -> None:
    answer = desk("see_costs", "export_costs").get(path)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8; header=present")
    assert AuditEvent.objects.filter(action=Action.COSTS_EXPORTED).count() == 1


def test_periods_that_cannot_be_are_said_beside_the_field(desk: Desk) -> None:
    client = desk("see_costs")
    for query in ("from=2026-02-01&to=2026-01-01", "from=x", "provider=none", "from=2020-01-01&to=2026-01-01"):
        answer = client.get(f"{HERE}?{query}")
        assert answer.status_code == 422
        assert b"error-text" in answer.content
    assert client.get(f"{HERE}?page=1").status_code == 422
    assert client.get(f"{HERE}/tasks/odd").status_code == 404


def test_a_verdict_leads_to_its_generations(desk: Desk, make: Callable[..., Generation]) -> None:
    delivered(make("veo-3.1-fast"))
    page = desk("see_costs").get(HERE).content.decode()
    assert "Not reported" in page
    assert "verdict=unknown" in page
    assert "/admin/costs/generations?from=" in page


def test_pages_ask_no_more_for_more_rows(desk: Desk, make: Callable[..., Generation]) -> None:
    client = desk("see_costs")
    counts = []
    client.get(HERE)  # what is read once a process
    for more in (1, 3):
        for number in range(more):
            row = yesterday(delivered(make("veo-3.1-fast")))
            usage.take(
                bill((row.provider_task_id or "", 300_000), (f"x{more}{number}", 5), name=f"{more}{number}"), by="x"
            )
            reading(5_000_000 + number, midnight(1) + timedelta(minutes=number + 10 * more))
        with CaptureQueriesContext(connection) as asked:
            for path in (*PAGES, f"{HERE}/imports/{UsageImport.objects.latest('pk').pk}"):
                assert client.get(path).status_code == 200
        counts.append(len(asked))
    assert counts[1] <= counts[0]


def test_who_can_be_given_a_case_is_one_question(desk: Desk, django_assert_num_queries: Any) -> None:
    gone = staff_of("gone", "reconcile_costs")
    gone.is_active = False
    gone.save()
    staff_of("other", "see_costs")
    desk(superuser=True)
    for number in range(3):
        staff_of(f"worker{number}", "reconcile_costs")
    with django_assert_num_queries(1):
        found = [person.email.partition("@")[0] for person in cases.owners()]
    assert found == ["staff1", "worker0", "worker1", "worker2"]


def test_a_top_up_needs_its_duty_and_stands_in_the_log(desk: Desk) -> None:
    sent = {"provider": "kie", "amount": "50.25", "paid_at": f"{midnight(1):%Y-%m-%d %H:%M}", "note": "Invoice 7"}
    assert desk("see_costs", "import_usage").post(f"{HERE}/balances/top-up", sent).status_code == 403
    assert not ProviderTopUp.objects.exists()
    client = desk("see_costs", "reconcile_costs")
    for _ in range(2):  # a double press is one
        assert client.post(f"{HERE}/balances/top-up", sent).status_code == 302
    row = ProviderTopUp.objects.get()
    assert (row.provider, row.amount, row.paid_at, row.note) == ("kie", 50_250_000, midnight(1), "Invoice 7")
    event = AuditEvent.objects.get(action=Action.PROVIDER_TOPUP_RECORDED)
    assert event.data["usd"] == "50.25"
    assert "Invoice 7" in client.get(f"{HERE}/balances").content.decode()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"amount": "0"}, "An amount is not 0"),
        ({"amount": "many"}, "Write dollars such as 50"),
        ({"paid_at": "2999-01-01 00:00"}, "This lies in the future."),
        ({"paid_at": "soon"}, "Write it as 2026-11-21 13:05."),
        ({"note": ""}, "This field is required."),
    ],
)
def test_a_wrong_top_up_is_refused_beside_its_field(change: dict[str, str], said: str, desk: Desk) -> None:
    sent = {"provider": "kie", "amount": "50", "paid_at": "2026-01-01 00:00", "note": "kept words", **change}
    answer = desk("see_costs", "reconcile_costs").post(f"{HERE}/balances/top-up", sent)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not ProviderTopUp.objects.exists()


def test_a_negative_top_up_corrects(desk: Desk) -> None:
    sent = {"provider": "fal", "amount": "-5", "paid_at": "2026-01-01 00:00", "note": "was recorded twice"}
    assert desk("reconcile_costs").post(f"{HERE}/balances/top-up", sent).status_code == 302
    assert ProviderTopUp.objects.get().amount == -5_000_000


# --- cases -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("act", "sent"),
    [
        ("assign", {"take": "1"}),
        ("note", {"text": "asked KIE"}),
        ("close", {"resolution": "their mistake"}),
        ("reopen", {"why": "again"}),
    ],
)
def test_acts_on_cases_need_their_duty_and_stand_in_the_log(act: str, sent: dict[str, str], desk: Desk) -> None:
    case = a_case()
    if act == "reopen":
        boss = desk("reconcile_costs")
        boss.post(f"{HERE}/cases/{case.public_id}/close", {"resolution": "done"})
    before = AuditEvent.objects.filter(action=Action.CASE_CHANGED).count()
    path = f"{HERE}/cases/{case.public_id}/{act}"
    assert desk("see_costs", "import_usage").post(path, sent).status_code == 403
    case.refresh_from_db()
    assert (case.owner, CaseNote.objects.count(), Case.objects.count()) == (None, 0, 1)
    assert AuditEvent.objects.filter(action=Action.CASE_CHANGED).count() == before
    assert desk("see_costs", "reconcile_costs").post(path, sent).status_code == 302
    assert AuditEvent.objects.filter(action=Action.CASE_CHANGED).count() > before


def test_a_case_from_its_opening_to_its_end_and_again(desk: Desk) -> None:
    case = a_case()
    client = desk("see_costs", "reconcile_costs")
    page = f"{HERE}/cases/{case.public_id}"
    assert "No cases" not in client.get(f"{HERE}/cases").content.decode()
    client.post(f"{page}/assign", {"take": "1"})
    client.post(f"{page}/note", {"text": "They say a job of 3 o'clock."})
    client.post(f"{page}/note", {"text": "They say a job of 3 o'clock."})  # a double press
    assert CaseNote.objects.count() == 1
    assert client.post(f"{page}/close", {"resolution": ""}).status_code == 422
    client.post(f"{page}/close", {"resolution": "KIE gave it back"})
    said = client.get(page).content.decode()
    assert "KIE gave it back" in said
    assert "They say a job" in said
    client.post(f"{page}/close", {"resolution": "another end"})
    case.refresh_from_db()
    assert case.resolution == "KIE gave it back"
    assert client.post(f"{page}/reopen", {"why": ""}).status_code == 422
    client.post(f"{page}/reopen", {"why": "it came again"})
    client.post(f"{page}/reopen", {"why": "it came again"})
    new = Case.objects.get(closed_at=None)
    assert (Case.objects.count(), new.subject, new.amount, new.owner) == (2, case.subject, case.amount, case.owner)
    assert "it came again" in client.get(f"{HERE}/cases/{new.public_id}").content.decode()


def test_a_case_is_given_only_to_people_who_may_work_on_it(desk: Desk) -> None:
    case = a_case()
    client, other = desk("see_costs", "reconcile_costs"), desk("see_costs", "reconcile_costs")
    stranger = desk("see_costs")
    page = f"{HERE}/cases/{case.public_id}"
    ids = {name: browser.session["_auth_user_id"] for name, browser in (("other", other), ("stranger", stranger))}
    assert client.post(f"{page}/assign", {"owner": ids["stranger"]}).status_code == 422
    assert client.post(f"{page}/assign", {"owner": ids["other"]}).status_code == 302
    case.refresh_from_db()
    assert str(case.owner_id) == ids["other"]
    assert client.post(f"{page}/assign", {"owner": ""}).status_code == 302
    case.refresh_from_db()
    assert case.owner is None


def test_cases_are_filtered_and_open_ones_come_first(desk: Desk, staff: audit.Staff) -> None:
    old, new = a_case("2026-11-20"), a_case("2026-11-21")
    cases.close(public_id=new.public_id, resolution="done", by=staff)
    client = desk("see_costs", "export_costs")
    rows = table(client, f"{HERE}/cases.csv")
    assert [row["case"] for row in rows] == [old.public_id, new.public_id]
    assert [row["case"] for row in table(client, f"{HERE}/cases.csv?state=closed")] == [new.public_id]
    assert table(client, f"{HERE}/cases.csv?owner=me&kind=theirs_only&provider=fal") == []
    assert client.get(f"{HERE}/cases?kind=odd").status_code == 422
    assert client.get(f"{HERE}/cases/case_{'0' * 32}").status_code == 404


# --- usage imports -----------------------------------------------------------------------------------------------
def handed_in(raw: bytes, **more: str) -> dict[str, Any]:
    day = f"{midnight(1):%Y-%m-%d}"
    return {"provider": "kie", "since": day, "until": day, "file": SimpleUploadedFile("u.csv", raw), **more}


def token_in(answer: Any) -> str:
    return str(answer.context["token"])


def line(task: str, credits: str) -> str:
    return f"{task},{credits},{midnight(1) + timedelta(hours=12):%Y-%m-%d %H:%M:%S},veo3_fast"


def test_an_import_is_looked_at_and_then_taken_once(desk: Desk, make: Callable[..., Generation]) -> None:
    row = yesterday(delivered(make("veo-3.1-fast")))
    raw = csv_file(line(row.provider_task_id or "", "60"), line("foreign", "18"))
    stranger = desk("see_costs", "reconcile_costs")
    assert stranger.post(f"{HERE}/imports/preview", handed_in(raw)).status_code == 403
    client = desk("see_costs", "import_usage")
    answer = client.post(f"{HERE}/imports/preview", handed_in(raw))
    assert answer.status_code == 200
    assert b"foreign" in answer.content
    assert not UsageImport.objects.exists()
    assert stranger.post(f"{HERE}/imports/take", {"token": token_in(answer)}).status_code == 403
    other = desk("see_costs", "import_usage")  # what somebody looked at is taken by nobody else
    assert other.post(f"{HERE}/imports/take", {"token": token_in(answer)}).status_code == 422
    assert not UsageImport.objects.exists()
    taken = client.post(f"{HERE}/imports/take", {"token": token_in(answer)})
    made = UsageImport.objects.get()
    assert taken["Location"] == f"{HERE}/imports/{made.pk}"
    assert b"none of ours" in client.get(taken["Location"]).content
    assert UsageRow.objects.count() == 2
    event = AuditEvent.objects.get(action=Action.USAGE_IMPORTED)
    assert (event.data["rows"], event.data["usd"]) == (2, "0.39")
    assert client.post(f"{HERE}/imports/take", {"token": token_in(answer)}).status_code == 422
    again = client.post(f"{HERE}/imports/preview", handed_in(raw))
    assert again.status_code == 409
    assert b"This file was imported on" in again.content
    assert UsageImport.objects.count() == 1


def test_a_bill_that_lacks_most_of_ours_is_taken_only_with_a_tick(desk: Desk, make: Callable[..., Generation]) -> None:
    for _ in range(2):
        yesterday(delivered(make("veo-3.1-fast")))
    client = desk("see_costs", "import_usage")
    seen = client.post(f"{HERE}/imports/preview", handed_in(csv_file(line("foreign", "18"))))
    assert b"More than half of our generations of this time are missing" in seen.content
    assert b'name="sure"' in seen.content
    refused = client.post(f"{HERE}/imports/take", {"token": token_in(seen)})
    assert refused.status_code == 422
    assert b"2 of our 2 generations of this time are missing in the bill" in refused.content
    assert b'name="sure"' in refused.content
    assert not UsageImport.objects.exists()
    taken = client.post(f"{HERE}/imports/take", {"token": token_in(refused), "sure": "on"})
    assert (taken.status_code, UsageImport.objects.count()) == (302, 1)
    rows = table(desk("see_costs", "export_costs"), f"{HERE}/tasks/ours-only.csv")
    assert [row["amount_usd"] for row in rows] == ["0.3", "0.3"]


def test_an_import_says_how_many_costs_are_set(
    desk: Desk, make: Callable[..., Generation], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [yesterday(delivered(make("veo-3.1-fast"))) for _ in range(2)]
    monkeypatch.setattr(usage, "AT_ONCE", 0)
    made = usage.take(bill(*((row.provider_task_id or "", 300_000) for row in rows)), by="x")
    client = desk("see_costs")
    page = f"{HERE}/imports/{made.pk}"
    assert b"0 of the 2 costs that it says are set; the rest follows" in client.get(page).content
    usage_settle.settle(made)
    assert b"2 of the 2 costs that it says are set." in client.get(page).content


def test_the_list_of_imports_adds_up_each_and_its_file_has_all(desk: Desk, make: Callable[..., Generation]) -> None:
    row = yesterday(delivered(make("veo-3.1-fast")))
    first = usage.take(bill((row.provider_task_id or "", 300_000), ("a", 5), ("b", 7), name="first"), by="x")
    second = usage.take(bill(("a", 5), name="second"), by="x")
    found = {one.row.pk: one for one in balance_pages.imports(Window(9)).rows}
    assert (found[first.pk].ours, found[first.pk].theirs, found[first.pk].theirs_amount) == (1, 2, 12)
    assert (found[second.pk].ours, found[second.pk].theirs, found[second.pk].theirs_amount) == (0, 0, 0)
    pages = list(paging.every(balance_pages.imports, batch=1))
    assert [[one.row.pk for one in page] for page in pages] == [[second.pk], [first.pk]]
    rows = table(desk("see_costs", "export_costs"), f"{HERE}/imports.csv")
    assert [(one["file"], one["ours"], one["theirs_only_micro"]) for one in rows] == [
        ("second", "0", "0"),
        ("first", "1", "12"),
    ]


def test_a_file_with_a_fault_changes_nothing_and_says_where(desk: Desk) -> None:
    client = desk("see_costs", "import_usage")
    answer = client.post(f"{HERE}/imports/preview", handed_in(csv_file(line("a", "18"), line("b", "x"))))
    assert answer.status_code == 422
    assert "Line 3, column &quot;credits&quot;" in answer.content.decode()
    day = f"{midnight():%Y-%m-%d}"
    today = f"a,1,{day} 00:00,m"
    early = client.post(f"{HERE}/imports/preview", handed_in(csv_file(today), since=day, until=day))
    assert early.status_code == 422
    assert b"The period is not over" in early.content
    assert client.post(f"{HERE}/imports/preview", {"provider": "kie"}).status_code == 422
    assert not UsageImport.objects.exists()


def test_the_files_of_an_import_and_of_what_was_never_charged(desk: Desk, make: Callable[..., Generation]) -> None:
    row = yesterday(delivered(make("veo-3.1-fast")))
    made = usage.take(bill((row.provider_task_id or "", 300_000), ("foreign", 90_000)), by="x")
    client = desk("see_costs", "export_costs")
    rows = {one["task_id"]: one for one in table(client, f"{HERE}/imports/{made.pk}.csv")}
    assert rows["foreign"]["generation"] == ""
    assert rows[row.provider_task_id or ""]["generation"] == row.public_id
    (lost,) = table(client, f"{HERE}/tasks/never-charged.csv")
    assert (lost["task_id"], lost["amount_micro"], lost["amount_usd"]) == ("foreign", "90000", "0.09")
