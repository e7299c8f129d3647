"""invariants.md section 3: one lock order. 12 threads do everything at once to 3 teams: no deadlock, books right."""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections import Counter

import pytest
from django.db import connection, transaction

from accounts.actors import Actor
from accounts.roles import SCOPES, of_scopes
from billing import budgets, credits, ledger, reconcile
from billing.models import Period, Transfer
from generations import claims, observation, outcomes, submission, sweeps
from generations.models import Generation, Reason
from generations.models.generation import OPEN
from generations.providers import base
from project import db
from project.errors import Conflict, PaymentRequired
from tests.concurrency.racing import flood
from tests.invariants.refusals import ALL_CHECKS
from tests.invariants.steps import accept, store_rows
from tests.world import World, team_of

SECONDS = 5.0
MUST = ("accept", "claim", "settle", "grant")  # a slow machine goes on until each was done, so many seconds at most:
PATIENCE = 30.0
DOLLAR = 1_000_000
DATA = {"prompt": "all at once"}


class Crowd:
    """What the threads do. Each step picks by its own random numbers; the seed is printed."""

    def __init__(self, actors: list[Actor], seed: int) -> None:
        self.actors, self.seed = actors, seed
        self.done: Counter[str] = Counter()
        self.until = time.monotonic() + SECONDS

    def step(self, number: int) -> None:
        over = time.monotonic() - self.until
        if over > PATIENCE or (over > 0 and all(self.done[verb] for verb in MUST)):
            return
        dice = random.Random(self.seed * 100_000 + number)
        verb = dice.choices(
            [self.accept, self.claim, self.settle, self.grant, self.cancel, self.expire, self.cap, self.sweep],
            [40, 25, 25, 5, 4, 4, 2, 1],
        )[0]
        verb(dice)
        self.done[verb.__name__] += 1

    def accept(self, dice: random.Random) -> None:
        try:
            accept(dice.choice(self.actors), "flux-kontext-pro", DATA)
        except PaymentRequired:
            self.done["402"] += 1

    def claim(self, dice: random.Random) -> None:
        claimed = claims.claim(provider="kie")
        if claimed is None:
            return
        answers: list[base.CreateResult] = [
            base.Accepted(f"task-{uuid.uuid4().hex}"),
            base.Accepted(f"task-{uuid.uuid4().hex}"),
            base.RefusedInput("no"),
            base.Unknown("lost"),
        ]
        submission.settle_attempt(claimed, dice.choice(answers), provider="kie")

    def settle(self, dice: random.Random) -> None:
        row = self._one_of(dice, "running", "storing")
        if row is None:
            return
        if dice.random() < 0.2:
            outcomes.fail(generation_id=row.pk, reason=Reason.PROVIDER_FAILED)
            return
        observation.finish(generation_id=row.pk, done=base.Done(sources=["https://example.com/0.png"]))
        with transaction.atomic():
            locked = Generation.objects.select_for_update(no_key=True).get(pk=row.pk)
            if locked.status == "storing":
                store_rows(locked, 1)
        outcomes.succeed(generation_id=row.pk)

    def grant(self, dice: random.Random) -> None:
        with transaction.atomic():
            actor = dice.choice(self.actors)
            credits.grant(team=actor.team, amount=DOLLAR, actor="test", reason="more", grant_id=uuid.uuid4())

    def cancel(self, dice: random.Random) -> None:
        row = self._one_of(dice, "queued")
        if row is None:
            return
        try:
            outcomes.cancel(generation_id=row.pk, actor="test")
        except Conflict:
            self.done["409"] += 1

    def expire(self, dice: random.Random) -> None:
        row = self._one_of(dice, *OPEN)
        if row is not None:
            Generation.objects.filter(pk=row.pk, status__in=OPEN).update(deadline_at=db.now())
            observation.expire(generation_id=row.pk)

    def cap(self, dice: random.Random) -> None:
        actor = dice.choice(self.actors)
        limit = dice.randrange(0, 20) * DOLLAR
        budgets.set_limit(by="test", team=actor.team, api_key=actor.api_key, period=Period.DAY, limit=limit)

    def sweep(self, dice: random.Random) -> None:
        sweeps.sweep()
        sweeps.ring_due()

    def _one_of(self, dice: random.Random, *statuses: str) -> Generation | None:
        newest = list(Generation.objects.filter(status__in=statuses).order_by("-created_at")[:60])
        return dice.choice(newest) if newest else None


def _deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select deadlocks from pg_stat_database where datname = current_database()")
        return int(cursor.fetchone()[0])


@pytest.mark.timeout(120)
def test_no_deadlock_and_the_books_are_right(
    committed_world: World, settings: object, caplog: pytest.LogCaptureFixture
) -> None:
    settings.PROVIDER_LIMITS = {  # type: ignore[attr-defined]
        "kie": {"creates": 100_000, "window_ms": 1000, "reads": 8, "in_flight": 100_000, "in_flight_team": 100_000}
    }
    actors = [committed_world.actor()]
    for name in ("Second", "Third"):
        with transaction.atomic():
            team, key, _ = team_of(name, committed_world.alice)
        actors.append(Actor(team=team, permissions=of_scopes(list(SCOPES)), api_key=key))
    crowd = Crowd(actors, seed=random.randrange(1000))
    print(f"seed {crowd.seed}")  # noqa: T201 - the way to run it again
    before = _deadlocks()

    with caplog.at_level(logging.WARNING, logger="project.db"):
        results = flood(crowd.step, times=20_000, threads=12)

    print(dict(crowd.done))  # noqa: T201
    assert [result for result in results if isinstance(result, Exception)] == []
    assert "transaction repeated" not in caplog.text
    time.sleep(1.2)  # the statistics of a backend are told within a second
    assert _deadlocks() == before
    assert all(crowd.done[verb] > 0 for verb in MUST)
    assert reconcile.failures(ALL_CHECKS) == []
    for actor in actors:
        wallet = ledger.wallet(actor.team.pk)
        given = sum(Transfer.objects.filter(kind="grant", credit=wallet.available).values_list("amount", flat=True))
        charged = sum(Generation.objects.filter(team=actor.team, charged__gt=0).values_list("charged", flat=True))
        assert wallet.balance == given - charged
