"""Every figure of the desk of costs, on its pages and in its files, is a sum over the script."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import ApiKey, Team
from project.money import dollars
from tests.oversight.month import script
from tests.oversight.month.script import Fact
from tests.oversight.month.sums import MEASURES, added, whole
from tests.oversight.month.writing import House, identity

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1800)]


def period(month: House) -> str:
    return f"from={script.first_day(month.today)}&to={month.today - timedelta(days=1)}"


def file_of(root: Client, address: str) -> list[dict[str, str]]:
    answer = root.get(address)
    assert answer.status_code == 200, answer.content[:300]
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


def figures(row: dict[str, str]) -> dict[str, int]:
    """A line of a file, its money in micro-dollars."""
    amounts = {"revenue", "expected", "actual", "cost", "at_risk"}
    return {name: int(row[f"{name}_micro" if name in amounts else name]) for name in MEASURES}


def plain(sums: Counter[str]) -> dict[str, int]:
    return {name: sums[name] for name in MEASURES}


def key_of(month: House, fact: Fact) -> ApiKey | None:
    return month.keys[fact.team][fact.by_key - 1] if fact.by_key else None


BY: dict[str, tuple[Callable[[House, Fact], Any], Callable[[dict[str, str]], Any]]] = {
    "day": (lambda month, fact: str(fact.day), lambda row: row["day"]),
    "provider": (lambda month, fact: fact.kind.provider, lambda row: row["provider"]),
    "model": (lambda month, fact: fact.kind.model, lambda row: row["model"]),
    "variant": (lambda month, fact: (fact.kind.model, fact.kind.variant), lambda row: (row["model"], row["variant"])),
    "team": (lambda month, fact: month.teams[fact.team].public_id, lambda row: row["team_id"]),
    "key": (  # what was made in the browser stands in one line
        lambda month, fact: (
            (month.teams[fact.team].public_id, key.public_id) if (key := key_of(month, fact)) else ("", "")
        ),
        lambda row: (row["team_id"], row["key_id"] if row["key_id"].startswith("key_") else ""),
    ),
}


@pytest.mark.parametrize("what", BY)
def test_each_table(month: House, root: Client, what: str) -> None:
    of_fact, of_row = BY[what]
    told = {of_row(row): figures(row) for row in file_of(root, f"/admin/costs/by/{what}.csv?{period(month)}")}
    sums = added(month.facts, lambda fact: of_fact(month, fact))
    assert told == {key: plain(value) for key, value in sums.items()}


def crossings(month: House) -> list[tuple[str, Callable[[Fact], bool]]]:
    team: Team = month.teams[3]
    key = month.keys[5][0]
    return [
        ("provider=fal", lambda fact: fact.kind.provider == "fal"),
        ("model=hailuo-2.3-pro", lambda fact: fact.kind.model == "hailuo-2.3-pro"),
        (
            "model=hailuo-2.3-pro&variant=6-768P",
            lambda fact: (fact.kind.model, fact.kind.variant) == ("hailuo-2.3-pro", "6-768P"),
        ),
        (f"team={team.public_id}", lambda fact: fact.team == 3),
        (
            f"team={team.public_id}&model=veo-3.1-fast",
            lambda fact: fact.team == 3 and fact.kind.model == "veo-3.1-fast",
        ),
        (f"key={key.public_id}", lambda fact: fact.team == 5 and fact.by_key == 1),
    ]


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("what", ["day", "variant", "team"])
def test_crossings(month: House, root: Client, number: int, what: str) -> None:
    """Whichever of the tables answers (generations/models/costs.py)."""
    query, chosen = crossings(month)[number]
    of_fact, of_row = BY[what]
    told = {of_row(row): figures(row) for row in file_of(root, f"/admin/costs/by/{what}.csv?{period(month)}&{query}")}
    sums = added((fact for fact in month.facts if chosen(fact)), lambda fact: of_fact(month, fact))
    assert told == {key: plain(value) for key, value in sums.items()}


def test_the_days_before(month: House, root: Client) -> None:
    """The last ten days beside the ten before them."""
    start = script.first_day(month.today)
    first, last = start + timedelta(days=20), start + timedelta(days=29)
    rows = file_of(root, f"/admin/costs/by/model.csv?from={first}&to={last}")
    before = added(
        (fact for fact in month.facts if start + timedelta(days=10) <= fact.day < first), lambda fact: fact.kind.model
    )
    told = {row["model"]: (int(row["revenue_before_micro"]), int(row["cost_before_micro"])) for row in rows}
    assert told == {model: (sums["revenue"], sums["cost"]) for model, sums in before.items()}


def test_the_page_says_the_same_in_dollars(month: House, root: Client) -> None:
    everything = whole(month.facts)
    page = root.get(f"/admin/costs?{period(month)}").content.decode()
    margin = everything["revenue"] - everything["cost"]
    for amount in (everything["revenue"], everything["expected"], everything["actual"], everything["cost"], margin):
        assert dollars(amount) in page, dollars(amount)


def test_a_variant_that_loses_is_named(month: House, root: Client) -> None:
    """Hailuo's list price is below its credits: it shows until its price was changed, and what still does."""
    start = script.first_day(month.today)
    early = [fact for fact in month.facts if fact.day < start + timedelta(days=15)]
    lost = {
        key
        for key, sums in added(early, lambda fact: (fact.kind.model, fact.kind.variant)).items()
        if sums["revenue"] < sums["cost"]
    }
    assert {("hailuo-2.3-pro", "6-768P"), ("hailuo-2.3-pro", "6-1080P")} <= lost
    rows = file_of(root, f"/admin/costs/by/variant.csv?from={start}&to={start + timedelta(days=14)}&sort=margin")
    assert {(row["model"], row["variant"]) for row in rows if int(row["margin_micro"]) < 0} == lost


