"""What was spent, by model, member, key and day: from totals that are written with each charge, and nowhere else."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.models import ApiKey, Membership
from billing import holds, reconcile, spend
from billing.models import Entry, SpendDay, TransferKind
from billing.spend import By
from project import db
from project.errors import Invalid
from tests.billing.statements.past import Life, put, spread, transfers_of
from tests.world import World

MODELS = ("veo-3.1-fast", "flux-kontext-pro", "")
SPENDERS = ("alice", "bob", "key", "nobody")


def who(world: World, name: str) -> Membership | ApiKey | None:
    if name == "key":
        return world.api_key
    return Membership.objects.filter(team=world.team, user__name=name).first()


def charge(world: World, name: str, model: str, amount: int) -> None:
    held = Life(world.team).hold(amount, who(world, name), model)
    assert held is not None
    holds.settle(hold_id=held.pk, capture=amount, actor="test", reason="test")


def rows_of_spend(world: World, name: str, count: int) -> None:
    """Rows of today for so many models, past the guard: 1,000 micro-dollars for the first and one more each."""
    person = who(world, name)
    values = [
        world.team.pk,
        person.pk if isinstance(person, Membership) else None,
        person.pk if isinstance(person, ApiKey) else None,
        count - 1,
    ]
    with connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        cursor.execute(
            """insert into billing_spendday (team_id, day, membership_id, api_key_id, subject, amount, count)
               select %s, (now() at time zone 'UTC')::date, %s, %s, 'model-' || lpad(n::text, 3, '0'), 1000 + n, 1
               from generate_series(0, %s) n""",
            values,
        )
        cursor.execute("set local session_replication_role = origin")


def today() -> date:
    return db.now().astimezone(UTC).date()


def of_today(world: World, by: By = By.MODEL) -> spend.Spend:
    return spend.of_period(world.team, by=by, first=today() - timedelta(days=1), last=today())


def test_a_charge_is_in_it_within_its_own_transaction(world: World) -> None:
    with transaction.atomic():
        charge(world, "bob", "veo-3.1-fast", 300_000)
        found = of_today(world)
        assert (found.amount, [(row.id, row.amount, row.count) for row in found.rows]) == (
            300_000,
            [("veo-3.1-fast", 300_000, 1)],
        )


def test_a_charge_that_is_taken_back_leaves_nothing(world: World) -> None:
    with transaction.atomic():
        charge(world, "bob", "veo-3.1-fast", 300_000)
        transaction.set_rollback(True)
    assert (of_today(world).amount, of_today(world).rows, SpendDay.objects.count()) == (0, [], 0)


@pytest.mark.parametrize("table", ["billing_spendday", "billing_daytotal"])
@pytest.mark.parametrize(
    "statement",
    [
        "update {} set amount = amount + 1",
        "update {} set count = 2",
        "delete from {}",
        "truncate {}",
        "insert into {} select * from {}",
    ],
)
def test_nobody_edits_the_totals_by_hand(world: World, table: str, statement: str) -> None:
    charge(world, "bob", "veo-3.1-fast", 300_000)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table, table))
    assert reconcile.failures() == []


charges = st.lists(
    st.tuples(st.sampled_from(SPENDERS), st.sampled_from(MODELS), st.integers(1, 400_000)), min_size=1, max_size=10
)
gaps = st.lists(st.integers(1, 40).map(lambda hours: timedelta(hours=hours)), min_size=1, max_size=4)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(charges=charges, gaps=gaps, cut=st.integers(0, 12))
def test_every_grouping_sums_up_the_charges(world: World, charges: Any, gaps: Any, cut: int) -> None:
    with transaction.atomic():
        for name, model, amount in charges:
            charge(world, name, model, amount)
        spread(world.team, gaps)
        last = today()
        first = last - timedelta(days=cut)
        wanted: dict[By, Counter[str]] = {by: Counter() for by in By}
        counts: Counter[str] = Counter()
        captures = Entry.objects.filter(account__team=world.team, transfer__kind=TransferKind.CAPTURE)
        in_order = captures.order_by("id").values_list("transfer__amount", "created_at", "transfer__hold__subject")
        for (name, model, amount), (taken, at, subject) in zip(charges, in_order, strict=True):
            assert (amount, model) == (taken, subject)
            day = at.astimezone(UTC).date()
            if first <= day <= last:
                person = who(world, name)
                member = person.public_id if isinstance(person, Membership) else ""
                key = person.public_id if isinstance(person, ApiKey) else ""
                for by, id in ((By.MODEL, model), (By.MEMBER, member), (By.KEY, key), (By.DAY, day.isoformat())):
                    wanted[by][id] += amount
                counts[model] += 1
        for by in By:
            found = spend.of_period(world.team, by=by, first=first, last=last)
            assert {row.id: row.amount for row in found.rows} == dict(wanted[by])
            assert found.amount == sum(wanted[by].values())
            assert found.count == sum(counts.values()) == sum(row.count for row in found.rows)
            assert abs(sum(row.share for row in found.rows) - (spend.WHOLE if found.amount else 0)) <= len(found.rows)
            assert {day.isoformat(): amount for day, amount in found.days if amount} == dict(wanted[By.DAY])
            order = [row.id if by == By.DAY else row.amount for row in found.rows]
            assert order == sorted(order, reverse=True)
        assert {row.id: row.count for row in spend.of_period(world.team, by=By.MODEL, first=first, last=last).rows} == (
            dict(counts)
        )
        assert reconcile.failures() == []
        transaction.set_rollback(True)


def test_it_reads_the_totals_and_never_the_log(world: World) -> None:
    charge(world, "bob", "veo-3.1-fast", 300_000)
    day = today()
    for by in By:
        with CaptureQueriesContext(connection) as asked:
            spend.of_period(world.team, by=by, first=day, last=day)
        assert len(asked) <= 2
        text = " ".join(query["sql"] for query in asked)
        assert "billing_spendday" in text
        for table in ("billing_transfer", "billing_entry", "billing_hold", "billing_lot"):
            assert table not in text


def test_names_are_said_also_of_who_has_left(world: World) -> None:
    charge(world, "bob", "veo-3.1-fast", 200_000)
    charge(world, "key", "veo-3.1-fast", 100_000)
    Membership.objects.filter(user=world.bob).update(ended_at=db.now())
    assert [(row.id[:4], row.name, row.share) for row in of_today(world, By.MEMBER).rows] == [
        ("mem_", "bob", 6_667),
        ("", "No member (API keys)", 3_333),
    ]
    assert [(row.id, row.name) for row in of_today(world, By.KEY).rows] == [
        ("", "No API key (in the browser)"),
        (world.api_key.public_id, "test key"),
    ]


def test_beyond_a_hundred_the_rest_is_summed_up(world: World) -> None:
    rows_of_spend(world, "bob", 103)
    found = of_today(world)
    assert len(found.rows) == 100
    assert (found.rows[0].id, found.rows[-1].id) == ("model-102", "model-003")
    assert found.others is not None
    assert (found.others.amount, found.others.count, found.rest) == (3_003, 3, 3)
    assert found.amount == sum(range(1_000, 1_103)) == sum(row.amount for row in found.rows) + 3_003
    assert found.count == 103


def test_a_period_has_an_order_and_a_length(world: World) -> None:
    for first, last in ((date(2026, 1, 2), date(2026, 1, 1)), (date(2026, 1, 1), date(2027, 1, 2))):
        with pytest.raises(Invalid) as refused:
            spend.of_period(world.team, by=By.DAY, first=first, last=last)
        assert refused.value.errors[0].path == "to"
    year = spend.of_period(world.team, by=By.DAY, first=date(2026, 1, 1), last=date(2027, 1, 1))
    assert len(year.days) == 366


def test_days_are_those_of_utc(world: World) -> None:
    charge(world, "bob", "veo-3.1-fast", 100_000)
    charge(world, "bob", "veo-3.1-fast", 200_000)
    midnight = datetime(2026, 6, 2, tzinfo=UTC)
    found = transfers_of(world.team)
    moments = [midnight - timedelta(hours=1)] * 2 + [midnight - timedelta(microseconds=1)] + [midnight] * 2
    put(list(zip(found, moments, strict=True)))
    spent = spend.of_period(world.team, by=By.DAY, first=date(2026, 6, 1), last=date(2026, 6, 2))
    assert [(row.id, row.amount) for row in spent.rows] == [("2026-06-02", 200_000), ("2026-06-01", 100_000)]
