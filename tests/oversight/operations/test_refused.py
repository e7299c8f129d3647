"""Callbacks that are turned away: kept for staff, bounded, and nothing of it shows to the caller."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from generations import claims, submission, sweeps
from generations.models import Callback, Generation, RefusedCallback
from generations.oversight import refused
from generations.providers import base
from project import db

Make = Callable[..., Generation]
BODY = b'{"data": {"taskId": "mine"}}'


@pytest.fixture
def address(make: Make, settings: Any) -> str:
    """The callback address of a running generation whose task is "mine"; no signatures are asked for."""
    settings.KIE_WEBHOOK_KEY = ""
    make()
    claimed = claims.claim(provider="kie")
    assert claimed is not None
    submission.settle_attempt(claimed, base.Accepted(task_id="mine"), provider="kie")
    return f"/callbacks/kie/{claimed.token}"


def send(address: str, body: bytes = BODY, **headers: str) -> Any:
    return Client().post(address, body, content_type="application/json", headers=headers)


def test_no_address_of_ours_is_forged(db: None) -> None:
    for address in ("/callbacks/kie/" + "0" * 32, "/callbacks/kie/short", "/callbacks/nobody/" + "0" * 32):
        assert send(address).status_code == 404
    rows = RefusedCallback.objects.order_by("id")
    assert [(row.provider, row.verdict, row.why, row.deliveries) for row in rows] == [
        ("kie", "forged", "no such address", 2),
        ("other", "forged", "no such address", 1),
    ]
    assert bytes(rows[0].head) == BODY
    assert rows[0].ip == "127.0.0.1"
    assert rows[0].attempt is None


def test_another_task_at_our_address_is_altered(address: str) -> None:
    assert send(address, b'{"data": {"taskId": "another"}}').status_code == 404
    assert send(address, b"no json").status_code == 404
    assert send(address).status_code == 200
    assert list(RefusedCallback.objects.order_by("id").values_list("verdict", "why")) == [
        ("altered", "names another task"),
        ("altered", "names no task"),
    ]
    assert RefusedCallback.objects.first().attempt is not None  # type: ignore[union-attr]
    assert Callback.objects.count() == 1


def test_a_signature_that_does_not_fit_is_altered(address: str, settings: Any) -> None:
    settings.KIE_WEBHOOK_KEY = "key"
    assert send(address).status_code == 401
    assert send(address, **{"X-Webhook-Timestamp": "1", "X-Webhook-Signature": "x"}).status_code == 401
    row = RefusedCallback.objects.get()
    assert (row.verdict, row.why, row.deliveries) == ("altered", "the signature is missing, wrong or old", 2)


def test_only_the_beginning_is_kept_and_told_apart_by_the_whole(address: str) -> None:
    whole = b"x" * 5_000
    send("/callbacks/kie/" + "0" * 32, whole)
    send("/callbacks/kie/" + "0" * 32, whole + b"y")
    rows = list(RefusedCallback.objects.all())
    assert [len(row.head) for row in rows] == [2048, 2048]
    assert {bytes(row.body_hash) for row in rows} == {hashlib.sha256(body).digest() for body in (whole, whole + b"y")}


def test_beyond_a_number_an_hour_they_are_only_counted(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refused, "ROWS_AN_HOUR", 3)
    for number in range(6):
        assert send("/callbacks/kie/" + "0" * 32, f"{number}".encode()).status_code == 404
    assert send(address, b"no json").status_code == 404
    assert send("/callbacks/kie/" + "0" * 32, b"0").status_code == 404  # known: counted on its own row
    rows = RefusedCallback.objects.order_by("id")
    assert [(bytes(row.head), row.why, row.deliveries) for row in rows] == [
        (b"0", "no such address", 2),
        (b"1", "no such address", 1),
        (b"2", "no such address", 1),
        (b"", "no such address", 3),
        (b"", "names no task", 1),
    ]
    hour = timedelta(hours=1)
    for row in rows:
        RefusedCallback.objects.filter(pk=row.pk).update(first_at=row.first_at - hour, last_at=row.last_at - hour)
    send("/callbacks/kie/" + "0" * 32, b"later")
    assert bytes(RefusedCallback.objects.latest("id").head) == b"later"


def test_a_database_that_refuses_changes_no_answer(address: str, settings: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE generations_refusedcallback ADD CONSTRAINT never CHECK (false) NOT VALID")
    assert send("/callbacks/kie/" + "0" * 32).status_code == 404
    assert send(address, b'{"data": {"taskId": "another"}}').status_code == 404
    settings.KIE_WEBHOOK_KEY = "key"
    assert send(address).status_code == 401
    assert not RefusedCallback.objects.exists()


def test_every_refusal_takes_the_same_statements(address: str, settings: Any) -> None:
    """Whether an address is ours shows neither in the answer nor in what is done for it."""
    kinds = set()
    for path, body in (("/callbacks/kie/" + "0" * 32, BODY), (address, b"no json"), (address, b'{"taskId": "else"}')):
        with CaptureQueriesContext(connection) as queries:
            answer = send(path, body)
        kinds.add((answer.status_code, tuple(query["sql"].split()[0] for query in queries)))
    assert len(kinds) == 1
    answers = {tuple(sorted(json.loads(send(path).content))) for path in ("/callbacks/kie/" + "0" * 32,)}
    assert len(answers) == 1


def test_what_is_old_is_pruned(db: None) -> None:
    send("/callbacks/kie/" + "0" * 32, b"old")
    send("/callbacks/kie/" + "0" * 32, b"new")
    old = RefusedCallback.objects.earliest("id")
    RefusedCallback.objects.filter(pk=old.pk).update(last_at=_now() - timedelta(days=31))
    assert sweeps.sweep()["refused"] == 1
    assert bytes(RefusedCallback.objects.get().head) == b"new"


def _now() -> Any:
    return db.now()
