"""The pages of the desk of costs as staff see them, their files, and who may have them."""

from __future__ import annotations

import csv
import html
import io
import re

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Action, ApiKey, AuditEvent, Team
from generations.models import Generation
from generations.oversight import drill_down, figures
from generations.oversight.drill_down import Wanted
from generations.oversight.lines import By
from generations.oversight.scopes import Scope
from generations.staff import places
from project.money import dollars
from project.paging import Window
from tests.oversight.conftest import Desk
from tests.oversight.costs.conftest import accept, day, deliver
from tests.world import World

PAGES = ("/admin/costs", "/admin/costs/by/team", "/admin/costs/by/day", "/admin/costs/generations")
FILES = (
    "/admin/costs/by/team.csv",
    "/admin/costs/by/variant.csv",
    "/admin/costs/prices-below-cost.csv",
    "/admin/costs/generations.csv",
    "/admin/costs/report.pdf?month={month}",
)


def days() -> str:
    """Those of `spread` and those until today."""
    return f"from={day(9)}&to={day(0)}"


def words(page: HttpResponse) -> str:
    """What the page says."""
    main = page.content.decode().partition("<main")[2]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main)))


def table(client: Client, path: str) -> list[dict[str, str]]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


# --- who may --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", PAGES)
def test_figures_are_for_whom_costs_are_a_duty(world: World, desk: Desk, path: str) -> None:
    assert desk("see_costs").get(path).status_code == 200


@pytest.mark.parametrize("path", FILES)
def test_each_file_stands_in_the_log(world: World, desk: Desk, path: str) -> None:
    client = desk("see_costs", "export_costs")
    answer = client.get(path.format(month=f"{day(0):%Y-%m}"))
    assert answer.status_code == 200
    told = AuditEvent.objects.get(action=Action.COSTS_EXPORTED)
    assert told.team is None
    assert told.actor.startswith("staff:")
    assert told.data["of"]


def test_a_generation_is_for_whom_costs_are_a_duty(world: World, desk: Desk) -> None:
    made = accept(world.actor(), "veo-3.1-fast")
    path = f"/admin/costs/generations/{made.public_id}"
    assert "not yet" in words(desk("see_costs").get(path))
    assert desk("see_costs").get("/admin/costs/generations/gen_" + "0" * 32).status_code == 404
    assert desk("see_costs").get("/admin/costs/generations/nonsense").status_code == 404


def test_links_to_files_are_shown_to_whom_they_open(desk: Desk, spread: list[Generation]) -> None:
    path = f"/admin/costs?{days()}"
    assert b".csv" not in desk("see_costs").get(path).content
    assert b"/admin/costs/by/team.csv" in desk("see_costs", "export_costs").get(path).content


# --- what they say --------------------------------------------------------------------------------------------------
def test_a_page_without_anything_says_so(world: World, desk: Desk) -> None:
    client = desk("see_costs")
    said = words(client.get("/admin/costs?from=2001-01-01&to=2001-01-31"))
    assert "Nothing ended in these days" in said
    assert "hailuo-2.3-pro 6-768P all teams $0.22 $0.225 −$0.005" in said  # by the list, without a single sale
    assert "hailuo-2.3-pro 6-1080P all teams $0.39 $0.40 −$0.01" in said
    assert "Nothing ended" in words(client.get("/admin/costs/by/key?from=2001-01-01&to=2001-01-31"))
    assert "No generations" in words(client.get("/admin/costs/generations?from=2001-01-01&to=2001-01-31"))


def test_the_page_says_the_figures(desk: Desk, spread: list[Generation]) -> None:
    found = figures.of_scope(Scope(day(9), day(0)))
    said = words(desk("see_costs").get(f"/admin/costs?{days()}"))
    for amount in (found.total.revenue, found.total.cost, found.total.margin, found.total.expected, found.total.actual):
        assert dollars(amount) in said
    assert f"At risk {dollars(300_000)} 1 perhaps bought" in said
    assert "6-768P 2 $0.44 $0.45 −$0.01" in said
    for by in By:
        for line in found.tables[by].lines:
            assert line.name in said


def test_any_length_has_its_bars(desk: Desk, spread: list[Generation]) -> None:
    client = desk("see_costs")
    for length in (1, 92, 93, 400, 1_096):
        page = client.get(f"/admin/costs?from={day(length + 1)}&to={day(2)}").content.decode()
        assert page.count('class="column"') >= 1
        assert ("by week" in page) is (length > 92)
        assert "striped bars" in page


