"""invariants.md Appendix D, States, and what else is fixed about a generation, an attempt and an answer."""

from __future__ import annotations

import uuid
from typing import Any

from generations.models import Generation, IdempotencyRecord, PriceVersion, Quote
from project import db, ids
from tests.invariants.refusals import Statement, each, expect_refusal
from tests.invariants.scene import DOLLAR, HOUR, Scene

NEW_TASK = "provider_task_id = 'task-new'"


def _set(assignments: str, table: str = "generations_generation") -> Any:
    """UPDATE of the row that was made before."""
    return lambda scene, row: scene.sql(f"update {table} set {assignments} where id = %s", row.pk)


def _in(status: str, **fields: Any) -> Any:
    return lambda scene: scene.generation(status, **fields)


def _born(**fields: Any) -> Any:
    """INSERT of a generation that is not as new ones are."""

    def does(scene: Scene, _: Any) -> None:
        generation_id = uuid.uuid4()
        hold = scene.hold(reference=ids.public("gen", generation_id))
        scene.unborn(hold=hold, generation_id=generation_id, **fields).save(force_insert=True)

    return does


def _two_running(scene: Scene) -> Generation:
    first, second = scene.generation("running"), scene.generation("submitting")
    second.provider_task_id = first.provider_task_id
    return second


def _same_task(scene: Scene, row: Generation) -> None:
    scene.sql(
        "update generations_generation set status = 'running', provider_task_id = %s where id = %s",
        row.provider_task_id,
        row.pk,
    )


def _quoted(scene: Scene) -> Generation:
    return scene.generation(quote=_quote(scene))


def _quote(scene: Scene) -> Quote:
    return Quote.objects.create(
        team=scene.team,
        model="flux-kontext-pro",
        input={},
        input_hash="0" * 64,
        lines=[],
        price=DOLLAR,
        hold=DOLLAR,
        price_version=scene.version,
        expires_at=db.now() + HOUR,
    )


def _other_quote(scene: Scene, row: Generation) -> None:
    scene.sql("update generations_generation set quote_id = %s where id = %s", _quote(scene).pk, row.pk)


def _other_version(scene: Scene, row: Generation) -> None:
    version = PriceVersion.objects.create(slug="flux-kontext-pro", number=2, rates={}, created_by="t", reason="t")
    scene.sql("update generations_generation set price_version_id = %s where id = %s", version.pk, row.pk)


def _other_hold(scene: Scene, row: Generation) -> None:
    scene.sql("update generations_generation set hold_id = %s where id = %s", scene.hold().pk, row.pk)


def _answered(scene: Scene) -> IdempotencyRecord:
    return IdempotencyRecord.objects.create(team=scene.team, key="k", fingerprint="0" * 64, status=201, body={})


def _fixed(column: str, value: str) -> Statement:
    return Statement(f"{column} changed", "are fixed", _set(f"{column} = {value}"), before=_in("queued"))


def _attempt(name: str, says: str, assignments: str, outcome: str = "in_flight") -> Statement:
    return Statement(
        name,
        says,
        _set(assignments, "generations_attempt"),
        before=lambda scene: scene.attempt(scene.generation(), outcome=outcome),
    )


