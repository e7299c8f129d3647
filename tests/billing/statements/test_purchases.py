"""What the tests buy stands in the books as a real purchase does."""

from __future__ import annotations

from django.db import connection

from billing import ledger
from billing.models import Lot
from tests.billing.purchases import bought
from tests.world import FIRST_CREDIT, World


def test_a_purchase_has_its_lots_and_the_database_takes_it(world: World) -> None:
    row = bought(world.team, 5_000_000, 500_000)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert row.status == "paid"
    assert list(Lot.objects.filter(transfer__payment=row).order_by("id").values_list("kind", "unspent")) == [
        ("purchase", 5_000_000),
        ("grant", 500_000),
    ]
    assert ledger.wallet(world.team.pk).balance == FIRST_CREDIT + 5_500_000
