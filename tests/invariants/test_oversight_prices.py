"""What the database keeps of prices and discounts (generations 0002, 0012, 0014): never edited, each number once, and
what priced a generation is fixed."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, transaction

from generations.models import PriceVersion, TeamDiscount
from tests.invariants.scene import Scene


@pytest.fixture
def discount(scene: Scene) -> TeamDiscount:
    row = _discount(scene)
    scene.sql("set constraints all immediate")  # nothing is pending, as after a COMMIT
    return row


def _discount(scene: Scene, **more: Any) -> TeamDiscount:
    given = {"team": scene.team, "number": 1, "ppm": 100_000, "created_by": "test", "reason": "test", **more}
    return TeamDiscount.objects.create(**given)


@pytest.mark.parametrize(
    "statement",
    [
        "update generations_teamdiscount set ppm = 0",
        "update generations_teamdiscount set effective_from = effective_from - interval '1 day'",
        "update generations_teamdiscount set reason = 'another'",
        "delete from generations_teamdiscount",
        "truncate generations_teamdiscount cascade",
        "update generations_priceversion set margin_ppm = margin_ppm + 1",
        """update generations_priceversion set margins = '{"image": 5}'""",
        """update generations_priceversion set fixed = '{"image": 5}'""",
        "update generations_priceversion set effective_from = effective_from + interval '1 day'",
        "delete from generations_priceversion",
    ],
)
def test_prices_and_discounts_are_never_edited(scene: Scene, discount: TeamDiscount, statement: str) -> None:
    with pytest.raises(DatabaseError, match="is append-only"), transaction.atomic():
        scene.sql(statement)
    discount.refresh_from_db()
    assert (discount.ppm, discount.reason) == (100_000, "test")


def test_each_number_is_given_once(scene: Scene, discount: TeamDiscount) -> None:
    with pytest.raises(DatabaseError, match="discount_number_once"), transaction.atomic():
        _discount(scene, ppm=1)
    _discount(scene, model="veo-3.1-fast")
    _discount(scene, number=2, ppm=0)
    _discount(scene, team=scene.other)
    first = scene.version
    with pytest.raises(DatabaseError, match="price_version_number_once"), transaction.atomic():
        PriceVersion.objects.create(
            slug=first.slug, number=first.number, rates=first.rates, created_by="test", reason="test"
        )


@pytest.mark.parametrize(("ppm", "rule"), [(900_001, "discount_at_most_90_percent"), (-1, "ppm")])
def test_a_discount_is_from_none_to_nine_tenths(scene: Scene, ppm: int, rule: str) -> None:
    with pytest.raises(DatabaseError, match=rule), transaction.atomic():
        scene.sql(
            """insert into generations_teamdiscount (team_id, model, number, ppm, created_by, reason)
               values (%s, '', 1, %s, 'test', 'test')""",
            scene.team.pk,
            ppm,
        )
    assert not TeamDiscount.objects.exists()
    _discount(scene, ppm=900_000)


def test_a_discount_is_of_a_team_that_there_is(scene: Scene) -> None:
    scene.sql(
        """insert into generations_teamdiscount (team_id, model, number, ppm, created_by, reason)
           values (0, '', 1, 1, 'test', 'test')"""
    )
    with pytest.raises(DatabaseError, match="foreign key"), transaction.atomic():
        scene.sql("set constraints all immediate")
    transaction.set_rollback(True)


@pytest.mark.parametrize("status", ["queued", "running", "succeeded"])
@pytest.mark.parametrize("change", ["variant = 'another'", "discount_ppm = discount_ppm + 1"])
def test_what_priced_a_generation_is_fixed(scene: Scene, status: str, change: str) -> None:
    row = scene.generation(status)
    with pytest.raises(DatabaseError, match="what priced a generation is fixed"), transaction.atomic():
        scene.sql(f"update generations_generation set {change} where id = %s", row.pk)


@pytest.mark.parametrize("change", ["null", "1", "list_amount + 1"])
def test_what_it_came_to_is_written_once(scene: Scene, change: str) -> None:
    row = scene.generation("succeeded")
    scene.sql("update generations_generation set list_amount = coalesce(list_amount, 7) where id = %s", row.pk)
    with pytest.raises(DatabaseError, match="what priced a generation is fixed"), transaction.atomic():
        scene.sql(f"update generations_generation set list_amount = {change} where id = %s", row.pk)
    scene.sql("update generations_generation set list_amount = list_amount where id = %s", row.pk)


def test_its_price_version_is_fixed(scene: Scene) -> None:
    row = scene.generation()
    other = PriceVersion.objects.create(
        slug=scene.version.slug, number=99, rates=scene.version.rates, created_by="test", reason="test"
    )
    with pytest.raises(DatabaseError, match="are fixed"), transaction.atomic():
        scene.sql("update generations_generation set price_version_id = %s where id = %s", other.pk, row.pk)
