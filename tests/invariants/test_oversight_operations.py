"""What the database refuses of pauses, refused callbacks and runs of the checks."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, transaction

from billing.models import LedgerCheck
from generations.models import Pause, RefusedCallback


def pause(**fields: Any) -> Pause:
    given = {"scope": "model", "name": "veo-3.1-fast", "note": "n", "reason": "r", "paused_by": "user:1"}
    return Pause.objects.create(**{**given, **fields})


def refused(**fields: Any) -> RefusedCallback:
    given = {"provider": "kie", "verdict": "forged", "why": "no such address", "body_hash": b"x" * 32, "head": b""}
    return RefusedCallback.objects.create(**{**given, **fields})


def test_a_second_open_pause_of_the_same_is_refused(db: None) -> None:
    first = pause()
    with pytest.raises(DatabaseError, match="pause_one_open"), transaction.atomic():
        pause()
    pause(name="flux-kontext-pro")
    Pause.objects.filter(pk=first.pk).update(resumed_at=first.paused_at, resumed_by="user:1")
    pause()
    assert Pause.objects.filter(resumed_at=None).count() == 2


def test_a_pause_of_anything_but_a_provider_or_model_is_refused(db: None) -> None:
    with pytest.raises(DatabaseError, match="pause_scope_known"), transaction.atomic():
        pause(scope="team")


def test_a_refused_callback_stands_once(db: None) -> None:
    refused()
    with pytest.raises(DatabaseError, match="refused_callback_once"), transaction.atomic():
        refused()  # without an attempt too: two nothings are the same
    refused(why="names no task")


def test_a_refused_callback_is_forged_or_altered(db: None) -> None:
    with pytest.raises(DatabaseError, match="refused_callback_verdict_known"), transaction.atomic():
        refused(verdict="valid")


@pytest.mark.parametrize("column", ["took_ms", "checks"])
def test_a_run_of_the_checks_has_whole_numbers(column: str, db: None) -> None:
    with pytest.raises(DatabaseError, match=f"{column}_check"), transaction.atomic():
        LedgerCheck.objects.create(**{"took_ms": 1, "checks": 1, column: -1})
