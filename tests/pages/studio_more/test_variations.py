"""Several at once: one press, one total, all of them or none, each its own generation."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from billing import budgets, ledger
from billing.models import Hold, Period
from generations import catalog, idempotency, intake, offers, variations
from generations.models import Batch, Generation, Listing
from project.errors import Conflict, Forbidden, Invalid
from tests.world import World

VEO = {"prompt": "a dog in a park", "aspectRatio": "16:9"}
EACH = 300_000


def wanted(data: dict[str, Any] | None = None, **more: Any) -> intake.Request:
    return intake.Request(model=more.pop("model", "veo-3.1-fast"), input=VEO if data is None else data, **more)


def press(world: World, count: int, request: intake.Request | None = None) -> tuple[bool, idempotency.Answer]:
    return variations.accept(actor=world.actor(world.bob), request=request or wanted(), count=count)


def test_three_are_a_batch_for_one_total(world: World) -> None:
    made, answer = press(world, 3, wanted(max_price=3 * EACH))
    batch = Batch.objects.get()
    assert (made, answer.status, answer.body) == (True, 201, {"id": batch.public_id})
    assert (batch.count, batch.held, batch.membership) == (3, 3 * EACH, world.actor(world.bob).membership)
    assert [row.input["prompt"] for row in Generation.objects.all()] == [VEO["prompt"]] * 3
    assert ledger.wallet(world.team.pk).held.balance == 3 * EACH
    assert variations.page_of(batch.public_id) == f"/history?batch={batch.public_id}"


def test_one_is_a_generation_and_no_batch(world: World) -> None:
    made, answer = press(world, 1, wanted(max_price=EACH))
    row = Generation.objects.get()
    assert (made, answer.body, row.batch) == (True, {"id": row.public_id}, None)
    assert variations.page_of(row.public_id) == f"/generations/{row.public_id}"


def test_a_double_press_makes_them_once(world: World) -> None:
    key = (f"page-{secrets.token_hex(16)}", "f" * 64)
    first = press(world, 4, wanted(idempotency=key))
    second = press(world, 4, wanted(idempotency=key))
    assert (first[0], second[0]) == (True, False)
    assert first[1].body == second[1].body
    assert (Generation.objects.count(), Hold.objects.count()) == (4, 4)
    other = press(world, 2, wanted(idempotency=key))  # another number is another order
    assert other[0]
    assert Generation.objects.count() == 6


def test_a_dearer_total_is_asked_again(world: World) -> None:
    with pytest.raises(Conflict, match=r"These 3 cost more together than the \$0.80") as caught:
        press(world, 3, wanted(max_price=800_000))
    assert caught.value.code == "max_price_exceeded"
    with pytest.raises(Conflict):
        press(world, 3, wanted(max_price=3 * EACH - 1))
    assert not Generation.objects.exists()
    with pytest.raises(Conflict, match=r"than the \$0.30"):  # the page showed the price of one
        press(world, 2, wanted(max_price=EACH))
    current = offers.current_price("veo-3.1-fast")
    offers.publish(
        slug=current.slug, rates={k: v + 1 for k, v in current.rates.items()}, margin_ppm=0, by="t", reason="t"
    )
    with pytest.raises(Conflict):
        press(world, 3, wanted(max_price=3 * EACH))
    assert not Batch.objects.exists()
    assert ledger.wallet(world.team.pk).held.balance == 0


def test_all_or_none_when_money_is_missing(world: World) -> None:
    bob = world.actor(world.bob).membership
    assert bob is not None
    budgets.set_limit(team=world.team, membership=bob, period=Period.DAY, limit=3 * EACH - 1, by="test")
    key = (f"page-{secrets.token_hex(16)}", "f" * 64)
    made, answer = press(world, 3, wanted(idempotency=key))
    assert (made, answer.status, answer.body["code"]) == (False, 402, "budget_exceeded")
    assert (Generation.objects.count(), Batch.objects.count(), Hold.objects.count()) == (0, 0, 0)


def test_faults_name_the_fields_of_one_form(world: World) -> None:
    with pytest.raises(Invalid) as caught:
        press(world, 5, wanted({"aspectRatio": "4:3"}))
    assert [error.path for error in caught.value.errors] == ["input.prompt", "input.aspectRatio"]
    with pytest.raises(Invalid) as caught:
        press(world, 2, wanted({**VEO, "imageUrls": ["upl_" + "0" * 32]}))
    assert [error.path for error in caught.value.errors] == ["input.imageUrls.0"]


def test_who_may_not_make_and_what_is_switched_off(world: World) -> None:
    with pytest.raises(Forbidden):
        variations.accept(actor=world.actor(world.carol), request=wanted(), count=2)
    Listing.objects.filter(pk="veo-3.1-fast").update(available=False, note="Back on Monday.")
    with pytest.raises(Conflict, match="Back on Monday"):
        press(world, 2)
    assert not Generation.objects.exists()


@pytest.mark.parametrize(
    ("slug", "given", "seeds"),
    [
        ("veo-3.1-fast", {"seeds": 12345}, [12345, 12346, 12347]),
        ("veo-3.1-fast", {"seeds": 99998}, [99998, 99999, 10000]),
        ("veo-3.1-fast", {"seeds": 5}, [5, 5, 5]),  # refused as it is
        ("veo-3.1-fast", {"seeds": "x"}, ["x", "x", "x"]),
        ("veo-3.1-fast", {}, [None, None, None]),
        ("seedance-v1-pro", {"seed": -1}, [-1, -1, -1]),  # random
        ("seedance-v1-pro", {"seed": 2_147_483_647}, [2_147_483_647, 0, 1]),
        ("qwen-image-edit-plus", {"seed": 7}, [7, 8, 9]),
        ("qwen-image-edit-plus", {"seed": -1}, [-1, 0, 1]),  # a seed like any other there
        ("nano-banana-pro", {"seed": 7}, [7, 7, 7]),  # not its field: refused as it is
    ],
)
def test_a_seed_counts_up(slug: str, given: dict[str, Any], seeds: list[Any]) -> None:
    """Equal seeds would make equal results, paid three times."""
    name = next(iter(given), "seed")
    found = variations.several(wanted({"prompt": "a", **given}, model=slug, max_price=10), 3)
    assert [request.input.get(name) for request in found] == seeds  # type: ignore[attr-defined]
    assert [request.max_price for request in found] == [3, 3, 3]


@pytest.mark.parametrize("slug", list(catalog.ENTRIES))
def test_every_seed_of_the_catalogue_is_known(slug: str) -> None:
    properties = catalog.get(slug).json_schema()["properties"]
    assert {name for name, rule in properties.items() if rule["title"] == "Seed"} <= set(variations.SEEDS)


def test_how_many_a_form_may_ask_for() -> None:
    assert [variations.count_of(text) for text in ("", "1", "8")] == [1, 1, 8]
    for text in ("0", "9", "-1", "1.5", "ten", "１", "01"):
        with pytest.raises(Invalid) as caught:
            variations.count_of(text)
        assert [error.path for error in caught.value.errors] == ["count"]
