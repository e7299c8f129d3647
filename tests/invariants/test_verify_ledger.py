"""verify_ledger sees every lie, stops new generations, and lets a person clear the alarm (invariants.md section 9)."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from accounts.models import ApiKey
from billing import budgets, holds, reconcile
from billing.models import LedgerAlarm, LedgerCheck, Period
from generations import intake, sweeps
from generations.books import CHECKS
from generations.books import checks as recent_checks
from generations.models import Chore, Generation
from generations.oversight import books_runs
from project import db, queue
from project.errors import Unavailable
from tests.invariants.lies import LIES, Lie
from tests.invariants.refusals import ALL_CHECKS
from tests.invariants.scene import DOLLAR, HOUR, Scene
from tests.invariants.steps import accept, claim, render, request
from tests.world import World

ROOT = Path(__file__).resolve().parent.parent.parent
NAMES = [name for name, _ in ALL_CHECKS]
PROMPT = {"prompt": "a harbor"}


@pytest.fixture
def books(scene: Scene) -> Scene:
    """Every kind of row that the checks look at: open and settled holds, a budget, ended and open generations."""
    key = ApiKey.objects.create(
        team=scene.team, name="k", lookup="12345678", scopes=["read"], expires_at=db.now() + HOUR
    )
    budgets.set_limit(by="test", team=scene.team, api_key=key, period=Period.DAY, limit=5 * DOLLAR)
    for number in range(2):
        hold = holds.hold(
            team=scene.team,
            reference=f"test_{number}",
            amount=DOLLAR,
            expires_at=db.now() + HOUR,
            actor="test",
            api_key=key,
        )
    holds.settle(hold_id=hold.pk, capture=DOLLAR // 2, actor="test", reason="test")
    for status in ("queued", "running", "succeeded", "failed"):
        scene.generation(status)
    scene.topup()
    scene.upload()
    assert reconcile.failures(ALL_CHECKS) == []
    return scene


def plant(lie: Lie) -> None:
    """Tells it, past every trigger, as only a superuser can."""
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("set local session_replication_role = replica")
        for statement in lie.tells:
            cursor.execute(statement)
            assert cursor.rowcount, f"told nothing: {statement}"
        cursor.execute("set local session_replication_role = origin")


def test_every_check_has_its_lie() -> None:
    assert sorted(lie.check for lie in LIES) == sorted(NAMES)
    assert len(set(NAMES)) == len(NAMES)


def test_every_lie_of_today_is_seen_by_a_run_of_the_recent_days(books: Scene) -> None:
    """Whichever days are read, the names are the same and so is what is wrong today."""
    recent = recent_checks(since=db.now().date() - timedelta(days=2))
    assert [name for name, _ in reconcile.CHECKS + recent] == NAMES
    assert reconcile.failures(recent) == []
    for lie in LIES:
        if lie.check in {name for name, query in recent if (name, query) not in CHECKS}:
            with transaction.atomic():
                plant(lie)
                assert lie.check in reconcile.failures(recent)
                transaction.set_rollback(True)


@pytest.mark.parametrize("lie", LIES, ids=[lie.check.replace(" ", "-") for lie in LIES])
def test_a_lie_is_seen(books: Scene, lie: Lie) -> None:
    plant(lie)
    assert lie.check in reconcile.failures(ALL_CHECKS)


def test_L3_an_entry_deleted_by_a_superuser_is_seen(books: Scene) -> None:
    plant(Lie("", ["delete from billing_entry where id = (select max(id) from billing_entry)"]))
    broken = reconcile.failures(ALL_CHECKS)
    assert "the sum of all entries is 0" in broken
    assert "each transfer has exactly two entries, of its amount, summing to 0" in broken


def _tell(*statements: str) -> None:
    """A committed lie."""
    with connection.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("set session_replication_role = origin")


def _verify(*arguments: str) -> str:
    out = io.StringIO()
    call_command("verify_ledger", *arguments, stdout=out)
    return out.getvalue()


def test_the_alarm_stops_new_generations_and_a_person_clears_it(committed_world: World) -> None:
    """503 ledger_alarm for what is new; what is under way goes on; clearing waits until the books are right."""
    actor = committed_world.actor()
    running = accept(actor, "flux-kontext-pro", PROMPT)
    _tell("update billing_account set balance = balance + 1 where kind = 'available'")
    with pytest.raises(CommandError, match="2 of .* checks do not hold"):
        _verify()
    with pytest.raises(Unavailable) as refused:
        accept(actor, "flux-kontext-pro", PROMPT)
    assert (refused.value.status, refused.value.code) == (503, "ledger_alarm")
    assert refused.value.headers["Retry-After"] == "300"
    assert Generation.objects.count() == 1
    with pytest.raises(CommandError):
        _verify("--clear-alarm-as", "grace")
    assert LedgerAlarm.objects.get().cleared_at is None  # still one, still open
    assert claim().generation_id == running.pk

    _tell("update billing_account set balance = balance - 1 where kind = 'available'")
    assert "BROKEN" not in _verify()
    with pytest.raises(Unavailable):
        accept(actor, "flux-kontext-pro", PROMPT)  # sound books alone do not clear it
    assert "alarms cleared: 1" in _verify("--clear-alarm-as", "grace")
    assert accept(actor, "flux-kontext-pro", PROMPT).status == "queued"
    assert LedgerAlarm.objects.get().cleared_by == "grace"


def test_a_stopped_request_leaves_nothing_behind_its_key(committed_world: World) -> None:
    """The 503 is no answer to keep: the same key works once the alarm is cleared."""
    LedgerAlarm.objects.create(broken=["test"])
    wanted = request("flux-kontext-pro", PROMPT, key="again")
    with pytest.raises(Unavailable):
        intake.accept(actor=committed_world.actor(), request=wanted, render=render)
    reconcile.clear(by="grace")
    row, answer = intake.accept(actor=committed_world.actor(), request=wanted, render=render)
    assert row is not None
    assert answer.status == 201


def test_the_books_are_checked_every_5_minutes(committed_world: World) -> None:
    _tell("update billing_account set balance = balance + 1 where kind = 'available'")
    assert sweeps.sweep()["books"] == 2  # of the recent days, and this night's of all
    queue.run_pending()
    assert sweeps.sweep()["books"] == 0
    assert [len(row.broken) for row in LedgerCheck.objects.all()] == [2, 2]
    assert LedgerAlarm.objects.count() == 1
    Chore.objects.filter(name="books").update(begun_at=db.now() - books_runs.EVERY)
    assert sweeps.sweep()["books"] == 1
    queue.run_pending()
    assert LedgerCheck.objects.count() == 3
    assert LedgerAlarm.objects.count() == 1  # one open alarm, however often


def _manage(*arguments: str) -> subprocess.CompletedProcess[str]:
    """manage.py in a process of its own, on the test database."""
    of: dict[str, Any] = connection.settings_dict
    environment = os.environ | {
        "FRAMEHOUSE_MODE": "test",
        "DATABASE_URL": f"postgres://{of['USER']}@:{of['PORT']}/{of['HOST']}/{of['NAME']}",
    }
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.slow
def test_the_command_exits_zero_only_when_every_check_holds(committed_world: World) -> None:
    accept(committed_world.actor(), "flux-kontext-pro", PROMPT)
    sound = _manage("verify_ledger")
    assert (sound.returncode, sound.stdout.count("ok    ")) == (0, len(ALL_CHECKS)), sound.stderr
    _tell("update billing_account set balance = balance + 1 where kind = 'available'")
    lied = _manage("verify_ledger")
    assert lied.returncode == 1
    assert "BROKEN a team account's balance is the sum of its entries" in lied.stdout
    assert lied.stdout.count("BROKEN") == 2
    assert "new generations are stopped" in lied.stderr
