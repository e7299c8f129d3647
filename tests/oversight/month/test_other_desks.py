"""The other desks over the month: verdicts, what was billed and never charged, prices, late results, balances of teams,
the report; and a bill of the provider with what it says differently."""

from __future__ import annotations

import io
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from project.money import dollars, usd
from tests.oversight.month import script
from tests.oversight.month.script import KINDS, MILLION, Fact
from tests.oversight.month.sums import whole
from tests.oversight.month.test_costs import file_of, period
from tests.oversight.month.writing import House, identity
from tests.pages.test_receipt import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1800)]


def gen(fact: Fact) -> str:
    return f"gen_{identity(fact.number).hex}"


def test_verdicts(month: House, root: Client) -> None:
    """How many of each, and what was expected and charged, by provider."""
    counts: Counter[tuple[str, str]] = Counter()
    expected: Counter[tuple[str, str]] = Counter()
    actual: Counter[tuple[str, str]] = Counter()
    for fact in month.facts:
        if fact.verdict == "none":
            continue
        key = (fact.kind.provider, fact.verdict)
        counts[key] += 1
        expected[key] += fact.expected if fact.status == "succeeded" else 0
        actual[key] += fact.actual or 0
    rows = file_of(root, f"/admin/reconciliation.csv?{period(month)}")
    told = {
        (row["provider"], row["verdict"]): (int(row["count"]), int(row["expected_micro"]), int(row["actual_micro"]))
        for row in rows
    }
    assert told == {key: (counts[key], expected[key], actual[key]) for key in counts}
    at_risk = sum(fact.expected for fact in month.facts if fact.verdict == "unattributed")
    assert sum(int(row["at_risk_micro"]) for row in rows) == at_risk


def test_what_was_billed_and_never_charged(month: House, root: Client) -> None:
    lost = [fact for fact in month.facts if fact.actual and not fact.charged]
    rows = file_of(root, f"/admin/reconciliation/tasks/never-charged.csv?{period(month)}")
    assert {row["generation"]: int(row["amount_micro"]) for row in rows} == {gen(fact): fact.actual for fact in lost}
    page = root.get(f"/admin/reconciliation?{period(month)}").content.decode()
    assert dollars(sum(fact.actual or 0 for fact in lost)) in page


def test_a_bill_names_what_differs(month: House, root: Client) -> None:
    """A usage export of two hundred tasks of a day: most as known, some dearer, one of nobody."""
    start = script.first_day(month.today)
    facts = [
        fact
        for fact in month.facts
        if fact.task and fact.kind.provider == "kie" and fact.day == fact.ended_at.date() == start + timedelta(days=28)
    ][:200]
    lines, wanted = ["task_id,amount_usd,time,model"], {}
    for place, fact in enumerate(facts):
        amount = (fact.actual if fact.actual is not None else fact.expected) + (5_000 if place % 20 == 0 else 0)
        wanted[gen(fact)] = amount
        lines.append(f"{fact.task},{usd(amount)},{fact.ended_at.isoformat()},{fact.kind.model}")
    lines.append(f"nobody's,0.045,{facts[0].ended_at.isoformat()},x")
    file = SimpleUploadedFile("kie.csv", "\n".join(lines).encode(), content_type="text/csv")
    day = facts[0].ended_at.date()
    form = {"provider": "kie", "since": str(day), "until": str(day), "file": file}
    preview = root.post("/admin/reconciliation/imports/preview", form)
    assert preview.status_code == 200, preview.content.decode()[-2000:]
    token = preview.context["token"]
    assert "The bill is whole" in preview.content.decode(), "it names two hundred of thousands"
    assert root.post("/admin/reconciliation/imports/take", {"token": token}).status_code == 422
    taken = root.post("/admin/reconciliation/imports/take", {"token": token, "sure": "on"})
    assert taken.status_code == 302, taken.content.decode()[-2000:]
    rows = file_of(root, f"/admin/costs/generations.csv?from={day}&to={day}&provider=kie")
    told = {row["id"]: int(row["actual_micro"]) for row in rows if row["id"] in wanted}
    assert told == wanted, "the bill decides what a generation cost"
    (nobody,) = file_of(root, f"/admin/reconciliation/tasks/theirs-only.csv?{period(month)}")
    assert (nobody["task_id"], nobody["amount_micro"]) == ("nobody's", "45000")
    before = whole(month.facts)["actual"]
    more = sum(amount - (fact.actual or 0) for amount, fact in zip(wanted.values(), facts, strict=True))
    total = sum(int(row["actual_micro"]) for row in file_of(root, f"/admin/costs/by/provider.csv?{period(month)}"))
    assert total == before + more, "the sums of the days follow"


def test_the_prices_in_force(month: House, root: Client) -> None:
    last = {row.model: row for row in script.CHANGES}
    wanted = {}
    for kind in KINDS:
        change = last.get(kind.model)
        if change is not None and kind.variant in change.fixed:
            price = change.fixed[kind.variant]
        else:
            margin = change.margins.get(kind.variant, change.margin) if change else 0
            price = -(-kind.rate * (MILLION + margin) // MILLION)
        wanted[kind.model, kind.variant] = (price, kind.cost)
    rows = file_of(root, "/admin/prices.csv")
    told = {(row["model"], row["variant"]): (int(row["price_micro"]), int(row["cost_micro"])) for row in rows}
    assert {key: told[key] for key in wanted} == wanted


def test_late_results(month: House, root: Client) -> None:
    late = [fact for fact in month.facts if fact.told_late]
    rows = file_of(root, "/admin/operations/late.csv")
    assert {row["generation"]: int(row["cost_micro"]) for row in rows} == {gen(fact): fact.actual for fact in late}
    assert file_of(root, "/admin/operations/open.csv") == [], "all of the month has ended"


@pytest.mark.parametrize("number", [0, 3, 5, 11])
def test_why_a_balance_is_what_it_is(month: House, root: Client, number: int) -> None:
    """What was granted less what was charged, to the micro-dollar, and each day of it."""
    mine = [fact for fact in month.facts if fact.team == number]
    charged = sum(fact.charged for fact in mine)
    team = month.teams[number]
    page = root.get(f"/admin/teams/{team.public_id}").content.decode()
    assert dollars(month.granted - charged) in page
    start = script.first_day(month.today)
    words = root.get(
        f"/admin/teams/{team.public_id}/statement?from={start}&to={month.today - timedelta(days=1)}"
    ).content.decode()
    for amount in (charged, month.granted, month.granted - charged):
        assert dollars(amount) in words, dollars(amount)
    moved = file_of(root, f"/admin/teams/{team.public_id}/tables/spend.csv")
    since = datetime.now(UTC).date() - timedelta(days=29)  # the last 30 days, today with them
    days = [fact.charged for fact in mine if fact.day >= since]
    assert sum(int(row["charged_micro"]) for row in moved) == sum(days)


def test_the_report_of_the_month(month: House, root: Client) -> None:
    """The months that the days lie in add up to the script."""
    start = script.first_day(month.today)
    months = sorted({(start + timedelta(days=place)).strftime("%Y-%m") for place in range(script.DAYS)})
    for name in months:
        sums = whole(fact for fact in month.facts if fact.day.strftime("%Y-%m") == name)
        answer = root.get(f"/admin/costs/report.pdf?month={name}")
        assert answer.status_code == 200
        text = text_of(answer.content)
        margin = sums["revenue"] - sums["cost"]
        for amount in (sums["revenue"], sums["expected"], sums["actual"], sums["cost"], margin):
            assert dollars(amount) in text, (name, dollars(amount))
        assert io.BytesIO(answer.content).read(5) == b"%PDF-"
