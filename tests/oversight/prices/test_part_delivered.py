"""Three images asked for, two delivered, to a team with a discount, of a version with a margin: what is charged, what
comes back, and who says why. Amounts in micro-dollars, worked out by hand from the rate of 17,500 an image."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Sum
from django.test import Client

from billing import ledger, reconcile
from billing.models import SpendDay
from generations import books
from generations.models import CostDay, ModelDay, TeamDay, TeamMonth
from project import db
from tests.api.shapes import micro
from tests.oversight.prices.conftest import Discount, Publish
from tests.oversight.prices.test_price_core import accept_
from tests.pages.conftest import delivered
from tests.pages.parsing import read
from tests.world import FIRST_CREDIT, World

SEEDREAM = "seedream-v4-edit"
ASK = {
    "model": SEEDREAM,
    "input": {"prompt": "three dogs", "image_urls": ["https://example.com/a.png"], "max_images": 3},
}
EIGHTH = 125_000  # 12.5 %
LISTED = 35_000  # two images at the rate
# Margin, hold of three and charge of two. Each tells right from wrong roundings; exactly, two images are 33,688.388125
# and 33,688.694375. Rounded up twice, or image by image, both are 33,690; down, 33,688. To the nearest, the first is
# 33,688; two thirds of the hold, rounded up, the second is 33,690.
CASES = [(100_029, 50_533, 33_689), (100_039, 50_534, 33_689)]


@pytest.mark.parametrize(("margin", "held", "charged"), CASES)
def test_two_of_three_are_charged_with_margin_and_discount_rounded_up_once(
    world: World,
    api: Any,
    alice: Client,
    publish: Publish,
    discount: Discount,
    margin: int,
    held: int,
    charged: int,
) -> None:
    publish(SEEDREAM, margin)
    discount(world.team, EIGHTH)
    row = accept_(api, world, ASK)
    wallet = ledger.wallet(world.team.pk)
    assert (row.hold_amount, wallet.held.balance, wallet.available.balance) == (held, held, FIRST_CREDIT - held)

    row = delivered(row, outputs=2)
    assert (row.output_count, row.list_amount, row.charged, row.discount_ppm) == (2, LISTED, charged, EIGHTH)
    assert row.charged <= row.hold_amount
    wallet = ledger.wallet(world.team.pk)
    assert (wallet.held.balance, wallet.available.balance) == (0, FIRST_CREDIT - charged)

    lines = [
        (line["kind"], micro(line["amount"]), micro(line["available_change"]), micro(line["held_change"]))
        for line in api("get", "/wallet/entries", key=world.key).json()["results"]
        if line["generation"] == row.public_id
    ]
    assert sorted(lines) == [
        ("capture", -charged, 0, -charged),
        ("hold", 0, -held, held),
        ("release", 0, held - charged, charged - held),
    ]
    today = db.now().date()
    period = api("get", f"/wallet/statement?from={today - timedelta(days=1)}&to={today}", key=world.key).json()
    assert (micro(period["charged"]), micro(period["closing"])) == (charged, FIRST_CREDIT - charged)

    receipt = api("get", f"/generations/{row.public_id}/receipt", key=world.key).json()
    assert (receipt["requested"], receipt["delivered"]) == (3, 2)
    said = {name: micro(receipt[name]) for name in ("quoted", "held", "charged", "released")}
    assert said == {"quoted": held, "held": held, "charged": charged, "released": held - charged}
    first, *_, last = receipt["lines"]
    assert (first["quantity"], first["unit"], micro(first["unit_price"])) == (3, "image", 19_250)
    assert (last["label"], micro(last["amount"])) == ("Team discount 12.5 %", -7_219)  # of $0.057752 or $0.057753
    assert sum(micro(line["amount"]) for line in receipt["lines"]) == held
    why = f"2 of 3 delivered, priced per image: ${charged / 1_000_000} of ${held / 1_000_000} (3 images x $0.01925"
    assert receipt["formula"].startswith(why)
    assert receipt["formula"].endswith("(team discount 12.5 %)).")
    words = read(alice.get(f"/generations/{row.public_id}/receipt")).words
    assert "2 of 3 delivered" in words
    assert "Team discount 12.5 %" in words

    assert list(SpendDay.objects.filter(team=world.team).values_list("amount", flat=True)) == [charged]
    for model in (CostDay, ModelDay, TeamDay, TeamMonth):
        sums = model.objects.aggregate(revenue=Sum("revenue"), expected=Sum("expected"), succeeded=Sum("succeeded"))
        assert sums == {"revenue": charged, "expected": LISTED, "succeeded": 1}, model
    assert reconcile.failures(reconcile.CHECKS + books.CHECKS) == []
