"""What the database keeps of balances, bills and cases (generations 0012, 0014, 0017): told once, never changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from generations.models import (
    BalanceDay,
    BalanceReading,
    Case,
    CaseNote,
    ProviderTopUp,
    UsageImport,
    UsageRow,
)
from project import db
from tests.invariants.scene import Scene

Make = Callable[..., Any]


def _reading(**more: Any) -> BalanceReading:
    return BalanceReading.objects.create(**{"provider": "kie", "amount": 5, "source": "endpoint", **more})


def _top_up(**more: Any) -> ProviderTopUp:
    given = {"provider": "kie", "amount": 5, "paid_at": db.now(), "note": "an invoice", "recorded_by": "user:1"}
    return ProviderTopUp.objects.create(**{**given, **more})


def _day(**more: Any) -> BalanceDay:
    now = db.now()
    given = {"provider": "kie", "day": now.date(), "opened_at": now - timedelta(days=1), "opened_with": 100}
    sums = {"closed_at": now, "closed_with": 60, "topped_up": 10, "known": 45, "gap": 5}
    return BalanceDay.objects.create(**{**given, **sums, **more})


def _import(**more: Any) -> UsageImport:
    now = db.now()
    given = {"provider": "kie", "file_name": "a.csv", "sha256": "a" * 64, "row_count": 1, "amount": 5}
    period = {"covers_from": now - timedelta(days=1), "covers_until": now, "imported_by": "user:1"}
    return UsageImport.objects.create(**{**given, **period, **more})


def _row(**more: Any) -> UsageRow:
    bill = more.pop("usage_import", None) or UsageImport.objects.first() or _import()
    given = {"usage_import": bill, "provider": "kie", "task_id": "t", "amount": 5, "charged_at": db.now()}
    return UsageRow.objects.create(**{**given, **more})


def _case(**more: Any) -> Case:
    given = {"provider": "kie", "kind": "balance_gap", "subject": "2026-11-21", "amount": 5}
    return Case.objects.create(**{**given, **more})


def _closed(**more: Any) -> Case:
    return _case(closed_at=db.now(), closed_by="user:1", resolution="done", **more)


def _note(**more: Any) -> CaseNote:
    return CaseNote.objects.create(**{"case": _case(), "text": "found out", **more})


def _settled(scene: Scene) -> None:
    """Checks that are pending are made now: they would refuse a TRUNCATE before any guard does."""
    scene.sql("set constraints all immediate")
    scene.sql("set constraints all deferred")


TABLES: dict[str, Make] = {
    "generations_balancereading": _reading,
    "generations_providertopup": _top_up,
    "generations_balanceday": _day,
    "generations_usageimport": _import,
    "generations_usagerow": _row,
    "generations_case": _closed,
    "generations_casenote": _note,
}


@pytest.mark.parametrize(
    ("says", "makes"),
    [
        ("balance_reading_source_known", lambda: _reading(source="rumour")),
        ("balance_reading_once", lambda: [_reading(source="callback", reference="callback:1") for _ in range(2)]),
        ("provider_top_up_amount", lambda: _top_up(amount=0)),
        ("balance_day_once", lambda: [_day(), _day()]),
        ("balance_day_adds_up", lambda: _day(gap=6)),
        ("balance_day_has_length", lambda: _day(closed_at=db.now() - timedelta(days=2))),
        ("usage_import_once", lambda: [_import(), _import()]),
        ("usage_import_has_length", lambda: _import(covers_until=db.now() - timedelta(days=2))),
        ("usage_row_once", lambda: [_row(), _row()]),
        ("usage_row_amount", lambda: _row(amount=-1)),
        ("case_kind_known", lambda: _case(kind="odd")),
        ("case_one_open", lambda: [_case(), _case()]),
        ("case_closed_with_a_resolution", lambda: _case(closed_at=db.now())),
        ("case_closed_with_a_resolution", lambda: _case(resolution="done")),
        ("case_closed_with_a_resolution", lambda: _case(closed_at=db.now(), closed_by="user:1")),
    ],
)
def test_rows_that_cannot_be(scene: Scene, says: str, makes: Make) -> None:
    with pytest.raises(DatabaseError, match=says), transaction.atomic():
        makes()


def test_what_may_stand_beside_each_other(scene: Scene) -> None:
    for amount in (1, 2):
        _reading(amount=amount)  # the endpoint's have no reference
    _day(provider="fal")
    _day()
    _import(sha256="b" * 64)
    _import(provider="fal", sha256="b" * 64)
    _closed()
    _closed()
    _case()


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("generations_balancereading", "amount = 6"),
        ("generations_providertopup", "amount = 6"),
        ("generations_balanceday", "made_at = now()"),
        ("generations_usageimport", "amount = 6"),
        ("generations_usagerow", "amount = 6"),
        ("generations_usagerow", "task_id = 'other'"),
        ("generations_case", "amount = 6"),
        ("generations_case", "resolution = 'another'"),
        ("generations_case", "closed_at = null, closed_by = '', resolution = ''"),
        ("generations_casenote", "text = 'changed'"),
    ],
)
def test_what_was_told_is_not_changed(scene: Scene, table: str, change: str) -> None:
    TABLES[table]()
    with pytest.raises(DatabaseError, match="append-only|stays as it"), transaction.atomic():
        scene.sql(f"update {table} set {change}")


@pytest.mark.parametrize("table", [name for name in TABLES if name != "generations_balancereading"])
@pytest.mark.parametrize("act", ["delete from {}", "truncate {} cascade"])
def test_what_was_told_is_not_deleted(scene: Scene, table: str, act: str) -> None:
    TABLES[table]()
    _settled(scene)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        scene.sql(act.format(table))


def test_readings_are_forgotten_one_by_one_never_all_at_once(scene: Scene) -> None:
    row = _reading()
    with pytest.raises(DatabaseError), transaction.atomic():
        scene.sql("truncate generations_balancereading")
    row.delete()


def test_a_row_of_usage_finds_its_generation_once(scene: Scene) -> None:
    first, second = scene.generation(), scene.generation()
    row = _row()
    scene.sql("update generations_usagerow set generation_id = %s where id = %s", first.pk, row.pk)
    for other in (second.pk, None):
        with pytest.raises(DatabaseError, match="found once"), transaction.atomic():
            scene.sql("update generations_usagerow set generation_id = %s where id = %s", other, row.pk)


def test_an_open_case_changes_its_owner_and_ends(scene: Scene) -> None:
    row = _case()
    for change in ("provider = 'fal'", "kind = 'theirs_only'", "subject = 'x'", "opened_at = now()"):
        with pytest.raises(DatabaseError, match="stays as it was"), transaction.atomic():
            scene.sql(f"update generations_case set {change}")
    row.closed_at, row.closed_by, row.resolution = db.now(), "user:1", "done"
    row.save()
