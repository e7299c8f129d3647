"""Daily bills that a provider tells itself: asked for until they are there, refused while they lack, given up."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from django.core.management import call_command
from django.db import connection

from generations.models import Case, CaseKind, CaseNote, Chore, Generation, UsageImport
from generations.oversight import balance_chores, bills, unbilled, usage
from generations.oversight.scopes import Scope
from project import db, queue
from tests.oversight.conftest import Desk
from tests.oversight.reconciliation.conftest import bill, midnight, moved
from tests.pages.conftest import delivered
from tests.sandbox_client import SandboxProcess
from tests.world import World

pytestmark = pytest.mark.django_db
Make = Callable[..., Generation]
Clock = Callable[..., None]
HOUR = timedelta(hours=1)


def at_fal(make: Make, days_ago: int = 1, hours: float = 12) -> Generation:
    """A success at fal, handed over and ended on a day."""
    row = delivered(make("qwen-image-edit-plus", image_urls=["https://img.example/a.png"]))
    assert row.provider == "fal"
    moment = midnight(days_ago) + hours * HOUR
    return moved(row, handed=moment, ended=moment + timedelta(minutes=2))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, world: World, settings: Any) -> Callable[..., None]:
    """clock(8, 15): for bills it is 15:00 UTC, eight days from today. Begins at 15:00 today."""
    today = midnight()
    settings.FAL_KEY = settings.FAL_KEY or "id:secret"

    def at(days: int = 0, hour: int = 15) -> None:
        moment = today + timedelta(days=days) + hour * HOUR
        monkeypatch.setattr(bills, "db", SimpleNamespace(now=lambda: moment, in_transaction=db.in_transaction))

    at()
    return at


def test_days_are_due_from_the_first_generation_on_until_a_bill_covers_them(make: Make, clock: Clock) -> None:
    assert bills.due("fal") == []
    at_fal(make, days_ago=3)
    today = midnight().date()
    three = [today - timedelta(days=back) for back in (3, 2, 1)]
    assert bills.due("fal") == three
    clock(0, 3)  # the provider may still write yesterday
    assert bills.due("fal") == three[:-1]
    clock(0, 4)
    assert bills.due("fal") == three
    usage.take(bill(("x", 1), provider="fal", days_ago=2), by="x")
    assert bills.due("fal") == [three[0], three[2]]
    clock(4)
    assert len(bills.due("fal")) == bills.DAYS - 1
    assert bills.due("fal")[0] == today - timedelta(days=3)
    clock(5)
    assert bills.due("fal")[0] == today - timedelta(days=1)


def test_nobody_is_asked_without_a_key_and_kie_never(make: Make, clock: Clock, settings: Any) -> None:
    at_fal(make)
    moved(delivered(make("veo-3.1-fast")), ended=midnight(1))
    assert bills.due("kie") == []
    settings.FAL_KEY = settings.FAL_ADMIN_KEY = None
    assert bills.due("fal") == []


@pytest.mark.django_db(transaction=True)
def test_each_due_day_is_a_job_of_its_own_and_is_tried_again(make: Make, clock: Clock) -> None:
    bills.ring()
    settling = {("generations.tasks.settle_bills", ("kie",)), ("generations.tasks.settle_bills", ("fal",))}
    assert {(job.func, job.args) for job in queue.pending()} == settling
    assert {job.lane for job in queue.pending()} == {"store"}
    at_fal(make, days_ago=2)
    balance_chores.ring()  # what the sweep calls
    assert bills.ring() == 0
    asked = [job for job in queue.pending() if job.func == "generations.tasks.take_bill"]
    assert [job.args for job in asked] == [("fal", str(midnight(2).date())), ("fal", str(midnight(1).date()))]
    assert {job.lane for job in asked} == {"store"}
    with connection.cursor() as cursor:
        cursor.execute("update generations_chore set begun_at = begun_at - interval '4 hours' where name like 'bill_%'")
    assert bills.ring() == 2


def test_a_provider_that_did_not_answer_is_asked_until_it_does(
    make: Make, clock: Clock, sandbox: SandboxProcess, desk: Desk
) -> None:
    at_fal(make, days_ago=2)
    idle = midnight(1).date()
    sandbox.settings(billing_fault="500")
    assert bills.take_day(provider="fal", day=idle) is None
    assert [row.tried_at for row in bills.waiting()] == [None, None]
    Chore.objects.create(name=bills._chore("fal", idle), begun_at=midnight() + 5 * HOUR)
    page = desk("see_costs").get("/admin/reconciliation/balances").content.decode()
    assert f"billing events of {idle}: not there yet, tried {midnight():%Y-%m-%d} 05:00" in re.sub("<[^>]*>", "", page)
    sandbox.settings(billing_fault="")
    taken = bills.take_day(provider="fal", day=idle)
    assert taken is not None
    assert (taken.row_count, taken.covers_from, taken.covers_until) == (0, midnight(1), midnight())
    assert idle not in bills.due("fal")
    assert bills.take_day(provider="fal", day=idle) is None  # the job runs twice
    assert UsageImport.objects.count() == 1


def test_an_empty_bill_of_a_day_with_generations_is_not_there_yet(
    make: Make, clock: Clock, sandbox: SandboxProcess
) -> None:
    row = at_fal(make, hours=23.5)  # near midnight too
    for days in (0, bills.DAYS):
        clock(days)
        assert bills.take_day(provider="fal", day=midnight(1).date()) is None
    assert not UsageImport.objects.exists()
    clock()
    usage.take(bill((row.provider_task_id or "", 1), provider="fal", days_ago=2), by="x")  # another bill names it
    assert bills.take_day(provider="fal", day=midnight(1).date()) is not None


def test_a_bill_that_lacks_most_of_ours_waits_and_is_taken_on_its_last_day(
    make: Make, clock: Clock, sandbox: SandboxProcess
) -> None:
    headers = {"Authorization": "Key sandbox-id:sandbox-secret", "User-Agent": "x"}
    body = {"prompt": "not ours", "image_urls": ["https://img.example/a.png"]}
    answer = httpx.post(f"{sandbox.url}/fal-ai/qwen-image-edit-plus", json=body, headers=headers, trust_env=False)
    sandbox.finish(answer.json()["request_id"])
    at_fal(make, days_ago=0)
    today = midnight().date()
    clock(1)
    assert bills.take_day(provider="fal", day=today) is None
    clock(bills.DAYS, 3)
    assert bills.take_day(provider="fal", day=today) is None
    clock(bills.DAYS, 4)
    taken = bills.take_day(provider="fal", day=today)
    assert taken is not None
    assert set(Case.objects.values_list("kind", flat=True)) == {CaseKind.THEIRS_ONLY, CaseKind.OURS_ONLY}


def test_days_that_run_out_become_one_case(make: Make, clock: Clock) -> None:
    row = at_fal(make, days_ago=1)
    at_fal(make, days_ago=0)
    yesterday, today = midnight(1).date(), midnight().date()
    for day in (yesterday, today, today + timedelta(days=1)):
        Chore.objects.create(name=bills._chore("fal", day), begun_at=midnight())
    clock(bills.DAYS, 3)
    assert bills.give_up("fal") == 0  # its last day is not over
    clock(bills.DAYS, 4)
    assert (bills.give_up("fal"), bills.give_up("fal")) == (1, 0)
    case = Case.objects.get()
    assert (case.kind, case.subject, case.amount) == (CaseKind.OURS_ONLY, bills.SUBJECT, row.expected_cost)
    clock(bills.DAYS + 2, 4)
    assert bills.give_up("fal") == 1  # the idle day is none
    assert not Chore.objects.filter(name__startswith="bill_").exists()
    assert Case.objects.count() == 1
    said = [note.text for note in CaseNote.objects.order_by("pk")]
    assert [str(day) in text for day, text in zip((yesterday, today), said, strict=True)] == [True, True]


def test_a_day_that_somebody_imported_is_no_case(make: Make, clock: Clock) -> None:
    row, other = at_fal(make), at_fal(make)
    Chore.objects.create(name=bills._chore("fal", midnight(1).date()), begun_at=midnight())
    usage.take(bill((row.provider_task_id or "", 1), provider="fal"), by="x")
    assert Case.objects.get().generation == other  # by the bill
    clock(20)
    assert bills.give_up("fal") == 0
    assert Case.objects.count() == 1


# --- midnight ----------------------------------------------------------------------------------------------------
def missing(first: int = 3, last: int = 0) -> list[Generation]:
    return unbilled.rows(unbilled.of_scope(Scope(midnight(first).date(), midnight(last).date())), most=99)


def test_what_ends_at_midnight_is_judged_with_the_next_days_bill(make: Make) -> None:
    late = at_fal(make, days_ago=2, hours=23.9)
    usage.take(bill(("x", 1), provider="fal", days_ago=2), by="x")
    assert not Case.objects.filter(kind=CaseKind.OURS_ONLY).exists()
    assert missing() == []
    judged = usage.preview(bill((late.provider_task_id or "", 1), provider="fal"))
    assert (judged.ours, judged.ours_only_count) == (1, 0)
    usage.take(bill(("y", 1), provider="fal"), by="x", sure=True)
    assert Case.objects.get(kind=CaseKind.OURS_ONLY).generation == late
    assert missing() == [late]
    assert missing(1) == []  # it ended the day before
    usage.take(bill((late.provider_task_id or "", 1), provider="fal", name="late"), by="x")
    assert missing() == []
    assert CaseNote.objects.filter(text="late names it.").count() == 1


def test_bills_may_come_in_any_order(make: Make) -> None:
    late = at_fal(make, days_ago=2, hours=23.9)
    usage.take(bill(("y", 1), provider="fal"), by="x")
    assert usage.preview(bill(("x", 1), provider="fal", days_ago=2)).ours_only_count == 1
    usage.take(bill(("x", 1), provider="fal", days_ago=2), by="x", sure=True)
    assert Case.objects.get(kind=CaseKind.OURS_ONLY).generation == late


def test_across_a_day_without_a_bill_nobody_can_tell(make: Make) -> None:
    at_fal(make, days_ago=3, hours=23.9)
    at_fal(make, days_ago=1, hours=0.1)
    at_fal(make, days_ago=2)
    seen = at_fal(make, days_ago=1, hours=1.1)
    for days_ago in (3, 1):
        usage.take(bill((f"x{days_ago}", 1), provider="fal", days_ago=days_ago), by="x", sure=True)
    assert missing() == [seen]
    assert unbilled.total(unbilled.of_scope(Scope(midnight(3).date(), midnight().date()))) == (1, seen.expected_cost)
    assert unbilled.of_scope(Scope(midnight(3).date(), midnight().date(), "kie")) == []


def test_files_have_all_that_is_missing_however_many_at_once(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [at_fal(make, hours=2 + number) for number in range(3)]
    moved(rows[2], handed=rows[1].submitted_at, ended=rows[1].finished_at)  # two at one moment
    usage.take(bill(("x", 1), provider="fal"), by="x", sure=True)
    monkeypatch.setattr(unbilled, "ROUND", 1)
    day = midnight(1).date()
    batches = list(unbilled.batches(unbilled.of_scope(Scope(day, day))))
    assert [len(batch) for batch in batches] == [1, 1, 1]
    assert [batch[0] for batch in batches] == missing()
    assert {batch[0].pk for batch in batches} == {row.pk for row in rows}


# --- the command -------------------------------------------------------------------------------------------------
def test_the_command_takes_bills_and_prints_the_verdicts(
    make: Make, clock: Clock, sandbox: SandboxProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    at_fal(make, days_ago=2)
    delivered(make("veo-3.1-fast"))
    call_command("reconcile", days=0)
    said = capsys.readouterr().out
    assert f"fal: the bill of {midnight(2):%Y-%m-%d} is not there yet" in said
    assert f"fal: the bill of {midnight(1):%Y-%m-%d} is taken, 0 rows" in said
    line = next(line.split() for line in said.splitlines() if line.startswith("kie") and "unknown" in line)
    assert line == ["kie", "unknown", "1", "0.3", "0.3", "0"]
