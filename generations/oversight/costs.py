"""The provider's own charge beside the expected one (design section 4.9). Amounts in micro-dollars."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, Sum

from generations.models import Generation


@dataclass(frozen=True)
class CostRow:
    """What ended of one model under one verdict; `actual` counts only what the provider reported."""

    provider: str
    model: str
    verdict: str
    count: int
    charged: int
    expected: int
    actual: int


def costs(*, since: datetime) -> list[CostRow]:
    """All generations that ended since a moment, by provider, model and verdict."""
    rows = (
        Generation.objects.filter(finished_at__gte=since)
        .values("provider", "model", "cost_verdict")
        .annotate(
            count=Count("pk"),
            charged_sum=Sum("charged"),
            expected=Sum("expected_cost", filter=Q(status="succeeded")),
            actual=Sum("actual_cost"),
        )
        .order_by("provider", "model", "cost_verdict")
    )
    return [
        CostRow(
            provider=row["provider"],
            model=row["model"],
            verdict=row["cost_verdict"],
            count=row["count"],
            charged=row["charged_sum"] or 0,
            expected=row["expected"] or 0,
            actual=row["actual"] or 0,
        )
        for row in rows
    ]
