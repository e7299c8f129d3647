"""What a generation was priced with stays: publish between quote, accept and settle. Amounts in micro-dollars."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from generations import catalog, discounts, intake, observation, offers, outcomes, pricing, quotes
from generations.models import Generation, PriceVersion, Quote
from generations.oversight.discounts import set_discount
from generations.providers import base
from project import db
from project.errors import Conflict, Invalid
from tests.api.shapes import micro
from tests.oversight.prices.conftest import Discount, Publish
from tests.pages.conftest import delivered, started
from tests.pages.parsing import read
from tests.world import World

VEO = "veo-3.1-fast"
ASK = {"model": VEO, "input": {"prompt": "a dog in a park"}}
TENTH = 100_000


def accept_(api: Any, world: World, ask: dict[str, Any] = ASK, **more: Any) -> Generation:
    answer = api("post", "/generations", {**ask, **more}, key=world.key)
    assert answer.status_code == 201, answer.content
    return Generation.objects.latest("created_at")


def test_a_team_pays_its_own_price_and_sees_it_in_the_lines(world: World, api: Any, discount: Discount) -> None:
    discount(world.team, TENTH)
    quote = api("post", "/quotes", ASK, key=world.key).json()
    assert micro(quote["price"]) == micro(quote["hold"]) == 270_000
    assert [line["label"] for line in quote["lines"]][-1] == "Team discount 10 %"
    assert quote["lines"][-1]["amount"] == {"usd": "-0.03", "credits": "-6"}
    assert sum(micro(line["amount"]) for line in quote["lines"]) == 270_000
    other = api("post", "/quotes", ASK, key=world.other_key).json()
    assert micro(other["price"]) == 300_000


def test_the_list_price_is_the_same_for_all(world: World, api: Any, discount: Discount, alice: Client) -> None:
    discount(world.team, TENTH)
    rates = api("get", f"/models/{VEO}", key=world.key).json()["price"]["rates"]
    assert rates["video"] == {"usd": "0.3", "credits": "60"}
    assert "$0.30" in read(alice.get("/prices")).words


def test_the_studio_shows_the_teams_own_price(world: World, alice: Client, discount: Discount) -> None:
    discount(world.team, TENTH)
    page = read(alice.get(f"/studio/{VEO}?fresh=1"))
    assert "Team discount 10 %" in page.words
    assert "\N{MINUS SIGN}$0.03" in page.words
    assert page.one("input", name="agreed").attrs["value"] == "270000"


def test_making_it_again_costs_the_teams_own_price(world: World, alice: Client, make: Any, discount: Discount) -> None:
    row = delivered(make())
    discount(world.team, TENTH)
    assert "54 credits" in read(alice.get(f"/generations/{row.public_id}")).words


def test_a_quote_an_acceptance_and_a_settlement_keep_their_price(
    world: World, api: Any, publish: Publish, discount: Discount
) -> None:
    discount(world.team, TENTH)
    quote = api("post", "/quotes", ASK, key=world.key).json()
    publish(VEO, 500_000)
    discount(world.team, 0)
    bound = accept_(api, world, quote=quote["id"])
    kept = Quote.objects.get()
    assert (bound.price, bound.hold_amount, bound.discount_ppm) == (270_000, 270_000, TENTH)
    assert (bound.price_version_id, kept.discount_ppm) == (kept.price_version_id, TENTH)
    publish(VEO, 0, fixed={"video": 1})
    discount(world.team, 900_000)
    done = delivered(bound)
    assert (done.charged, done.list_amount) == (270_000, 300_000)
    assert "(team discount 10 %) = $0.27." in done.receipt["formula"]  # type: ignore[index]
    now = accept_(api, world)
    assert (now.price, now.discount_ppm) == (1, 900_000)


def test_a_batch_keeps_the_discount_of_its_quote(world: World, api: Any, discount: Discount) -> None:
    discount(world.team, TENTH)
    body = {"requests": [ASK, ASK]}
    quote = api("post", "/quotes/batch", body, key=world.key)
    assert quote.status_code == 201, quote.content
    discount(world.team, 0)
    made = api("post", "/generations/batch", {**body, "quote": quote.json()["id"]}, key=world.key)
    assert made.status_code == 201, made.content
    assert set(Generation.objects.values_list("price", "discount_ppm")) == {(270_000, TENTH)}


def test_a_batch_asks_for_discounts_once(world: World, api: Any, discount: Discount, count_queries: Any) -> None:
    discount(world.team, TENTH)
    other = {"model": "flux-kontext-pro", "input": {"prompt": "a dog"}}
    api("post", "/quotes/batch", {"requests": [ASK]}, key=world.key)  # the key's first use is noted
    few = count_queries(lambda: api("post", "/quotes/batch", {"requests": [ASK]}, key=world.key))
    many = count_queries(lambda: api("post", "/quotes/batch", {"requests": [ASK, ASK, ASK]}, key=world.key))
    two = count_queries(lambda: api("post", "/quotes/batch", {"requests": [ASK, other]}, key=world.key))
    assert many == few
    assert two <= few + 3  # another model: its listing, its pause, its price


def test_a_fixed_price_has_no_margin_and_its_own_list_amount(
    world: World, api: Any, publish: Publish, discount: Discount
) -> None:
    publish(VEO, 500_000, fixed={"video": 250_000})
    discount(world.team, TENTH)
    row = delivered(accept_(api, world))
    assert (row.charged, row.list_amount) == (225_000, 250_000)


def test_a_variant_has_its_own_margin(world: World, publish: Publish) -> None:
    publish("hailuo-2.3-pro", 100_000, margins={"6-1080P": 200_000}, fixed={"10-768P": 500_000})
    version = offers.current_price("hailuo-2.3-pro")
    units = {unit.key: unit.price for unit in pricing.unit_prices(catalog.get(version.slug), offers.book_of(version))}
    assert units == {"6-768P": 242_000, "10-768P": 500_000, "6-1080P": 468_000}


def test_a_text_is_charged_with_its_discount_and_says_so(world: World, api: Any, discount: Discount) -> None:
    discount(world.team, TENTH)
    row = started(accept_(api, world, {"model": "prompt-expansion-text", "input": {"prompt": "a lighthouse"}}))
    observation.finish(generation_id=row.pk, done=base.Done(sources=[], text="A lighthouse.", cost=1_001))
    done = outcomes.succeed(generation_id=row.pk)
    assert (done.charged, done.list_amount) == (901, 1_001)  # 900.9, rounded up once
    assert "The tokens used with a team discount of 10 %, $0.000901 of at most" in done.receipt["formula"]  # type: ignore[index]
    assert done.hold_amount >= 901


def test_a_refusal_for_money_names_what_fits_at_the_teams_own_price(
    world: World, api: Any, publish: Publish, discount: Discount
) -> None:
    discount(world.team, 500_000)
    publish("hailuo-2.3-pro", 0, fixed={"6-1080P": 100_000_000, "10-768P": 100_000_000, "6-768P": 10_000_000})
    data = {"prompt": "wind", "image_url": "https://example.com/a.png", "resolution": "1080P"}
    answer = api("post", "/generations", {"model": "hailuo-2.3-pro", "input": data}, key=world.key)
    assert answer.status_code == 402, answer.content
    assert micro(answer.json()["fits"]["price"]) == 5_000_000


def test_the_discount_of_the_model_goes_before_the_one_on_all(world: World, discount: Discount) -> None:
    discount(world.team, TENTH)
    discount(world.team, 50_000, VEO)
    found = discounts.in_force(world.team)
    assert (discounts.of(found, VEO), discounts.of(found, "flux-kontext-pro")) == (50_000, TENTH)
    discount(world.team, 0, VEO)
    assert discounts.of(discounts.in_force(world.team), VEO) == TENTH
    assert discounts.in_force(world.other_team) == {}


def test_a_scheduled_discount_waits(world: World, discount: Discount) -> None:
    discount(world.team, TENTH, effective_from=db.now() + timedelta(hours=1))
    assert discounts.in_force(world.team) == {}
    assert quotes.price(model=VEO, data=ASK["input"], team=world.team).priced.total == 300_000


def test_two_staff_at_once_do_not_overwrite_a_discount(world: World, staff: Any, discount: Discount) -> None:
    discount(world.team, TENTH)
    with pytest.raises(Conflict, match="meanwhile"):
        set_discount(team=world.team, model="", ppm=1, reason="another", by=staff, made_from=0, sell_below_cost=True)
    with pytest.raises(Invalid):
        set_discount(team=world.team, model="", ppm=900_001, reason="another", by=staff)


def test_a_new_variant_gets_a_rate_in_a_scheduled_version_too(world: World, publish: Publish) -> None:
    version = offers.current_price("hailuo-2.3-pro")
    later = db.now() + timedelta(days=1)
    less = {key: rate for key, rate in version.rates.items() if key != "10-768P"}
    coming = offers.publish(
        slug="hailuo-2.3-pro", rates=less, margin_ppm=7, by="test", reason="test", effective_from=later
    )
    assert offers.sync()["priced"] == 1
    row = PriceVersion.objects.filter(slug="hailuo-2.3-pro").latest("number")
    assert (row.number, row.effective_from, row.margin_ppm) == (coming.number + 1, later, 7)
    assert set(row.rates) == set(version.rates)
    assert offers.sync()["priced"] == 0


def test_a_fixed_price_of_tokens_is_refused(world: World) -> None:
    version = offers.current_price("prompt-expansion-text")
    with pytest.raises(ValueError, match="by the token"):
        offers.publish(slug=version.slug, rates=version.rates, margin_ppm=0, fixed={"x": 1}, by="test", reason="test")


def test_intake_is_what_the_page_agreed_to(world: World, discount: Discount) -> None:
    discount(world.team, TENTH)
    request = intake.Request(model=VEO, input=ASK["input"], max_price=270_000)
    ready = intake.prepare(actor=world.actor(), request=request)
    assert (ready.price, ready.discount_ppm) == (270_000, TENTH)
