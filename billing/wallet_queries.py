"""What a team's credit is made of now."""

from __future__ import annotations

from django.db.models import F, Q

from accounts.models import Team
from billing.models import Lot

MOST_LOTS = 50


def open_lots(team: Team) -> tuple[list[Lot], int]:
    """The lots that hold credit still, at most 50, in the order in which they are spent, and how many there are."""
    rows = Lot.objects.filter(Q(unspent__gt=0) | Q(held__gt=0) | Q(frozen__gt=0), team=team)
    order = ("kind", F("expires_at").asc(nulls_last=True), "id")  # grants before purchases, as migration 0007 does
    first = list(rows.select_related("transfer__payment").order_by(*order)[: MOST_LOTS + 1])
    return first[:MOST_LOTS], len(first) if len(first) <= MOST_LOTS else rows.count()
