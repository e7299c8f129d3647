"""The 402: every limit that blocks, the tightest first (design section 6).

A limit is a budget or the wallet. The answer never holds another member's address (faults.md row 67): of a key it names
id and name, of a member the name, and who can raise it by roles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import Team
from billing import budget_queries
from billing.budget_queries import State
from billing.ledger import Wallet
from billing.models import Period
from project.errors import PaymentRequired
from project.money import dollars, to_json
from project.times import stamp

CODES = {"wallet": "insufficient_credit", "stop_at": "stop_at_reached"}
SPANS = {Period.DAY.value: "a day", Period.MONTH.value: "a month"}


@dataclass(frozen=True)
class Limit:
    """One thing that bounds what may be spent. Amounts in micro-dollars; `base` is the limit without raises."""

    kind: str
    of_id: str
    of_name: str
    limit: int
    base: int
    used: int
    held: int
    left: int
    raised_until: datetime | None
    resets_at: datetime | None
    raised_by: Sequence[str]
    words: str  # what has so much left

    def as_json(self, needed: int) -> dict[str, Any]:
        return {
            "limit_kind": self.kind,
            "limit_of": {"id": self.of_id, "name": self.of_name},
            "needed": to_json(needed),
            "available": to_json(self.left),
            "used": to_json(self.used),
            "held": to_json(self.held),
            "limit": to_json(self.limit),
            "base_limit": to_json(self.base),
            "raised_until": stamp(self.raised_until) if self.raised_until else None,
            "missing": to_json(needed - self.left),
            "resets_at": stamp(self.resets_at) if self.resets_at else None,
            "raised_by": list(self.raised_by),
        }


def of_budget(state: State) -> Limit:
    """A budget as a limit."""
    row = state.budget
    span = SPANS[row.period]
    if row.api_key is not None:
        whose, of_id, of_name = "key", row.api_key.public_id, row.api_key.name
    else:
        assert row.membership is not None
        whose, of_id, of_name = "member", row.membership.public_id, row.membership.user.name
    raised = f" (raised by {dollars(state.raised)} until {_when(state.raised_until)})" if state.raised else ""
    return Limit(
        kind=state.kind,
        of_id=of_id,
        of_name=of_name,
        limit=state.cap,
        base=row.limit,
        used=state.used,
        held=state.held,
        left=state.left,
        raised_until=state.raised_until,
        resets_at=state.resets_at,
        raised_by=budget_queries.who_raise(row),
        words=f"the {whose}'s budget of {dollars(state.cap)} {span}{raised} has {dollars(state.left)} left"
        f" ({dollars(state.used)} used, {dollars(state.held)} held)",
    )


def of_wallet(team: Team, wallet: Wallet) -> Limit:
    """A team's wallet as a limit: it neither resets nor is it raised, somebody adds to it."""
    return Limit(
        kind="wallet",
        of_id=team.public_id,
        of_name=team.name,
        limit=wallet.balance,
        base=wallet.balance,
        used=0,
        held=wallet.held.balance,
        left=wallet.available.balance,
        raised_until=None,
        resets_at=None,
        raised_by=["owner", "billing"],
        words=f"the wallet has {dollars(wallet.available.balance)} available"
        f" ({dollars(wallet.held.balance)} more is held for generations under way)",
    )


def of_request(*, stop_at: int, held: int) -> Limit:
    """What the caller set as the most that may be held for a batch; `held` of it is taken."""
    return Limit(
        kind="stop_at",
        of_id="",
        of_name="this batch",
        limit=stop_at,
        base=stop_at,
        used=0,
        held=held,
        left=stop_at - held,
        raised_until=None,
        resets_at=None,
        raised_by=[],
        words=f"stop_at of {dollars(stop_at)} leaves {dollars(stop_at - held)}",
    )


def refusal(limits: Sequence[Limit], *, needed: int) -> PaymentRequired:
    """The 402 of the limits that leave less than `needed`. One of them at least does; a budget goes before the wallet
    where both leave the same."""
    blocking = sorted((limit for limit in limits if limit.left < needed), key=lambda limit: limit.left)
    tightest = blocking[0]
    parts = [f"This needs {dollars(needed)}; {tightest.words}."]
    if tightest.resets_at:
        parts.append(f"It resets at {_when(tightest.resets_at)}.")
    parts += [f"Besides, {limit.words}." for limit in blocking[1:]]
    return PaymentRequired(
        " ".join(parts),
        code=CODES.get(tightest.kind, "budget_exceeded"),
        room=tightest.left,
        extra={**tightest.as_json(needed), "limits": [limit.as_json(needed) for limit in blocking]},
    )


def _when(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""
