"""What a price rise of 10 % would have done: each generation of the script priced anew by hand."""

from __future__ import annotations

from collections import defaultdict

import pytest
from django.test import Client

from project.money import dollars
from tests.oversight.month import script
from tests.oversight.month.script import MILLION, Fact
from tests.oversight.month.test_costs import file_of
from tests.oversight.month.writing import House

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1800)]
WHOLE = {row.model: row for row in script.CHANGES}


def then(fact: Fact) -> int:
    """What it would have cost at the last price of the month and a tenth more, with the discount it had."""
    kind, last = fact.kind, WHOLE.get(fact.kind.model)
    rate, margin = kind.rate, 0
    if last is not None and kind.variant in last.fixed:
        rate = -(-last.fixed[kind.variant] * 11 // 10)
    else:
        margin = last.margins.get(kind.variant, last.margin) if last else 0
        margin = -(-(MILLION + margin) * 11 // 10) - MILLION
    units = fact.outputs if kind.kind == "image" else kind.units
    return script.price(units, rate, margin, fact.discount)


def test_ten_percent_on_everything(month: House, root: Client) -> None:
    sold = [fact for fact in month.facts if fact.status == "succeeded"]
    teams: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for fact in sold:
        sums = teams[month.teams[fact.team].public_id]
        sums[0] += 1
        sums[1] += fact.charged
        sums[2] += then(fact)
    rows = file_of(root, "/admin/prices/what-if.csv?change=10&of=&days=31")
    told = {
        row["team_id"]: [int(row["generations"]), int(row["charged_micro"]), int(row["anew_micro"])] for row in rows
    }
    assert told == dict(teams)
    moved = [abs(int(row["moved_micro"])) for row in rows]
    assert moved == sorted(moved, reverse=True), "the teams that it moves most come first"
    page = root.get("/admin/prices/what-if?change=10&of=&days=31").content.decode()
    for amount in (sum(fact.charged for fact in sold), sum(map(then, sold))):
        assert dollars(amount) in page, dollars(amount)


def test_ten_percent_on_one_model(month: House, root: Client) -> None:
    sold = [fact for fact in month.facts if fact.status == "succeeded" and fact.kind.model == "hailuo-2.3-pro"]
    rows = file_of(root, "/admin/prices/what-if.csv?change=10&of=hailuo-2.3-pro&days=31")
    assert sum(int(row["anew_micro"]) for row in rows) == sum(map(then, sold))
    assert sum(int(row["generations"]) for row in rows) == len(sold)