def test_a_generation_shows_all_of_its_money(desk: Desk, spread: list[Generation]) -> None:
    client = desk("see_costs")
    for made in spread:
        said = words(client.get(f"/admin/costs/generations/{made.public_id}"))
        assert f"hold:{made.public_id}" in said
        assert "Price version 1: launch price Published by sync_catalog" in said
        for line in made.lines:
            assert f" {line['label']} {line['quantity']} {line['unit']}" in said, "what it was priced from"
        if made.charged:
            assert f"capture:{made.public_id} capture {dollars(made.charged)}" in said
        assert "a dog" not in said  # no prompt


def test_a_line_leads_to_its_generations(desk: Desk, spread: list[Generation]) -> None:
    scope = Scope(day(9), day(0))
    client = desk("see_costs")
    found = figures.of_scope(scope)
    for by in By:
        for line in found.tables[by].lines:
            asked = figures.of_line(scope, line)
            page = client.get("/admin/costs/generations", asked)
            assert page.status_code == 200
            assert page.context["sums"] == line.sums, (by, line.name)
            assert len(page.context["page"].rows) == line.sums.ended


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=2026-02-01&to=2026-01-01", "The last day lies before the first one."),
        ("from=2020-01-01&to=2026-01-01", "Choose at most 1096 days."),
        ("from=soon", "Write the day as 2026-01-31."),
        ("provider=nobody", "Choose one of the list."),
        ("model=nothing", "Choose one of the list."),
        ("model=veo-3.1-fast&variant=nothing", "This model has no such variant."),
        ("model=veo-3.1-fast&provider=fal", "This model is made at kie."),
        ("team=nobody", "No team has this id or name."),
        ("key=key_1", "No key has this id."),
        ("sort=beauty", "Sort by one of"),
    ],
)
def test_a_wrong_filter_is_told_beside_its_field(world: World, desk: Desk, query: str, said: str) -> None:
    client = desk("see_costs", "export_costs")
    for path in ("/admin/costs", "/admin/costs/by/team", "/admin/costs/by/team.csv"):
        answer = client.get(f"{path}?{query}")
        assert answer.status_code == 422
        assert said in words(answer)
    assert not AuditEvent.objects.filter(action=Action.COSTS_EXPORTED).exists()


def test_shortcuts_to_other_days_keep_what_else_is_asked(world: World, desk: Desk) -> None:
    client = desk("see_costs")
    page = client.get(f"/admin/costs/generations?from={day(6)}&to={day(0)}&provider=kie&verdict=over&model=nothing")
    assert page.status_code == 422
    shown = {preset["words"]: preset for preset in page.context["form"].presets}
    assert [name for name, preset in shown.items() if preset["current"]] == ["7 days"]
    assert shown["30 days"]["query"] == f"from={day(29)}&to={day(0)}&provider=kie&verdict=over"
    assert html.escape(f"/admin/costs/generations?{shown['Today']['query']}") in page.content.decode()


def test_what_is_unknown_is_refused(world: World, desk: Desk) -> None:
    client = desk("see_costs", "export_costs")
    assert client.get("/admin/costs?colour=red").status_code == 422
    assert client.get("/admin/costs/generations?status=open").status_code == 422
    assert client.get("/admin/costs/generations?verdict=fine").status_code == 422
    assert client.get("/admin/costs/by/beauty").status_code == 404
    assert client.get("/admin/costs/by/team?page=0").status_code == 422
    for month in ("", "2026", "2026-13", "1999-01", "2999-01", "abc-de-"):
        assert client.get(f"/admin/costs/report.pdf?month={month}").status_code == 422
    assert client.post("/admin/costs").status_code == 405


def test_names_are_text(world: World, desk: Desk, spread: list[Generation]) -> None:
    """The rows of the tables are written in Python: what customers call themselves stays text there."""
    name = """<i>"Films' & Sons</i>"""
    Team.objects.filter(pk=world.team.pk).update(name=name)
    ApiKey.objects.filter(team=world.team).update(name=name)
    client = desk("see_costs")
    for path in ("/admin/costs", "/admin/costs/by/team", "/admin/costs/by/key"):
        page = client.get(f"{path}?{days()}").content.decode()
        assert "<i>" not in page
        assert html.escape(name) in page


def test_the_list_goes_on_by_its_links(desk: Desk, spread: list[Generation], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "PER_PAGE", 5)
    client = desk("see_costs")
    seen, href = [], f"?{days()}&provider=kie"
    while href:
        page = client.get(f"/admin/costs/generations{href}")
        seen += [row.id for row in page.context["page"].rows]
        href = page.context["older"]
        assert not href or "provider=kie" in href
    assert seen == [row.id for row in drill_down.page(wanted_of("kie"), Window(50)).rows]
    assert len(seen) > 5
    assert client.get(f"/admin/costs/generations?{days()}&older=beyond").status_code == 422


