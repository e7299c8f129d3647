"""Rows that the desk of operations shows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django.db import connection

from generations import observation, outcomes
from generations.models import Attempt, Callback, Generation, Reason, RefusedCallback
from generations.providers import base
from tests.pages.conftest import alice as alice  # noqa: PLC0414 - a fixture of the pages
from tests.pages.conftest import browser as browser  # noqa: PLC0414
from tests.pages.conftest import started


def callback_of(generation: Generation, *, number: int = 0, body: bytes = b"", **fields: Any) -> Callback:
    """A callback that was authenticated for its last attempt."""
    attempt = Attempt.objects.filter(generation=generation).latest("number")
    raw = body or f'{{"data": {{"taskId": "{attempt.provider_task_id}", "number": {number}}}}}'.encode()
    return Callback.objects.create(
        attempt=attempt,
        body=raw,
        body_hash=hashlib.sha256(raw).digest(),
        provider_task_id=attempt.provider_task_id or "task",
        **fields,
    )


def refused_callback(generation: Generation | None, *, number: int = 0, body: bytes = b"") -> RefusedCallback:
    """One that was turned away: at an address of a generation, or at none of ours."""
    attempt = Attempt.objects.filter(generation=generation).latest("number") if generation else None
    raw = body or f"forged {number} {RefusedCallback.objects.count()}".encode()
    return RefusedCallback.objects.create(
        provider="kie",
        verdict="altered" if attempt else "forged",
        why="names another task" if attempt else "no such address",
        attempt=attempt,
        head=raw,
        body_hash=hashlib.sha256(raw).digest(),
        ip="203.0.113.7",
    )


def late_result_of(generation: Generation) -> Generation:
    """A queued one that failed at the provider's and whose result came afterwards."""
    started(generation)
    outcomes.fail(generation_id=generation.pk, reason=Reason.TIMED_OUT)
    done = base.Done(sources=["https://results.example/1"], cost=40_000)
    observation.keep_late_result(generation=generation, task_id=generation.provider_task_id or "", done=done)
    generation.refresh_from_db()
    return generation


def plan_of(part: str, work: Callable[[], object]) -> str:
    """How the database does the one statement of `work` that has `part` in it, where it need not walk a whole table."""
    plans = []

    def explained(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        if part in sql:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_seqscan TO off")
                raw = cursor.connection.execute("EXPLAIN " + sql, params).fetchall()
            plans.append("\n".join(line for (line,) in raw))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explained):
        work()
    (plan,) = plans
    assert "Seq Scan" not in plan
    return plan
