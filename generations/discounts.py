"""What a team pays less than the price in force. Reads only: the verb is oversight.discounts.set_discount."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models.functions import Now

from accounts.models import Team
from generations.models import TeamDiscount

ALL = ""  # the model of a discount on every model


def in_force(team: Team) -> Mapping[str, int]:
    """The team's discounts in force now, in parts per million by model; under ALL the one on all others. One query."""
    rows = (
        TeamDiscount.objects.filter(team=team, effective_from__lte=Now())
        .order_by("model", "-effective_from", "-number")
        .distinct("model")
    )
    return {row.model: row.ppm for row in rows if row.ppm}


def of(found: Mapping[str, int], slug: str) -> int:
    """The discount on a model, of those of `in_force`: its own where it has one, else that on all models. Pure."""
    return found.get(slug, found.get(ALL, 0))
