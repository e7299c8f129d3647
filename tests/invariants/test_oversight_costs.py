"""The sums of costs by the day and month are written by generations alone; folding and recounting change no sum."""

from __future__ import annotations

from itertools import product

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Sum
from django.utils import timezone

from billing import reconcile
from generations import books
from generations.models import CostDay, Generation, ModelDay, TeamDay, TeamMonth
from generations.oversight import folding
from generations.oversight.sums import COLUMNS
from tests.oversight.costs.conftest import accept, day, deliver, ended_at, noon, recount
from tests.world import World

TABLES = ("costday", "modelday", "teamday", "teammonth")


def sql(statement: str, *given: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)


@pytest.fixture
def ended(world: World) -> Generation:
    return deliver(accept(world.actor(), "veo-3.1-fast"), cost=290_000)


STATEMENTS = (
    "update generations_{} set revenue = revenue + 1",
    "delete from generations_{}",
    "truncate generations_{}",
    "insert into generations_{0} select * from generations_{0}",
)


def test_only_generations_write_the_sums(ended: Generation) -> None:
    sql("set constraints all immediate")  # a truncate waits for no check
    for table, statement in product(TABLES, STATEMENTS):
        refusal = pytest.raises(DatabaseError, match=r"written by generations only|append-only")
        with refusal, transaction.atomic():
            sql(statement.format(table))
    assert reconcile.failures(books.CHECKS) == []


def test_every_end_stands_in_every_table(ended: Generation) -> None:
    for model in (CostDay, ModelDay, TeamDay, TeamMonth):
        row = model.objects.get()
        assert (row.succeeded, row.revenue, row.expected, row.actual, row.cost) == (
            1,
            300_000,
            300_000,
            290_000,
            290_000,
        )
    assert TeamMonth.objects.get().day == timezone.now().date().replace(day=1)


def test_a_sum_of_a_month_that_is_wrong_is_found(ended: Generation) -> None:
    sql("set local session_replication_role = replica; update generations_teammonth set cost = cost + 1")
    sql("set local session_replication_role = origin")
    assert [name for name in reconcile.failures(books.CHECKS) if "by the month" in str(name)]


def test_folding_keeps_every_sum(world: World, ended: Generation) -> None:
    theirs = world.actor().__class__(
        team=world.other_team, permissions=world.actor().permissions, api_key=world.other_team.api_keys.get()
    )
    other = deliver(accept(theirs, "veo-3.1-fast"))
    for made in (ended, other):
        ended_at(made, noon(3))
    recount()
    today = deliver(accept(world.actor(), "veo-3.1-fast"))
    assert today.status == "succeeded"
    before = ModelDay.objects.aggregate(**{name: Sum(name) for name in COLUMNS})
    assert ModelDay.objects.filter(day=day(3)).count() == 2  # teams of different shards
    assert folding.fold() >= 1
    assert folding.fold() == 0
    row = ModelDay.objects.get(day=day(3))
    assert (row.shard, row.succeeded, row.revenue) == (0, 2, 600_000)
    assert ModelDay.objects.aggregate(**{name: Sum(name) for name in COLUMNS}) == before
    assert ModelDay.objects.filter(day=day(0)).get().succeeded == 1
    assert reconcile.failures(books.CHECKS) == []
