"""What is claimed of a team's credit, and what of it each claim has taken and frozen so far: reading for takings.py,
which has the rule and moves it. All amounts are micro-dollars.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from django.db.models import Q

from accounts.models import Team
from billing import ledger, restrictions
from billing.models import (
    AccountKind,
    Dispute,
    DisputeStatus,
    Lot,
    LotKind,
    Payment,
    Refund,
    RefundStatus,
    Transfer,
    TransferKind,
)

NEVER = datetime.max.replace(tzinfo=UTC)


class State(StrEnum):
    VOID = "void"
    OPEN = "open"
    GONE = "gone"


@dataclass(frozen=True)
class Claim:
    """`key` begins the keys of its transfers: `refund:<hex>`, `dispute:<stripe id>`."""

    key: str
    payment: Payment
    amount: int
    state: State
    words: str
    excused: bool  # staff lifted the restriction knowing of it: what it cannot freeze restricts no more


@dataclass
class Desk:
    """One settling under the wallet's lock: its lots, and its standing moves (nothing has followed them yet)."""

    team: Team
    actor: str
    wallet: ledger.Wallet
    claims: list[Claim]
    lots: list[Lot]  # in the order in which they are taken from
    standing: list[Transfer]
    lifted: datetime | None  # when staff last lifted a restriction
    numbers: dict[int, int] = field(default_factory=dict)

    def of(self, key: str) -> list[Transfer]:
        return [row for row in self.standing if row.key.startswith(f"{key}:")]

    @property
    def unspent(self) -> int:
        return sum(lot.unspent for lot in self.lots)


def bonus_due(payment: Payment, *, purchase: Lot, bonus: Lot | None) -> tuple[int, int]:
    """What undoing the bonus would take of its own lot, and what should come from the purchase's lot besides."""
    if bonus is None:
        return 0, 0
    paid = Transfer.objects.filter(
        payment=payment, lot=purchase, credit__kind=AccountKind.GRANTS, followed_by=None, kind=TransferKind.REVERSAL
    )
    return _bonus_due(bonus, sum(paid.values_list("amount", flat=True)))


def _bonus_due(bonus: Lot, paid: int) -> tuple[int, int]:
    """What was paid for it from the purchase's lot counts, so a hold that ends later is not asked for twice."""
    due = max(bonus.unspent + bonus.held + bonus.spent + bonus.frozen - paid, 0)
    own = min(due, bonus.unspent)
    return own, due - own


def lots_of(payment: Payment) -> tuple[Lot | None, Lot | None]:
    """The lots of a payment: what was bought and its bonus."""
    by_kind = {lot.kind: lot for lot in Lot.objects.filter(transfer__payment=payment)}
    return by_kind.get(LotKind.PURCHASE), by_kind.get(LotKind.GRANT)


def open_desk(team: Team, actor: str) -> Desk | None:
    """None where nothing was ever claimed."""
    if not (Refund.objects.filter(team=team).exists() or Dispute.objects.filter(team=team).exists()):
        return None
    ledger.open_frozen(team)
    wallet = ledger.lock_wallet(team.pk)
    lifted = restrictions.lifted_by_staff_at(team)
    claims = [*_claims(team, lifted)]
    contested = {claim.payment.pk for claim in claims}
    lots = Lot.objects.filter(Q(unspent__gt=0) | Q(transfer__payment__in=contested), team=team)
    standing = Transfer.objects.filter(
        payment__in=contested, kind__in=[TransferKind.REVERSAL, TransferKind.FREEZE], followed_by=None
    )
    return Desk(
        team=team,
        actor=actor,
        wallet=wallet,
        claims=claims,
        lots=sorted(lots.select_related("transfer"), key=spending_order),
        standing=list(standing.select_related("debit", "credit", "payment", "lot__transfer").order_by("id")),
        lifted=lifted,
    )


def spending_order(lot: Lot) -> tuple[bool, datetime, int]:
    """Grants before purchases, what expires soonest first, then the oldest: as holds take (migration 0007)."""
    return lot.kind == LotKind.PURCHASE, lot.expires_at or NEVER, lot.pk


