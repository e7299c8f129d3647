"""What an act about a team's credit would do, in sentences, before it is done. Micro-dollars."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import Team, User
from billing import adjustments, ledger, lots
from project.money import dollars


def of_wallet(team: Team) -> list[str]:
    """What there is now."""
    wallet = ledger.wallet(team.pk)
    left = dollars(wallet.available.balance)
    return [f"{team.name} has {left} available and {dollars(wallet.held.balance)} held."]


def of_change(team: Team, amount: int, expires_at: datetime | None) -> list[str]:
    """What adding (amount > 0) or taking would leave, and of which credit it is taken."""
    before = ledger.wallet(team.pk).available.balance
    after = before + amount
    if amount > 0:
        said = [f"{team.name} gets {dollars(amount)}: available goes from {dollars(before)} to {dollars(after)}."]
        if expires_at is None:
            return [*said, "It does not expire."]
        last = expires_at - timedelta(microseconds=1)
        return [*said, f"What of it is unspent at the end of {last:%Y-%m-%d} (UTC) expires."]
    if after < 0:
        return [f"{team.name} has {dollars(before)} available now: {dollars(-amount)} cannot be taken."]
    said = [f"{dollars(-amount)} is taken: available goes from {dollars(before)} to {dollars(after)}."]
    todo = -amount
    for lot in adjustments.takes_from(team):
        part = min(todo, lot.unspent)
        if part:
            said.append(f"{dollars(part)} of “{lots.label(lot)}”.")
        todo -= part
    return said


def of_limit(amount: int, user: User) -> list[str]:
    """Whether it is posted at once, of what this person has left of the limit."""
    limit, left = adjustments.limit(), adjustments.left_of(user)
    if abs(amount) <= left:
        return [
            f"It is posted at once: up to {dollars(limit)} in 24 hours needs no second person. Only another adjustment"
            " undoes it."
        ]
    days = adjustments.LIFE.days
    said = [] if left == limit else [f"You moved {dollars(limit - left)} without one in the last 24 hours."]
    return [
        f"It is above {dollars(left)}, what you may still move by yourself: a second person has to post it within"
        f" {days} days. Until then nothing moves.",
        *said,
    ]
