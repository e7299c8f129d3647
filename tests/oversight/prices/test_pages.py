"""The pages of the desk of prices: who may, what they show, what they refuse."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Action, AuditEvent
from generations.models import Generation, PriceVersion, TeamDiscount
from project import db
from tests.oversight.conftest import Desk
from tests.oversight.costs.conftest import ended_at, noon, recount
from tests.oversight.prices.conftest import Discount, Publish
from tests.pages.conftest import delivered
from tests.pages.parsing import read
from tests.world import World

HAILUO = "/admin/prices/models/hailuo-2.3-pro"
VEO = "/admin/prices/models/veo-3.1-fast"


def form(number: int, **more: str) -> dict[str, str]:
    return {"made_from": str(number), "margin": "10", "reason": "costs rose", "do": "publish", **more}


def table(client: Client, path: str) -> list[dict[str, str]]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content
    assert answer.headers["Content-Type"].startswith("text/csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


def test_nobody_publishes_prices_that_they_do_not_see(desk: Desk) -> None:
    other = desk("see_costs", "export_costs", "publish_prices")
    assert other.post(VEO, form(1)).status_code == 403
    assert PriceVersion.objects.filter(number__gt=1).count() == 0


def test_seeing_is_not_publishing(world: World, desk: Desk) -> None:
    looker = desk("see_prices")
    assert looker.post(VEO, form(1)).status_code == 403
    path = f"/admin/prices/discounts/{world.team.public_id}"
    sent = {"model": "", "percent": "10", "reason": "a good customer", "made_from": ""}
    assert looker.post(path, sent).status_code == 403
    assert PriceVersion.objects.filter(number__gt=1).count() == 0
    assert not TeamDiscount.objects.exists()
    assert not AuditEvent.objects.filter(action__in=[Action.PRICE_PUBLISHED, Action.DISCOUNT_SET]).exists()
    assert looker.post(VEO, form(1, do="preview")).status_code == 200


def test_what_loses_money_is_marked(world: World, desk: Desk) -> None:
    page = read(desk("see_prices").get("/admin/prices"))
    assert "2 prices in force are below the expected cost." in page.words
    rows = page.texts("tr")
    hailuo = next(text for text in rows if "Hailuo 2.3 Pro" in text and "6-768P" in text)
    assert "$0.22 0 % $0.22 $0.225 \N{MINUS SIGN}$0.005 loses" in hailuo
    assert sum("loses" in text for text in rows) == 2


def test_the_page_of_all_prices_asks_a_few_queries(
    world: World, desk: Desk, publish: Publish, count_queries: Any
) -> None:
    client = desk("see_prices")
    client.get("/admin/prices")
    few = count_queries(lambda: client.get("/admin/prices"))
    for _ in range(3):
        publish("veo-3.1-fast", 50_000, effective_from=db.now() + timedelta(days=1))
    assert count_queries(lambda: client.get("/admin/prices")) == few <= 14


def test_a_version_is_published_and_told(world: World, desk: Desk) -> None:
    client = desk("see_prices", "publish_prices")
    assert client.post(VEO, form(1, margin="12.5")).status_code == 302
    row = PriceVersion.objects.get(slug="veo-3.1-fast", number=2)
    assert (row.margin_ppm, row.reason) == (125_000, "costs rose")
    assert row.created_by.startswith("staff:")
    told = AuditEvent.objects.get(action=Action.PRICE_PUBLISHED)
    assert told.team is None
    assert told.target_name == "Veo 3.1 Fast"
    assert told.data["before"] == {"version": 1, "price": "margin 0 %"}
    assert told.data["after"] == {"version": 2, "price": "margin 12.5 %"}
    page = read(client.get(VEO))
    assert "Version 2 is in force since" in page.words
    assert "margin 0 % to 12.5 %" in page.words
    assert "costs rosestaff1@example.com" in page.one("tr", id="version-2").text


def test_of_two_staff_the_second_is_told_what_changed(world: World, desk: Desk) -> None:
    first, second = desk("see_prices", "publish_prices"), desk("see_prices", "publish_prices")
    assert first.post(VEO, form(1)).status_code == 302
    page = read(second.post(VEO, form(1, margin="20", reason="mine")), 409)
    assert "Version 2: margin 0 % to 10 %." in page.words
    assert page.one("input", name="margin").attrs["value"] == "20"
    assert PriceVersion.objects.filter(slug="veo-3.1-fast").count() == 2


def test_below_cost_wants_a_tick(world: World, desk: Desk) -> None:
    client = desk("see_prices", "publish_prices")
    page = read(client.post(HAILUO, form(1, margin="0")), 422)
    assert "6-768P at $0.22 costs $0.225" in page.words
    assert PriceVersion.objects.filter(slug="hailuo-2.3-pro").count() == 1
    assert client.post(HAILUO, form(1, margin="0", sell_below_cost="on")).status_code == 302
    told = AuditEvent.objects.get(action=Action.PRICE_PUBLISHED)
    assert told.data["below_cost"] == ["6-768P", "6-1080P"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"margin": "ten"}, "Write a percentage such as 10 or 2.5."),
        ({"margin": "-1"}, "A margin is between 0 and 1,000 percent."),
        ({"fixed_0": "0"}, "A fixed price is more than nothing"),
        ({"fixed_0": "1e3"}, "Write dollars with at most 6 decimals"),
        ({"fixed_0": "1", "margin_0": "5"}, "Set a margin or a fixed price for a variant, not both."),
        ({"effective_from": "2020-01-01 00:00"}, "This moment is past"),
        ({"effective_from": "tomorrow"}, "Write a moment in UTC as 2026-12-01 09:00"),
        ({"reason": ""}, "This field is required."),
        ({"reason": "so " * 70}, "Ensure this value has at most 200 characters"),
        ({"made_from": "x"}, "Enter a whole number."),
    ],
)
def test_what_is_no_price_is_said_beside_its_field(world: World, desk: Desk, typed: dict[str, str], said: str) -> None:
    page = read(desk("see_prices", "publish_prices").post(VEO, form(1, sell_below_cost="on", **typed)), 422)
    assert said in page.words
    assert PriceVersion.objects.filter(slug="veo-3.1-fast").count() == 1


def test_what_is_priced_by_the_token_has_no_fixed_price(world: World, desk: Desk) -> None:
    client = desk("see_prices", "publish_prices")
    path = "/admin/prices/models/prompt-expansion-text"
    assert "priced by the token" in read(client.get(path)).words
    assert client.post(path, form(1, fixed_0="1")).status_code == 302  # there is no such field
    assert PriceVersion.objects.get(slug="prompt-expansion-text", number=2).fixed == {}


def test_a_preview_publishes_nothing_and_keeps_what_was_typed(world: World, desk: Desk, make: Any) -> None:
    row = delivered(make())
    page = read(desk("see_prices", "publish_prices").post(VEO, form(1, do="preview", margin="10")))
    assert "Preview: not published" in page.words
    assert "$0.33" in page.words
    assert world.team.name in page.words
    assert page.one("input", name="margin").attrs["value"] == "10"
    assert PriceVersion.objects.filter(slug="veo-3.1-fast").count() == 1
    row.refresh_from_db()
    assert row.charged == 300_000


def test_a_scheduled_version_is_shown_and_superseded(world: World, desk: Desk) -> None:
    client = desk("see_prices", "publish_prices")
    later = f"{db.now() + timedelta(days=2):%Y-%m-%d %H:%M}"
    assert client.post(VEO, form(1, effective_from=later)).status_code == 302
    page = read(client.get(VEO))
    assert "Version 1 is in force" in page.words
    assert "Version 2 takes over on" in page.words
    assert f"?from={later.replace(' ', '%20')}" in page.html.replace("%3A", ":")
    assert read(client.get(f"{VEO}?from={later}")).one("input", name="effective_from").attrs["value"] == later
    assert client.post(VEO, form(2, margin="5", effective_from=later)).status_code == 302
    page = read(client.get(VEO))
    assert "Version 3 takes over on" in page.words
    assert "2 superseded, never in force" in page.words


def test_what_if_answers_a_rise_of_ten_percent_on_one_page(world: World, desk: Desk, make: Any) -> None:
    delivered(make())
    page = read(desk("see_prices").get("/admin/prices/what-if?change=10&of=&days=30"))
    assert "10 % on everything" in page.words
    for figure in ("$0.30", "$0.33", "$0.03", "10.0 %"):
        assert figure in page.words, figure
    assert world.team.name in page.words


@pytest.mark.parametrize("query", ["change=x", "change=-95", "days=0", "days=999", "of=nothing", "change="])
def test_what_if_says_what_it_cannot_ask(world: World, desk: Desk, query: str) -> None:
    page = read(desk("see_prices").get(f"/admin/prices/what-if?{query}"), 422)
    assert "Nothing is shown" in page.words
    assert desk("see_prices", "export_costs").get(f"/admin/prices/what-if.csv?{query}").status_code == 422


def test_what_if_without_any_generation_says_so(world: World, desk: Desk) -> None:
    page = read(desk("see_prices").get("/admin/prices/what-if?of=provider:fal"))
    assert "No generation of these models succeeded in these days" in page.words


def test_every_table_is_a_file(world: World, desk: Desk, make: Any, discount: Discount) -> None:
    delivered(make())
    discount(world.team, 100_000)
    client = desk("see_prices", "export_costs")
    prices = table(client, "/admin/prices.csv")
    hailuo = next(row for row in prices if (row["model"], row["rate"]) == ("hailuo-2.3-pro", "6-768P"))
    assert (hailuo["price_micro"], hailuo["cost_micro"], hailuo["stays_micro"]) == ("220000", "225000", "-5000")
    assert [row["version"] for row in table(client, f"{VEO}.csv")] == ["1"]
    (team,) = table(client, "/admin/prices/what-if.csv?change=10")
    assert (team["team"], team["charged_micro"], team["anew_micro"]) == (world.team.name, "300000", "330000")
    (own,) = table(client, "/admin/prices/discounts.csv")
    assert (own["team_id"], own["discount_ppm"], own["model"]) == (world.team.public_id, "100000", "all")
    assert len(table(client, f"/admin/prices/discounts/{world.team.public_id}.csv")) == 1
    assert AuditEvent.objects.filter(action=Action.COSTS_EXPORTED).count() == 5


def test_a_discount_is_set_found_and_told_to_the_team(world: World, desk: Desk, alice: Client) -> None:
    client = desk("see_prices", "publish_prices")
    assert "No team has a discount" in read(client.get("/admin/prices/discounts")).words
    path = f"/admin/prices/discounts/{world.team.public_id}"
    found = client.get(f"/admin/prices/discounts?team={world.team.name}")
    assert found.headers["Location"] == path
    sent = {"model": "veo-3.1-fast", "percent": "10", "reason": "a good customer", "made_from": ""}
    sent["sell_below_cost"] = "on"
    assert client.post(path, sent).status_code == 302
    page = read(client.get(path))
    (row,) = [row.text for row in page.all("tr")][1:]
    assert row.startswith("Veo 3.1 Fast10 %")
    assert "in forcea good customerstaff1@example.com" in row
    told = AuditEvent.objects.get(action=Action.DISCOUNT_SET)
    assert told.team == world.team
    assert told.data["after"] == "10 %"
    assert "Set a discount" in read(alice.get("/team/audit")).words
    assert read(client.post(path, {**sent, "percent": "20"}), 409)  # made from none, and there is one
    assert client.post(path, {**sent, "percent": "0", "made_from": "veo-3.1-fast=1"}).status_code == 302
    assert "No team has a discount" in read(client.get("/admin/prices/discounts")).words


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"percent": "91"}, "A discount is between 0 and 90 percent."),
        ({"percent": "-1"}, "A discount is between 0 and 90 percent."),
        ({"percent": ""}, "This field is required."),
        ({"model": "nothing"}, "Select a valid choice."),
        ({"effective_from": "2020-01-01 00:00"}, "This moment is past"),
        ({"percent": "50"}, "Below cost:"),
        ({"reason": " "}, "This field is required."),
    ],
)
def test_what_is_no_discount_is_said_beside_its_field(
    world: World, desk: Desk, typed: dict[str, str], said: str
) -> None:
    path = f"/admin/prices/discounts/{world.team.public_id}"
    sent = {"model": "veo-3.1-fast", "percent": "10", "reason": "a good customer", "made_from": "", **typed}
    page = read(desk("see_prices", "publish_prices").post(path, sent), 422)
    assert said in page.words
    assert not TeamDiscount.objects.exists()


def test_a_team_that_is_not_there_is_said(world: World, desk: Desk) -> None:
    client = desk("see_prices")
    page = read(client.get("/admin/prices/discounts?team=nobody"), 422)
    assert "No team has this id or name." in page.words
    assert client.get("/admin/prices/discounts/team_nothing").status_code == 404
    assert client.get("/admin/prices/models/nothing").status_code == 404


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=abc", "Write a moment in UTC as 2026-12-01 09:00"),
        ("from=2026-13-40", "Write a moment in UTC as 2026-12-01 09:00"),
        ("change=abc", "Write a percentage such as 10 or 2.5."),
        ("change=-95", "A change is between -90 and 1,000 percent."),
    ],
)
def test_what_a_model_cannot_be_asked_is_refused(world: World, desk: Desk, query: str, said: str) -> None:
    answer = desk("see_prices").get(f"{VEO}?{query}", headers={"accept": "application/json"})
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_the_form_comes_filled_from_a_what_if(world: World, desk: Desk, publish: Publish) -> None:
    publish("veo-3.1-fast", 0, fixed={"video": 500_000})
    page = read(desk("see_prices").get(f"{VEO}?change=10&from="))
    assert page.one("input", name="margin").attrs["value"] == "10"
    assert page.one("input", name="fixed_0").attrs["value"] == "0.55"


def test_the_last_30_days_are_30(world: World, desk: Desk, make: Any) -> None:
    row = delivered(make())
    Generation.objects.filter(pk=row.pk).update(actual_cost=450_000)
    page = {}
    for days in (30, 29):
        ended_at(row, noon(days))
        recount()
        page[days] = read(desk("see_prices").get("/admin/prices")).words
    assert "Lost money" not in page[30]
    assert "Lost money in the last 30 days: veo-3.1-fast video" in page[29]