def test_what_is_listed_below_cost_is_named(month: House, root: Client) -> None:
    """Hailuo's prices were raised: below cost is now what a team's discount makes so, and nothing else."""
    last = {row.model: row for row in script.CHANGES}
    wanted = set()
    for kind in script.KINDS:
        change = last.get(kind.model, script.Version(kind.model, 0))
        fixed = change.fixed.get(kind.variant)
        unit, margin = (fixed, 0) if fixed else (kind.rate, change.margins.get(kind.variant, change.margin))
        most = max(row.ppm for row in script.DISCOUNTS if row.model in ("", kind.model))
        if script.price(1, unit, margin, 0) < kind.cost:
            wanted.add((kind.model, kind.variant, "all teams"))
        elif script.price(1, unit, margin, most) < kind.cost:
            wanted.add((kind.model, kind.variant, f"{most // 10_000} % off"))
    assert wanted
    assert "all teams" not in {who for _, _, who in wanted}
    ours = {(kind.model, kind.variant) for kind in script.KINDS}
    rows = file_of(root, "/admin/costs/prices-below-cost.csv")
    told = {
        (row["model"], row["variant"], row["teams"].partition("(")[2].partition(")")[0] or row["teams"]) for row in rows
    }
    assert {each for each in told if each[:2] in ours} == wanted


def test_every_generation_behind_the_figures(month: House, root: Client) -> None:
    """The drill-down's file has each of a model's generations, with what it came to."""
    rows = file_of(root, f"/admin/costs/generations.csv?{period(month)}&model=hailuo-2.3-pro")
    told = {row["id"]: (int(row["charged_micro"]), row["actual_micro"], row["task_id"]) for row in rows}
    chosen = [fact for fact in month.facts if fact.kind.model == "hailuo-2.3-pro"]
    assert told == {
        f"gen_{identity(fact.number).hex}": (
            fact.charged,
            "" if fact.actual is None else str(fact.actual),
            fact.task or "",
        )
        for fact in chosen
    }


@pytest.mark.parametrize("verdict", ["over", "under", "unattributed"])
def test_by_verdict(month: House, root: Client, verdict: str) -> None:
    rows = file_of(root, f"/admin/costs/generations.csv?{period(month)}&verdict={verdict}")
    chosen: Iterable[Fact] = (fact for fact in month.facts if fact.verdict == verdict)
    assert {row["id"] for row in rows} == {f"gen_{identity(fact.number).hex}" for fact in chosen}