def _claims(team: Team, lifted: datetime | None) -> Iterator[Claim]:
    """Refunds, then disputes, each in the order in which we learned of them."""
    for refund in Refund.objects.filter(team=team).select_related("payment").order_by("id"):
        state = State.VOID if refund.status == RefundStatus.FAILED else State.GONE
        words = "Money was paid back for credit that was spent."
        yield Claim(f"refund:{refund.uuid.hex}", refund.payment, refund.amount, state, words, excused=False)
    states = {DisputeStatus.OPEN: State.OPEN, DisputeStatus.LOST: State.GONE}
    for dispute in Dispute.objects.filter(team=team).select_related("payment").order_by("id"):
        state = states.get(DisputeStatus(dispute.status), State.VOID)
        words = "A payment was disputed whose credit was spent."
        excused = lifted is not None and dispute.opened_at <= lifted
        yield Claim(f"dispute:{dispute.stripe_id}", dispute.payment, dispute.amount, state, words, excused=excused)


def _bonus_state(desk: Desk, payment: Payment) -> State:
    """A purchase loses its bonus with the first claim that is gone; while one is open the bonus is frozen."""
    states = {claim.state for claim in desk.claims if claim.payment.pk == payment.pk}
    return next(state for state in (State.GONE, State.OPEN, State.VOID) if state in states)


def payments(desk: Desk, state: State) -> Iterable[Payment]:
    """Those whose bonus is in this state, once each."""
    rows = {claim.payment.pk: claim.payment for claim in desk.claims}
    return [row for row in rows.values() if _bonus_state(desk, row) == state]


def of_kind(desk: Desk, key: str, kind: TransferKind) -> list[Transfer]:
    return [row for row in desk.of(key) if row.kind == kind]


def written_off(desk: Desk, claim: Claim) -> list[Transfer]:
    return [row for row in desk.of(claim.key) if row.debit.kind == AccountKind.WRITEOFF]


def forgiven(desk: Desk, row: Transfer) -> bool:
    return desk.lifted is not None and row.created_at <= desk.lifted


def missing(desk: Desk, claim: Claim) -> int:
    """What of a claim is neither taken (or frozen) nor written off."""
    return claim.amount - sum(row.amount for row in desk.of(claim.key))


def owed(desk: Desk, claim: Claim) -> int:
    """What a claim still lacks and nobody forgave."""
    if claim.state == State.GONE:
        return sum(row.amount for row in written_off(desk, claim) if not forgiven(desk, row))
    return missing(desk, claim) if claim.state == State.OPEN and not claim.excused else 0


def bonus_key(payment: Payment) -> str:
    return f"bonus:{payment.uuid.hex}"


def _lots(desk: Desk, payment: Payment) -> tuple[Lot, Lot | None]:
    own = {lot.kind: lot for lot in desk.lots if lot.transfer.payment_id == payment.pk}
    return own[LotKind.PURCHASE], own.get(LotKind.GRANT)


def due(desk: Desk, payment: Payment) -> tuple[int, int]:
    """What the bonus's undoing still needs of either lot. What is frozen for it already counts as done."""
    purchase, bonus = _lots(desk, payment)
    if bonus is None:
        return 0, 0
    rows = desk.of(bonus_key(payment))
    own = sum(row.amount for row in rows if row.kind == TransferKind.FREEZE and row.lot_id == bonus.pk)
    return _bonus_due(bonus, sum(row.amount for row in rows if row.lot_id == purchase.pk) + own)


def bonus_pieces(desk: Desk, payment: Payment) -> list[tuple[Lot, int]]:
    purchase, bonus = _lots(desk, payment)
    if bonus is None:
        return []
    own, besides = due(desk, payment)
    return [piece for piece in ((bonus, own), (purchase, min(besides, purchase.unspent))) if piece[1]]


def pieces(desk: Desk, claim: Claim) -> Iterator[tuple[Lot, int]]:
    """Where what a claim still lacks comes from: its purchase's lot, then the others in the order of spending."""
    purchase, _ = _lots(desk, claim.payment)
    todo = missing(desk, claim)
    for lot in [purchase, *(lot for lot in desk.lots if lot is not purchase)]:
        part = min(todo, lot.unspent)
        if part:
            todo -= part
            yield lot, part
