"""How fast a team spends: what this month cost so far, and how long its credit lasts at the rate of the last days.

From the totals of days alone. Micro-dollars; days are UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection

from accounts.models import Team

LOOKED_AT = 14  # whole days before today
LEAST_DAYS = 3  # days with charges among them; of fewer, nothing is said about those to come
LONGEST = 365  # days; what lasts longer is only said to last longer


@dataclass(frozen=True)
class Pace:
    """`month` was charged since the first of the month, in `count` charges. `spent` was charged in the `days` before
    today, which begin with the first day of them that has a charge; `with_charges` of them have one."""

    month: int
    count: int
    spent: int
    days: int
    with_charges: int

    @property
    def known(self) -> bool:
        """Whether there is enough to tell how long credit lasts."""
        return self.with_charges >= LEAST_DAYS and self.spent > 0

    @property
    def a_day(self) -> int:
        """What a day cost, in whole cents, rounded up: never less than it was."""
        cent = 10_000
        return -(-self.spent // (self.days * cent)) * cent if self.known else 0

    def lasts(self, available: int) -> int | None:
        """Whole days that the credit lasts at this rate; None where nobody can tell."""
        return available * self.days // self.spent if self.known else None

    def lasts_in_words(self, available: int) -> str:
        """`about 12 days`; nothing where nobody can tell."""
        days = self.lasts(available)
        if days is None:
            return ""
        if days > LONGEST:
            return "more than a year"
        if days < 1:
            return "less than a day"
        return f"about {days} day{'' if days == 1 else 's'}"


def of(team: Team, today: date) -> Pace:
    """A team's pace, by one statement."""
    given: dict[str, Any] = {
        "team": team.pk,
        "today": today,
        "month": today.replace(day=1),
        "from": today - timedelta(days=LOOKED_AT),
    }
    with connection.cursor() as cursor:
        cursor.execute(_PACE, given)
        month, count, spent, first, with_charges = cursor.fetchone()
    days = (today - first).days if first else 0
    return Pace(int(month), int(count), int(spent), days, int(with_charges))


_PACE = """
select coalesce(sum(amount) filter (where day >= %(month)s), 0),
  coalesce(sum(count) filter (where day >= %(month)s), 0),
  coalesce(sum(amount) filter (where before_today), 0), min(day) filter (where before_today),
  count(distinct day) filter (where before_today)
from (select day, amount, count, day >= %(from)s and day < %(today)s as before_today from billing_spendday
  where team_id = %(team)s and day >= least(%(month)s, %(from)s)) spent
"""
