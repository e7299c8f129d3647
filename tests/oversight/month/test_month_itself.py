"""The month is what the script says: the books hold, and the day tables are sums over the script."""

from __future__ import annotations

import pytest
from django.db.models import Sum

from billing import reconcile
from billing.models import Entry, SpendDay
from generations import books, catalog
from generations.models import CostDay, Generation, ModelDay, TeamDay, TeamMonth
from tests.oversight.month import script
from tests.oversight.month.sums import MEASURES, added, whole
from tests.oversight.month.writing import House

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.timeout(1800),
]  # each test takes back what it writes; which database is the fixture's


def test_the_script_has_all_that_can_happen(month: House) -> None:
    assert len(month.facts) == script.COUNT
    assert {fact.verdict for fact in month.facts} == {"none", "matched", "over", "under", "unknown", "unattributed"}
    assert {fact.status for fact in month.facts} == {"succeeded", "failed", "canceled"}
    assert any(fact.discount and fact.margin for fact in month.facts)
    assert any(fact.day != fact.ended_at.date() for fact in month.facts)
    assert any(0 < fact.outputs < fact.kind.outputs for fact in month.facts)
    for kind in script.KINDS:  # the copy of the price list is the one that is sold by
        entry = catalog.get(kind.model)
        assert entry.rates[kind.variant] == kind.rate, kind


def test_the_books_hold(month: House) -> None:
    assert reconcile.failures(reconcile.CHECKS + books.CHECKS) == []


def test_what_the_ledger_took_is_what_the_script_charged(month: House) -> None:
    took = -(Entry.objects.filter(transfer__kind="capture", delta__lt=0).aggregate(sum=Sum("delta"))["sum"])
    assert took == sum(fact.charged for fact in month.facts)
    by_day = dict(SpendDay.objects.values_list("day").annotate(sum=Sum("amount")))
    script_days = {
        day: sums["revenue"] for day, sums in added(month.facts, lambda fact: fact.day).items() if sums["revenue"]
    }
    assert by_day == script_days
    assert Generation.objects.count() == script.COUNT


def test_the_days_of_teams_and_models_are_sums_over_the_script(month: House) -> None:
    keys = _keys(month)
    told = {
        (row.day, row.team_id, row.api_key_id, row.model, row.variant): {name: getattr(row, name) for name in MEASURES}
        for row in CostDay.objects.all()
    }
    wanted = {
        (day, month.teams[team].pk, keys[team, by_key], model, variant): {name: sums[name] for name in MEASURES}
        for (day, team, by_key, model, variant), sums in added(
            month.facts, lambda fact: (fact.day, fact.team, fact.by_key, fact.kind.model, fact.kind.variant)
        ).items()
    }
    assert told == wanted


def test_the_four_tables_say_the_same(month: House) -> None:
    everything = whole(month.facts)
    for model in (CostDay, ModelDay, TeamDay, TeamMonth):
        sums = model.objects.aggregate(**{name: Sum(name) for name in MEASURES})
        assert sums == {name: everything[name] for name in MEASURES}, model


def test_the_months_of_teams_are_sums_over_the_script(month: House) -> None:
    keys = _keys(month)
    told = {
        (row.day, row.team_id, row.api_key_id, row.provider): {name: getattr(row, name) for name in MEASURES}
        for row in TeamMonth.objects.all()
    }
    wanted = {
        (first, month.teams[team].pk, keys[team, by_key], provider): {name: sums[name] for name in MEASURES}
        for (first, team, by_key, provider), sums in added(
            month.facts, lambda fact: (fact.day.replace(day=1), fact.team, fact.by_key, fact.kind.provider)
        ).items()
    }
    assert told == wanted


def _keys(month: House) -> dict[tuple[int, int], int | None]:
    """The id of a key by its team and place in the script; 0 is the browser, without one."""
    return {(team, 0): None for team in range(script.TEAMS)} | {
        (team, place + 1): key.pk for team, row in enumerate(month.keys) for place, key in enumerate(row)
    }