STATEMENTS = [
    Statement(
        "queued to succeeded",
        "illegal step queued -> succeeded",
        _set("status = 'succeeded', output_count = 1, charged = 1, finished_at = now(), provider_task_id = 't'"),
        before=_in("queued"),
    ),
    Statement(
        "submitting to canceled",
        "illegal step submitting -> canceled",
        _set("status = 'canceled', charged = 0, finished_at = now()"),
        before=_in("submitting"),
    ),
    Statement(
        "leaving a terminal status",
        "illegal step failed -> queued",
        _set("status = 'queued', charged = null, finished_at = null, reason = ''"),
        before=_in("failed"),
    ),
    Statement("born running", "generations start queued and empty", _born(status="running", provider_task_id="t")),
    Statement(
        "running without a task id",
        "generation_running_has_task",
        _set("status = 'running'"),
        before=_in("submitting"),
    ),
    Statement("one task id on two generations", "generation_task_once", _same_task, before=_two_running),
    Statement("task id overwritten", "provider task is write-once", _set(NEW_TASK), before=_in("running")),
    Statement("quote changed", "the quote is fixed", _other_quote, before=_quoted),
    # Beyond Appendix D.
    Statement(
        "task id taken back", "provider task is write-once", _set("provider_task_id = null"), before=_in("running")
    ),
    Statement("born with a task", "generations start queued and empty", _born(provider_task_id="t")),
    Statement("born with outputs", "generations start queued and empty", _born(output_count=1)),
    Statement("born without a next action", "generation_has_next_action", _born(next_action_at=None)),
    Statement("price version changed", "are fixed", _other_version, before=_in("queued")),
    Statement("hold changed", "are fixed", _other_hold, before=_in("queued")),
    _fixed("price", "price + 1"),
    _fixed("hold_amount", "hold_amount + 1"),
    _fixed("model", "'veo-3-1-fast'"),
    _fixed("provider", "'fal'"),
    _fixed("kind", "'text'"),
    _fixed("input", '\'{"prompt": "another"}\''),
    _fixed("lines", "'[1]'"),
    _fixed("input_hash", "repeat('1', 64)"),
    _fixed("requested_outputs", "9"),
    _fixed("id", "gen_random_uuid()"),
    _fixed("team_id", "(select max(id) from accounts_team)"),
    Statement(
        "back to queued without a proof",
        "back to queued only with a proof",
        _set("status = 'queued'"),
        before=_in("submitting"),
    ),
    Statement(
        "open without a next action",
        "generation_has_next_action",
        _set("next_action_at = null"),
        before=_in("running"),
    ),
    Statement(
        "failed without a reason",
        "generation_failed_has_reason",
        _set("status = 'failed', charged = 0, finished_at = now()"),
        before=_in("queued"),
    ),
    Statement(
        "a reason that is not on the list",
        "generation_reason_known",
        _set("status = 'failed', charged = 0, finished_at = now(), reason = 'bored'"),
        before=_in("queued"),
    ),
    Statement(
        "ended without a time",
        "generation_end_is_whole",
        _set("status = 'canceled', charged = 0"),
        before=_in("queued"),
    ),
    Statement("unknown status", "illegal step", _set("status = 'lost'"), before=_in("queued")),
    Statement("charge changed at the end", "stays as it ended", _set("charged = charged - 1"), before=_in("succeeded")),
    Statement("reason changed at the end", "stays as it ended", _set("reason = 'timed_out'"), before=_in("failed")),
    Statement("receipt changed at the end", "stays as it ended", _set("receipt = '{}'"), before=_in("succeeded")),
    Statement("text changed at the end", "stays as it ended", _set("text = 'new'"), before=_in("succeeded")),
    _attempt("attempt of another number", "an attempt is fixed", "number = 2"),
    _attempt("attempt of another token", "an attempt is fixed", "token_hash = decode(repeat('ab', 32), 'hex')"),
    _attempt(
        "attempt accepted then unsent", "illegal outcome accepted -> not_sent", "outcome = 'not_sent'", "accepted"
    ),
    _attempt("attempt unknown then unsent", "illegal outcome unknown -> not_sent", "outcome = 'not_sent'", "unknown"),
    _attempt("attempt refused then accepted", "illegal outcome refused -> accepted", "outcome = 'accepted'", "refused"),
    Statement(
        "second attempt that may have bought",
        "attempt_one_that_may_have_bought",
        lambda scene, row: scene.attempt(row, number=2),
        before=_in("unknown"),
    ),
    Statement(
        "sixth attempt",
        "attempt_at_most_5",
        lambda scene, row: scene.attempt(row, number=6),
        before=_in("queued"),
    ),
    Statement(
        "attempt deleted",
        "generations_attempt is append-only",
        lambda scene, row: scene.sql("delete from generations_attempt"),
        before=_in("submitting"),
    ),
    Statement(
        "stored answer changed",
        "a stored answer does not change",
        _set("status = 402", "generations_idempotencyrecord"),
        before=_answered,
    ),
    Statement(
        "stored answer under another key",
        "a stored answer does not change",
        _set("key = 'other'", "generations_idempotencyrecord"),
        before=_answered,
    ),
]


@each(STATEMENTS)
def test_refused(scene: Scene, statement: Statement) -> None:
    expect_refusal(scene, statement)
