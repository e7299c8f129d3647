"""A few days of every sort of end: two teams, keys and browsers, both providers, and known provider charges."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection

from accounts import keys, roles
from accounts.actors import Actor
from accounts.models import ApiKey
from generations import idempotency, intake, observation, outcomes, uploads
from generations.models import Generation, Output, Reason
from generations.providers import base
from project import db
from tests.pages.conftest import doubted, picture, started
from tests.world import World


def accept(actor: Actor, slug: str, **data: Any) -> Generation:
    made, _ = intake.accept(
        actor=actor,
        request=intake.Request(model=slug, input={"prompt": "a dog", **data}),
        render=lambda row: idempotency.Answer(201, {}, {}),
    )
    assert made is not None
    return made


def deliver(made: Generation, *, outputs: int = 1, text: str = "", cost: int | None = None) -> Generation:
    """To its success, with the provider's own charge where it is told."""
    started(made)
    sources = [f"https://results.example/{index}" for index in range(outputs)] if not text else []
    observation.finish(generation_id=made.pk, done=base.Done(sources=sources, text=text, cost=cost))
    for index in range(len(sources)):
        Output.objects.create(
            generation=made,
            team_id=made.team_id,
            index=index,
            kind=made.kind,
            name=f"teams/{made.pk}/{index}",
            content_type="image/png",
            bytes=1,
            sha256="0" * 64,
            width=1,
            height=1,
        )
    outcomes.succeed(generation_id=made.pk)
    made.refresh_from_db()
    return made


def bill(made: Generation, amount: int) -> None:
    """The provider's bill comes after the end."""

    def work() -> None:
        row = Generation.objects.select_for_update().get(pk=made.pk)
        assert outcomes.bill_locked(row, amount=amount, actor="test", source="a bill")

    db.in_transaction(work)
    made.refresh_from_db()


def late(made: Generation, cost: int) -> None:
    """A result that comes after the end: it cost something, and is charged to nobody."""
    done = base.Done(sources=["https://results.example/late"], cost=cost)
    assert observation.keep_late_result(generation=made, task_id=uuid.uuid4().hex, done=done)
    made.refresh_from_db()


def ended_at(made: Generation, moment: datetime, captured: datetime | None = None) -> None:
    """As if it had ended then (and had been captured at another moment), past the guards; `recount` after the last."""
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate; set local session_replication_role = replica")
        given = (captured or moment, made.hold_id)
        for table in ("billing_entry", "billing_transfer"):
            mine = "transfer_id in (select id from billing_transfer where hold_id = %s and kind <> 'hold')"
            mine = mine if table == "billing_entry" else "hold_id = %s and kind <> 'hold'"
            cursor.execute(f"update {table} set created_at = %s where {mine}", given)
        cursor.execute("update generations_generation set finished_at = %s where id = %s", (moment, made.pk))
        cursor.execute("set local session_replication_role = origin; set constraints all deferred")
    made.refresh_from_db()


def recount() -> None:
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate; select generations_recount_costs()")
        cursor.execute("set constraints all deferred")


def noon(days_ago: int) -> datetime:
    return datetime.combine(day(days_ago), time(12), UTC)


def day(days_ago: int) -> date:
    """Asked for anew each time: a run may begin before midnight and come here after it."""
    return datetime.now(UTC).date() - timedelta(days=days_ago)


@pytest.fixture
def second_key(world: World) -> ApiKey:
    return keys.issue(team=world.team, name="=second key", scopes=list(roles.SCOPES), by=world.alice)[0]


@pytest.fixture
def history(world: World, second_key: ApiKey) -> list[Generation]:
    """Everything, ended today: the triggers alone have written the sums."""
    browser, key = world.actor(world.bob), world.actor()
    second = Actor(team=world.team, permissions=key.permissions, api_key=second_key)
    theirs = Actor(team=world.other_team, permissions=key.permissions, api_key=world.other_team.api_keys.get())
    image = uploads.keep(actor=browser, chunks=[picture().read()]).public_id
    hailuo = {"image_url": image, "duration": "6", "resolution": "768P"}
    made = [
        deliver(accept(browser, "veo-3.1-fast"), cost=300_000),
        deliver(accept(browser, "nano-banana-pro", resolution="4K"), cost=125_000),
        deliver(accept(browser, "hailuo-2.3-pro", **hailuo)),
        deliver(accept(browser, "hailuo-2.3-pro", **hailuo), cost=225_000),
        deliver(accept(key, "veo-3.1-fast"), cost=290_000),
        deliver(accept(browser, "seedream-v4-edit", image_urls=[image], max_images=4), outputs=2, cost=30_000),
        deliver(accept(second, "prompt-expansion-text", model="google/gemini-2.5-flash"), text="a dog, but longer"),
        deliver(accept(theirs, "flux-kontext-max")),
        deliver(accept(theirs, "veo-3.1-fast")),
    ]
    bill(made[-1], 310_000)
    canceled = accept(key, "veo-3.1-fast")
    outcomes.cancel(generation_id=canceled.pk, actor="test")
    failed = started(accept(theirs, "veo-3.1-fast"))
    outcomes.fail(generation_id=failed.pk, reason=Reason.PROVIDER_FAILED)
    lost = doubted(accept(browser, "veo-3.1-fast"))
    outcomes.fail(generation_id=lost.pk, reason=Reason.OUTCOME_UNKNOWN)
    found = doubted(accept(key, "veo-3.1-fast"))
    outcomes.fail(generation_id=found.pk, reason=Reason.OUTCOME_UNKNOWN)
    late(found, 300_000)
    accept(browser, "veo-3.1-fast")  # stays in the queue: counts nowhere
    return [*made, *(Generation.objects.get(pk=row.pk) for row in (canceled, failed, lost, found))]


@pytest.fixture
def spread(history: list[Generation]) -> list[Generation]:
    """The same over four days and the turn of one: 2, 3, 9 days ago, and what was captured before and ended after
    midnight."""
    for place, made in enumerate(history):
        ended_at(made, noon((2, 3, 9)[place % 3]))
    midnight = noon(2).replace(hour=0)
    ended_at(history[0], midnight + timedelta(milliseconds=5), captured=midnight - timedelta(milliseconds=5))
    recount()
    return [Generation.objects.get(pk=made.pk) for made in history]
