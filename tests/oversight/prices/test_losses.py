"""What loses money: over a period, and by the price in force."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from generations import outcomes
from generations.models import Generation, Reason
from generations.oversight.losses import Loss, listed_at_a_loss, sold_at_a_loss
from project import db
from tests.oversight.prices.conftest import Publish
from tests.pages.conftest import delivered, started
from tests.world import World

HAILUO = [
    Loss("kie", "hailuo-2.3-pro", "6-768P", 0, 220_000, 225_000),
    Loss("kie", "hailuo-2.3-pro", "6-1080P", 0, 390_000, 400_000),
]


def test_hailuos_list_price_is_below_its_credits(world: World) -> None:
    found = listed_at_a_loss()
    assert sorted(found, key=lambda loss: loss.revenue) == HAILUO
    assert [loss.margin for loss in HAILUO] == [-5_000, -10_000]


def test_a_price_at_its_cost_is_no_loss(world: World, publish: Publish) -> None:
    publish("hailuo-2.3-pro", 0, fixed={"6-768P": 225_000}, margins={"6-1080P": 25_642})
    assert listed_at_a_loss() == []
    publish("hailuo-2.3-pro", 0, fixed={"6-768P": 224_999}, margins={"6-1080P": 25_642})
    assert [loss.margin for loss in listed_at_a_loss()] == [-1]


def test_what_was_sold_below_a_threshold(world: World, make: Any) -> None:
    row = delivered(make())
    today = db.now().date()
    assert row.charged == 300_000
    assert sold_at_a_loss(today, today) == []
    (loss,) = sold_at_a_loss(today, today, 1)  # sold at its cost
    assert (loss.name, loss.count) == ("veo-3.1-fast video", 1)
    assert (loss.revenue, loss.cost, loss.margin_ppm) == (300_000, 300_000, 0)
    Generation.objects.filter(pk=row.pk).update(actual_cost=450_000)
    (loss,) = sold_at_a_loss(today, today)
    assert (loss.margin, loss.margin_ppm) == (-150_000, -500_000)
    yesterday = today - timedelta(days=1)
    assert sold_at_a_loss(yesterday, yesterday) == []


def test_a_cost_without_revenue_is_a_loss(world: World, make: Any) -> None:

    row = started(make())
    outcomes.fail(generation_id=row.pk, reason=Reason.PROVIDER_FAILED, cost=1)
    today = db.now().date()
    (loss,) = sold_at_a_loss(today, today, -10_000_000)
    assert (loss.margin, loss.margin_ppm, loss.count) == (-1, None, 0)


def test_a_share_is_rounded_down() -> None:
    shares = [Loss("kie", "m", "v", 1, revenue, cost).margin_ppm for revenue, cost in ((3, 1), (3, 4), (0, 4))]
    assert shares == [666_666, -333_334, None]


def test_what_only_teams_with_a_discount_buy_below_cost_is_listed(
    world: World, publish: Publish, discount: Any
) -> None:
    """The team that pays least is named, once for each unit; what is below cost for all anyhow is not told twice."""
    publish("veo-3.1-fast", 50_000)  # $0.315, costs $0.30
    discount(world.team, 40_000)
    assert [loss.whose for loss in listed_at_a_loss() if loss.model == "veo-3.1-fast"] == []
    discount(world.team, 200_000, "veo-3.1-fast")
    discount(world.other_team, 100_000, "veo-3.1-fast")
    (loss,) = [loss for loss in listed_at_a_loss() if loss.model == "veo-3.1-fast"]
    assert (loss.variant, loss.revenue, loss.cost) == ("video", 252_000, 300_000)
    assert loss.whose == "Studio (20 % off) and 1 more team"
    assert [
        loss.whose for loss in listed_at_a_loss() if loss.model == "hailuo-2.3-pro" and loss.variant == "6-768P"
    ] == ["all teams"]
    discount(world.team, 0, "veo-3.1-fast")  # then its discount on all models holds
    assert [loss.whose for loss in listed_at_a_loss() if loss.model == "veo-3.1-fast"] == ["Elsewhere (10 % off)"]
    discount(world.other_team, 900_000, effective_from=db.now() + timedelta(days=1))  # not yet
    assert [loss.whose for loss in listed_at_a_loss() if loss.model == "veo-3.1-fast"] == ["Elsewhere (10 % off)"]
