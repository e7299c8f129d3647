"""Nobody sells below cost without knowing: prices against discounts, now and at the moment when they come to hold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts import audit
from accounts.models import Action, AuditEvent, Team
from generations import offers
from generations.models import PriceVersion, TeamDiscount
from generations.oversight import price_desk
from generations.oversight.discounts import set_discount
from generations.oversight.price_desk import Draft
from project import db
from project.errors import Invalid
from tests.oversight.conftest import Desk
from tests.oversight.prices.conftest import Discount, Publish
from tests.pages.parsing import read
from tests.world import World

VEO = "veo-3.1-fast"  # its rate is what it costs
DAY = timedelta(days=1)


def sell(staff: audit.Staff, margin: int, **more: Any) -> PriceVersion:
    last = PriceVersion.objects.filter(slug=VEO).latest("number")
    return price_desk.publish(slug=VEO, draft=Draft(margin), made_from=last.number, reason="a change", by=staff, **more)


def set_to(staff: audit.Staff, team: Team, ppm: int, **more: Any) -> TeamDiscount:
    return set_discount(team=team, ppm=ppm, reason="a good customer", by=staff, **{"model": VEO, **more})


def said(refused: pytest.ExceptionInfo[Invalid]) -> str:
    (error,) = refused.value.errors
    assert (error.path, error.code) == ("sell_below_cost", "below_cost")
    return error.message


def test_a_price_that_a_standing_discount_takes_below_cost_wants_the_tick(
    world: World, staff: audit.Staff, publish: Publish, discount: Discount
) -> None:
    publish(VEO, 300_000)
    discount(world.team, 200_000, VEO)
    discount(world.other_team, 60_000)
    with pytest.raises(Invalid) as refused:
        sell(staff, 50_000)
    assert "video at $0.252 for Studio (20 % off) and 1 more team costs $0.30" in said(refused)
    sell(staff, 250_000)  # exactly at cost for Studio
    sell(staff, 50_000, sell_below_cost=True)
    told = AuditEvent.objects.filter(action=Action.PRICE_PUBLISHED).latest("id").data
    assert told["below_cost"] == []
    assert told["below_cost_for_teams"] == ["video at $0.252 for Studio (20 % off) and 1 more team costs $0.30"]


def test_a_discount_that_is_scheduled_counts_as_long_as_the_price_holds(
    world: World, staff: audit.Staff, publish: Publish, discount: Discount
) -> None:
    now = db.now()
    publish(VEO, 300_000)
    discount(world.team, 200_000, VEO, effective_from=now + 2 * DAY)
    with pytest.raises(Invalid) as refused:
        sell(staff, 50_000)
    assert "Studio (20 % off)" in said(refused)
    publish(VEO, 300_000, effective_from=now + DAY)  # takes over before the discount begins
    assert sell(staff, 50_000).margin_ppm == 50_000
    with pytest.raises(Invalid):
        sell(staff, 50_000, effective_from=now + 3 * DAY)
    discount(world.team, 0, VEO, effective_from=now + 3 * DAY)  # has ended when that price begins
    assert sell(staff, 50_000, effective_from=now + 3 * DAY)


def test_of_two_discounts_the_one_that_holds_counts(
    world: World, staff: audit.Staff, publish: Publish, discount: Discount
) -> None:
    publish(VEO, 300_000)
    discount(world.team, 200_000)  # on all models
    discount(world.team, 10_000, VEO)  # its own goes before it
    assert sell(staff, 50_000)
    discount(world.team, 0, VEO)
    with pytest.raises(Invalid):
        sell(staff, 60_000)


def test_a_discount_is_tested_at_the_price_of_its_moment_and_those_after(
    world: World, staff: audit.Staff, publish: Publish
) -> None:
    now = db.now()
    publish(VEO, 300_000)
    publish(VEO, 0, effective_from=now + 2 * DAY)
    publish(VEO, 300_000, effective_from=now + 4 * DAY)
    for start in (None, now + DAY, now + 3 * DAY):
        with pytest.raises(Invalid) as refused:
            set_to(staff, world.team, 200_000, effective_from=start)
        assert said(refused) == "Below cost: Veo 3.1 Fast video. Tick this to sell so."
    assert set_to(staff, world.team, 200_000, effective_from=now + 5 * DAY)
    assert set_to(staff, world.team, 0, effective_from=now + DAY)


def test_a_discount_on_all_is_tested_where_it_holds(world: World, staff: audit.Staff, publish: Publish) -> None:
    for slug in offers.current_prices():
        publish(slug, 300_000)
    publish(VEO, 0)
    with pytest.raises(Invalid) as refused:
        set_to(staff, world.team, 200_000, model="")
    assert said(refused) == "Below cost: Veo 3.1 Fast video. Tick this to sell so."
    set_to(staff, world.team, 10_000, sell_below_cost=True)
    assert set_to(staff, world.team, 200_000, model="")  # Veo has its own


def test_a_preview_names_the_team(world: World, desk: Desk, publish: Publish, discount: Discount) -> None:
    publish(VEO, 300_000)
    discount(world.team, 200_000)
    typed = {"made_from": "2", "margin": "5", "reason": "less", "do": "preview"}
    page = read(desk("see_prices").post(f"/admin/prices/models/{VEO}", typed))
    assert "Below cost with a discount: video at $0.252 for Studio (20 % off) costs $0.30." in page.words


def test_the_desk_of_costs_names_the_team(world: World, desk: Desk, publish: Publish, discount: Discount) -> None:
    publish(VEO, 50_000)
    discount(world.team, 100_000)
    page = read(desk("see_costs").get("/admin/costs"))
    (row,) = [text for text in page.texts("tr") if "veo-3.1-fast video" in text]
    assert "Studio (10 % off)" in row
