"""What another price would have brought equals pricing each generation anew by the pure functions with its input."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from generations import catalog, idempotency, intake, offers, pricing
from generations.models import Generation
from generations.oversight.what_if import Effect, raised, what_if
from generations.pricing import PriceBook
from project import db
from tests.oversight.prices.conftest import Discount, Publish
from tests.pages.conftest import delivered
from tests.world import World

VEO = "veo-3.1-fast"
MONTH = timedelta(days=30)


def asked(prices: dict[str, PriceBook]) -> Any:
    now = db.now()
    return what_if(prices, since=now - MONTH, until=now)


def test_all_of_it_equals_each_priced_by_hand(
    world: World, make: Any, publish: Publish, discount: Discount, api: Any
) -> None:
    """Real generations through the real ends, of several models, prices and discounts."""
    data: dict[str, dict[str, Any]] = {
        "veo-3.1-fast": {},
        "hailuo-2.3-pro": {"image_url": "https://example.com/a.png", "resolution": "768P"},
        "qwen-image-edit-plus": {"image_urls": ["https://example.com/a.png"], "num_images": 3},
    }
    for margin, ppm in ((0, 0), (33_333, 77_777), (125_001, 900_000)):
        discount(world.team, ppm)
        for slug, more in data.items():
            publish(slug, margin, fixed={"6-768P": 233_333} if margin and slug.startswith("hailuo") else {})
            delivered(_made(world, slug, more), outputs=2 if "num_images" in more else 1)
        text = _made(world, "prompt-expansion-text", {})
        delivered(text, text="a lighthouse")
    rows = list(Generation.objects.filter(status="succeeded"))
    assert len(rows) == 12
    assert sum(row.charged or 0 for row in rows) == asked(_now()).total.charged
    for change in (100_000, -70_000, 0, 1, 33_333):
        prices = {slug: raised(catalog.get(slug), book, change) for slug, book in _now().items()}
        found = asked(prices)
        assert found.unpriced == 0
        assert found.total.count == 12
        assert found.total.anew == sum(_anew(row, prices[row.model]) for row in rows)
        assert found.total.today == sum(_anew(row, _now()[row.model]) for row in rows)
        assert found.total.cost == sum(
            row.expected_cost if row.actual_cost is None else row.actual_cost for row in rows
        )
        for line in found.variants:
            own = [row for row in rows if (row.model, row.variant) == (line.model, line.variant)]
            assert line.count == len(own)
            assert line.anew == sum(_anew(row, prices[row.model]) for row in own)
        (team,) = found.teams
        assert (team.anew, team.name, team.moved) == (found.total.anew, "Studio", found.total.moved)


def test_only_what_is_asked_for_is_priced(world: World, make: Any) -> None:
    row = delivered(make())
    delivered(_made(world, "hailuo-2.3-pro", {"image_url": "https://example.com/a.png"}))
    make()  # open: in no figure
    found = asked({VEO: _now()[VEO]})
    assert (found.total.count, found.total.charged) == (1, 300_000)
    assert row.finished_at is not None
    before = what_if(_now(), since=row.finished_at - MONTH, until=row.finished_at)
    assert before.total == Effect()  # the end is not in it
    assert what_if(_now(), since=row.finished_at, until=db.now()).total.count == 2


def test_what_has_no_rate_is_counted_apart(world: World, make: Any) -> None:
    delivered(make())
    found = asked({VEO: PriceBook(0, {"another": 1}, 0)})
    assert (found.unpriced, found.total, found.teams) == (1, Effect(), [])


def test_teams_come_by_how_much_it_moves_them(world: World, make: Any) -> None:
    for _ in range(3):
        delivered(make())
    found = asked({VEO: raised(catalog.get(VEO), _now()[VEO], 100_000)})
    assert [(team.name, team.count, team.moved, team.moved_ppm) for team in found.most_moved] == [
        ("Studio", 3, 90_000, 100_000)
    ]


@pytest.mark.parametrize("change", [100_000, 1, 333_333, -1, -100_000, -900_000, 10_000_000])
def test_a_change_is_never_less_than_was_asked_for(world: World, change: int, publish: Publish) -> None:
    publish("hailuo-2.3-pro", 33_333, margins={"6-1080P": 7}, fixed={"10-768P": 123_457})
    for slug, book in _now().items():
        entry = catalog.get(slug)
        after = raised(entry, book, change)
        old = {unit.key: unit.price for unit in pricing.unit_prices(entry, book)}
        for unit in pricing.unit_prices(entry, after):
            wanted = -(-old[unit.key] * (1_000_000 + change) // 1_000_000)
            if entry.unit == "token" and change < 0:
                assert unit.price >= unit.rate
            else:
                slack = 3 + max(change, 0) // 1_000_000 + unit.rate // 500_000  # a ppm, and the old price was rounded
                assert abs(unit.price - wanted) <= slack, unit


def _now() -> dict[str, PriceBook]:
    return {slug: offers.book_of(version) for slug, version in offers.current_prices().items()}


def _anew(row: Generation, book: PriceBook) -> int:
    """One generation by its input. A text without a bill is charged by our own count, as outcomes does."""
    entry = catalog.get(row.model)
    own = PriceBook(0, book.rates, book.margin_ppm, book.margins, book.fixed, row.discount_ppm)
    usage = None
    if row.kind == "text":
        count = entry.own_count_cost(row.input, row.text, row.price_version.rates)
        usage = count if row.actual_cost is None else row.actual_cost
    return pricing.capture_amount(entry, row.input, own, row.output_count, usage)


def _made(world: World, slug: str, more: dict[str, Any]) -> Generation:
    request = intake.Request(model=slug, input={"prompt": "a dog in a park", **more})
    found, _ = intake.accept(
        actor=world.actor(world.bob),
        request=request,
        render=lambda row: idempotency.Answer(201, {"id": row.public_id}, {}),
    )
    assert found is not None
    return found
