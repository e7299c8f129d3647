"""What can be bought, and the bonus with it: whole micro-dollars, never less for who buys more."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from billing import packs
from billing.models import CENT
from project.money import USD

AMOUNTS = some.integers(packs.LEAST // CENT, packs.MOST // CENT).map(lambda cents: cents * CENT)


def test_the_packs() -> None:
    offered = [(pack.amount // USD, pack.bonus // USD, pack.credit // USD) for pack in packs.PACKS]
    assert offered == [(10, 0, 10), (25, 0, 25), (100, 5, 105), (500, 50, 550)]
    assert all(packs.fault(pack.amount) is None and packs.bonus_for(pack.amount) == pack.bonus for pack in packs.PACKS)


@pytest.mark.parametrize(
    ("dollars", "bonus"), [(5, 0), (99, 0), (100, 5_000_000), (499, 24_950_000), (500, 50_000_000)]
)
def test_a_free_amount_has_the_bonus_of_the_best_pack_it_reaches(dollars: int, bonus: int) -> None:
    assert packs.bonus_for(dollars * USD) == bonus


@settings(deadline=None)
@given(AMOUNTS, AMOUNTS)
def test_more_never_brings_less(one: int, other: int) -> None:
    less, more = sorted((one, other))
    assert packs.fault(less) is None
    assert 0 <= packs.bonus_for(less) <= packs.bonus_for(more) <= more
    assert type(packs.bonus_for(more)) is int


@pytest.mark.parametrize("amount", [0, -1, 5 * USD - CENT, 5_000 * USD + CENT, 10 * USD + 1, 10.0, True, None, "10"])
def test_what_cannot_be_bought(amount: object) -> None:
    assert packs.fault(amount) is not None  # type: ignore[arg-type]
