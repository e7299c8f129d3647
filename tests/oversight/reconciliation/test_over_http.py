"""What a provider took and nobody knows of shows, over real HTTP: lost jobs, a stranger's, and the days without."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import httpx
import pytest
from django.db.models.functions import Now

from generations import sweeps
from generations.models import BalanceDay, BalanceReading, Case, CaseKind, Generation, UsageRow
from generations.oversight import balance_days, balances, bills, reconciled, usage
from generations.oversight.scopes import Scope
from project import db
from tests.flows.asking import again, ask
from tests.jobs import Jobs
from tests.oversight.reconciliation.conftest import midnight, parsed, reading, yesterday
from tests.sandbox_client import SandboxProcess
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def with_our_key(sandbox: SandboxProcess, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """A job that somebody else makes with our key."""
    scheme = "Key sandbox-id:sandbox-secret" if path.startswith("/fal") else "Bearer sandbox-key"
    headers = {"Authorization": scheme, "User-Agent": "x"}
    answer: dict[str, Any] = httpx.post(f"{sandbox.url}{path}", json=body, headers=headers, trust_env=False).json()
    return answer


def lost(world: World, jobs: Jobs) -> Generation:
    """Made and billed; the answer and the callback are lost, and its deadline has passed."""
    generation = ask(world, prompt="[[lost-answer]] [[lost-callback]] a dog")
    jobs.drain()
    Generation.objects.filter(pk=generation.pk).update(deadline_at=Now())
    sweeps.sweep()
    return again(generation.pk)


def balance(provider: str = "kie") -> int:
    found = balances.read(provider)
    assert found is not None
    return found.amount


def compared(opened_with: int, provider: str = "kie") -> BalanceDay:
    """Yesterday's day between these balances and the present one."""
    reading(opened_with, midnight(1), provider=provider)
    reading(balance(provider), midnight(), provider=provider)
    row = balance_days.close_day(provider=provider, day=midnight(1).date())
    assert row is not None
    return row


def test_a_day_whose_charges_are_all_known_has_no_gap(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    before = balance()
    made = [
        ask(committed_world),
        ask(committed_world, "nano-banana-edit"),
        ask(committed_world, prompt="[[fail]] a cat"),
    ]
    jobs.until(*(row.pk for row in made))
    for row in made:
        yesterday(row)
    day = compared(before)
    assert (day.gap, day.known) == (0, 300_000 + 20_000)
    assert not Case.objects.exists()


def test_a_lost_job_and_a_strangers_are_the_gap(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    before = balance()
    good, gone = ask(committed_world), lost(committed_world, jobs)
    jobs.until(good.pk)
    assert (gone.status, gone.cost_verdict) == ("failed", "unattributed")
    answer = with_our_key(
        sandbox, "/api/v1/jobs/createTask", {"model": "nano-banana-pro", "input": {"prompt": "not ours"}}
    )
    for row in (good, gone):
        yesterday(row)
    day = compared(before)
    assert day.known == 300_000
    assert day.gap == 300_000 + 18 * 5_000
    case = Case.objects.get()
    assert (case.kind, case.amount, case.subject) == ("balance_gap", day.gap, str(day.day))
    (note,) = case.notes.all()
    assert "1 generation of that time ended with an unknown outcome and may have cost 0.3 USD" in note.text

    # Their bill tells the two apart.
    (made,) = sandbox.tasks(prompt="lost-answer")
    since, noon = midnight(1), f"{midnight(1):%Y-%m-%d} 12:00"
    lines = [f"{made['id']},60,{noon}", f"{answer['data']['taskId']},18,{noon}"]
    raw = "\n".join(["task id,credits,time", *lines]).encode()
    bill = usage.bill_of(provider="kie", name="kie.csv", raw=raw, since=since, until=midnight(), rows=parsed(raw))
    usage.take(bill, by="x", sure=True)
    period = Scope(since.date(), since.date())
    assert [(row.task_id, row.amount) for row in reconciled.never_charged(period)] == [
        (made["id"], 300_000),
        (answer["data"]["taskId"], 90_000),
    ]
    assert reconciled.never_charged_total(period) == (2, day.gap)


def test_the_hour_is_read_by_a_job_and_each_callback_tells_once(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    sweeps.sweep()
    sweeps.sweep()
    jobs.drain()
    assert {row.provider for row in BalanceReading.objects.all()} == {"kie", "fal"}
    assert BalanceReading.objects.count() == 2
    made = ask(committed_world, "nano-banana-edit", prompt="[[duplicate-callback]] a hat")
    jobs.until(made.pk)
    sandbox.wait_for_callbacks(2)
    jobs.drain(repeat=2)
    told = BalanceReading.objects.get(source="callback")
    assert told.amount == sandbox.stats()["balance"] * 5_000
    assert told.amount == balance() == 1_000_000 * 5_000 - 20_000
    newest = balances.latest("kie")
    assert newest is not None
    assert newest.source == "endpoint"


def test_fals_own_events_find_a_strangers_request(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    before = balance("fal")
    made = ask(committed_world, "qwen-image-edit-plus")
    jobs.until(made.pk)
    stranger = with_our_key(
        sandbox, "/fal-ai/qwen-image-edit-plus", {"prompt": "not ours", "image_urls": ["https://img.example/a.png"]}
    )
    task = stranger["request_id"]
    sandbox.finish(task)
    today = db.now().astimezone(UTC).date()
    taken = bills.take_day(provider="fal", day=today)
    assert taken is not None
    assert taken.row_count == 2
    ours, theirs = again(made.pk), UsageRow.objects.get(generation=None)
    assert theirs.task_id == task
    assert UsageRow.objects.get(generation=made).amount == ours.actual_cost
    case = Case.objects.get()
    assert (case.kind, case.subject, case.amount) == (CaseKind.THEIRS_ONLY, task, theirs.amount)
    assert bills.take_day(provider="fal", day=today) is None  # the job runs twice
    assert UsageRow.objects.count() == 2

    yesterday(made)
    day = compared(before, "fal")
    assert abs(day.gap - theirs.amount) <= 1  # the balance is rounded to a micro-dollar, each request up


@pytest.mark.parametrize("fault", ["admin-key", "500", "html", "nonsense"])
def test_a_provider_that_does_not_tell_is_no_reading(
    sandbox: SandboxProcess, fault: str, transactional_db: None
) -> None:
    sandbox.settings(billing_fault=fault)
    for provider in ("kie", "fal"):
        assert balances.read(provider) is None
    assert bills.take_day(provider="fal", day=db.now().date()) is None
    assert not BalanceReading.objects.exists()


def test_without_a_key_nobody_is_asked(sandbox: SandboxProcess, settings: Any, transactional_db: None) -> None:
    settings.KIE_API_KEY = settings.FAL_KEY = None
    settings.KIE_API_BASE = settings.FAL_API_BASE = "http://127.0.0.1:9"
    assert balances.read("kie") is balances.read("fal") is None
