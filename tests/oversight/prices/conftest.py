"""Prices and discounts for the tests of their desk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from accounts import audit
from accounts.models import Team
from generations import offers
from generations.discounts import ALL
from generations.models import PriceVersion, TeamDiscount
from generations.oversight.discounts import set_discount
from tests.oversight.conftest import staff_of
from tests.pages.conftest import alice as alice  # noqa: PLC0414 - fixtures of the pages
from tests.pages.conftest import browser as browser  # noqa: PLC0414

Publish = Callable[..., PriceVersion]
Discount = Callable[..., TeamDiscount]


@pytest.fixture
def staff(db: None) -> audit.Staff:
    """Somebody who may do everything."""
    return audit.Staff(staff_of("pat", superuser=True))


@pytest.fixture
def publish(world: Any) -> Publish:
    """publish(slug, margin_ppm, margins=..., fixed=..., effective_from=...): a version at the rates there are."""

    def do(slug: str, margin_ppm: int = 0, **more: Any) -> PriceVersion:
        rates = offers.current_price(slug).rates
        return offers.publish(slug=slug, rates=rates, margin_ppm=margin_ppm, by="test", reason="test", **more)

    return do


@pytest.fixture
def discount(staff: audit.Staff) -> Discount:
    """discount(team, ppm, model=..., effective_from=...)."""

    def do(team: Team, ppm: int, model: str = ALL, effective_from: datetime | None = None) -> TeamDiscount:
        return set_discount(
            team=team,
            model=model,
            ppm=ppm,
            reason="a good customer",
            by=staff,
            effective_from=effective_from,
            sell_below_cost=True,
        )

    return do