def wanted_of(provider: str) -> Wanted:
    return Wanted(Scope(day(9), day(0), provider=provider))


# --- files ----------------------------------------------------------------------------------------------------------
def test_files_say_what_the_page_says(desk: Desk, spread: list[Generation]) -> None:
    client = desk("see_costs", "export_costs")
    scope = Scope(day(9), day(0))
    found = figures.of_scope(scope)
    for by in By:
        rows = table(client, f"/admin/costs/by/{by}.csv?{days()}")
        assert [int(row["revenue_micro"]) for row in rows] == [line.sums.revenue for line in found.tables[by].lines]
        assert sum(int(row["margin_micro"]) for row in rows) == found.total.margin
    rows = table(client, f"/admin/costs/generations.csv?{days()}")
    assert [row["id"] for row in rows] == [row.id for row in drill_down.page(Wanted(scope), Window(50)).rows]
    assert sum(int(row["charged_micro"]) for row in rows) == found.total.revenue
    assert sum(int(row["margin_micro"]) for row in rows) == found.total.margin


def test_files_have_each_amount_in_its_column(desk: Desk, spread: list[Generation]) -> None:
    client = desk("see_costs", "export_costs")
    over = next(made for made in spread if made.actual_cost == 310_000)
    rows = {row["id"]: row for row in table(client, f"/admin/costs/generations.csv?{days()}")}
    names = ("charged", "expected", "actual", "difference", "margin")
    assert [rows[over.public_id][f"{name}_micro"] for name in names] == [
        "300000",
        "300000",
        "310000",
        "10000",
        "-10000",
    ]
    assert rows[over.public_id]["difference_usd"] == "0.01"
    assert rows[over.public_id]["provider_charge"] == "over"
    scope = Scope(day(2), day(0))
    asked = f"from={scope.first}&to={scope.last}"
    for by in (By.MODEL, By.TEAM):
        lines = figures.table(scope, by).lines
        told = [
            (row["revenue_before_micro"], row["cost_before_micro"], row["margin_ppm"])
            for row in table(client, f"/admin/costs/by/{by}.csv?{asked}")
        ]
        shares = ["" if line.sums.margin_ppm is None else str(line.sums.margin_ppm) for line in lines]
        before = [(str(line.was_revenue), str(line.was_cost)) for line in lines]
        assert told == [(*pair, share) for pair, share in zip(before, shares, strict=True)]
        assert any(revenue != cost for revenue, cost in before)


def test_no_cell_of_a_file_is_a_formula(desk: Desk, spread: list[Generation]) -> None:
    rows = table(desk("see_costs", "export_costs"), f"/admin/costs/by/key.csv?{days()}")
    assert "'=second key" in {row["key"] for row in rows}
    assert any(row["margin_usd"].startswith("-") for row in rows)  # a number stays one


def test_the_report_of_a_month_is_a_document(desk: Desk, spread: list[Generation]) -> None:
    client = desk("see_costs", "export_costs")
    for month in (f"{day(9):%Y-%m}", "2020-02"):
        answer = client.get(f"/admin/costs/report.pdf?month={month}")
        assert answer.status_code == 200
        assert answer.content.startswith(b"%PDF")
        assert f"cost-report-{month}.pdf" in answer["Content-Disposition"]


# --- what it takes --------------------------------------------------------------------------------------------------
def test_pages_take_as_many_queries_whatever_there_is(world: World, desk: Desk, spread: list[Generation]) -> None:
    client = desk("see_costs")
    made = spread[0].public_id
    asked = [f"/admin/costs?{days()}", f"/admin/costs/by/key?{days()}", f"/admin/costs/generations?{days()}"]
    asked.append(f"/admin/costs/generations/{made}")

    def counted() -> list[int]:
        found = []
        for path in asked:
            with CaptureQueriesContext(connection) as seen:
                assert client.get(path).status_code == 200
            found.append(len(seen))
        return found

    client.get(asked[0])
    before = counted()
    for actor in (world.actor(), world.actor(world.bob)):
        for text in ("a dog, but longer", "a dog, and a cat"):
            deliver(accept(actor, "prompt-expansion-text", model="google/gemini-2.5-flash"), text=text)
    assert counted() == before
    assert before[0] <= 11  # of these six find out who asks
