"""What claims on a team's payments take of its credit: one rule for refunds and disputes.

A claim is money of a payment that went back (a refund that stands, a dispute that is lost: `gone`) or that may go (an
open dispute: it only freezes). `settle` compares all claims of a team with what they took and froze so far, and moves
the difference; so it may be called at any time and in any order of what happened, and ends in the same balances:

1. Claims that are void now (a failed refund, a dispute that was won) give everything back.
2. A purchase that is undone, even in part, has no bonus. What is unspent of the bonus goes back to the house; for what
   of it is spent or held the same goes from the purchase's own lot. Expired credit is not asked for again. While a
   dispute is open this is frozen only.
3. Gone claims take from their purchase's lot, then from the other lots (grants first, the soonest to expire before the
   others, then the oldest purchase); credit that open disputes froze serves before anything is written off.
4. What is missing then was spent already: it is written off, and the team is restricted until it is covered after all,
   or staff lift it (then what was written off until then is forgiven).
5. Open disputes freeze in the same order; what they cannot freeze restricts too.

The wallet is never negative, and held credit is never touched. All amounts are micro-dollars.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from django.db.models import Q

from accounts import audit
from accounts.models import Team
from billing import ledger, restrictions
from billing.models import (
    Account,
    AccountKind,
    Dispute,
    DisputeStatus,
    Lot,
    LotKind,
    Payment,
    Refund,
    RefundStatus,
    Restriction,
    Transfer,
    TransferKind,
)
from project import db

ROUND = 100  # teams that one sweep settles


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


def settle(team: Team, *, actor: str = audit.SYSTEM) -> None:
    """Brings the team's credit to what its claims say. The caller holds the transaction, and the lock of the payment
    if it has just changed a claim of one; this locks the wallet, and so sees what others have settled."""
    desk = _open(team, actor)
    if desk is None:
        return
    _give_back(desk)
    _lose(desk)
    _make_room(desk)
    _take(desk)
    _freeze(desk)
    short = [claim for claim in desk.claims if _owed(desk, claim)]
    restrictions.follow(
        team=team,
        payment=short[0].payment if short else None,
        owed=sum(_owed(desk, claim) for claim in short),
        reason=short[0].words if short else "",
    )


def sweep() -> int:
    """Settles restricted teams that have credit again (what was held came back, a payment that was under way arrived):
    what they owe is covered without anybody's doing. Returns how many. Idempotent and safe beside itself."""
    rows = Restriction.objects.filter(
        lifted_at=None, team__accounts__kind=AccountKind.AVAILABLE, team__accounts__balance__gt=0
    )
    teams = [row.team for row in rows.select_related("team").order_by("id")[:ROUND]]
    for team in teams:
        db.in_transaction(lambda team=team: settle(team))  # type: ignore[misc]
    return len(teams)


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


# --- what is there ------------------------------------------------------------------------------------------------


def _open(team: Team, actor: str) -> Desk | None:
    """None where nothing was ever claimed."""
    if not (Refund.objects.filter(team=team).exists() or Dispute.objects.filter(team=team).exists()):
        return None
    ledger.open_frozen(team)
    wallet = ledger.lock_wallet(team.pk)
    lifted = restrictions.lifted_by_staff_at(team)
    claims = [*_claims(team, lifted)]
    payments = {claim.payment.pk for claim in claims}
    lots = Lot.objects.filter(Q(unspent__gt=0) | Q(transfer__payment__in=payments), team=team)
    standing = Transfer.objects.filter(
        payment__in=payments, kind__in=[TransferKind.REVERSAL, TransferKind.FREEZE], followed_by=None
    )
    return Desk(
        team=team,
        actor=actor,
        wallet=wallet,
        claims=claims,
        lots=sorted(lots.select_related("transfer"), key=_spending_order),
        standing=list(standing.select_related("debit", "credit", "payment", "lot__transfer").order_by("id")),
        lifted=lifted,
    )


def _spending_order(lot: Lot) -> tuple[bool, bool, float, int]:
    expires = lot.expires_at.timestamp() if lot.expires_at else 0.0
    return lot.kind == LotKind.PURCHASE, lot.expires_at is None, expires, lot.pk


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


def _payments(desk: Desk, state: State) -> Iterable[Payment]:
    """Those whose bonus is in this state, once each."""
    rows = {claim.payment.pk: claim.payment for claim in desk.claims}
    return [row for row in rows.values() if _bonus_state(desk, row) == state]


def _of_kind(desk: Desk, key: str, kind: TransferKind) -> list[Transfer]:
    return [row for row in desk.of(key) if row.kind == kind]


def _written_off(desk: Desk, claim: Claim) -> list[Transfer]:
    return [row for row in desk.of(claim.key) if row.debit.kind == AccountKind.WRITEOFF]


def _forgiven(desk: Desk, row: Transfer) -> bool:
    return desk.lifted is not None and row.created_at <= desk.lifted


def _missing(desk: Desk, claim: Claim) -> int:
    """What of a claim is neither taken (or frozen) nor written off."""
    return claim.amount - sum(row.amount for row in desk.of(claim.key))


def _owed(desk: Desk, claim: Claim) -> int:
    """What a claim still lacks and nobody forgave."""
    if claim.state == State.GONE:
        return sum(row.amount for row in _written_off(desk, claim) if not _forgiven(desk, row))
    return _missing(desk, claim) if claim.state == State.OPEN and not claim.excused else 0


# --- what moves ---------------------------------------------------------------------------------------------------


def _give_back(desk: Desk) -> None:
    for claim in desk.claims:
        rows = desk.of(claim.key)
        if claim.state == State.VOID:
            _undo(desk, rows, "Refund failed" if claim.key.startswith("refund") else "Dispute ended in your favor")
        frozen = [row for row in rows if row.kind == TransferKind.FREEZE]
        if claim.state != State.VOID and sum(row.amount for row in frozen) > claim.amount:
            _undo(desk, frozen, "Less is disputed")  # and frozen anew below, as much as is disputed now
    for payment in _payments(desk, State.VOID):
        _undo(desk, desk.of(_bonus_key(payment)), "The purchase stands after all")


def _lose(desk: Desk) -> None:
    """What a lost dispute froze goes; the bonus goes by the same rule as a refunded one's (_take)."""
    stripe = ledger.house(AccountKind.STRIPE)
    for claim in desk.claims:
        if claim.state == State.GONE:
            for row in _of_kind(desk, claim.key, TransferKind.FREEZE):
                assert desk.wallet.frozen is not None
                _post(desk, f"{row.key}:lost", TransferKind.REVERSAL, desk.wallet.frozen, stripe, row, follows=row)
    for payment in _payments(desk, State.GONE):
        _undo(desk, _of_kind(desk, _bonus_key(payment), TransferKind.FREEZE), "The dispute was lost")


def _make_room(desk: Desk) -> None:
    """Where gone claims lack credit, what open disputes froze serves first, and then anything that there is serves
    what was written off."""
    gone = [claim for claim in desk.claims if claim.state == State.GONE]
    written = [row for claim in gone for row in _written_off(desk, claim) if not _forgiven(desk, row)]
    lacking = sum(_missing(desk, claim) for claim in gone) + sum(row.amount for row in written)
    if not lacking:
        return
    if lacking + sum(sum(_due(desk, payment)) for payment in _payments(desk, State.GONE)) > desk.unspent:
        frozen = [row for row in desk.standing if row.kind == TransferKind.FREEZE]
        _undo(desk, frozen, "Needed for money that went back")
    if desk.unspent:
        _undo(desk, written, "Covered after all")


def _take(desk: Desk) -> None:
    stripe, grants = ledger.house(AccountKind.STRIPE), ledger.house(AccountKind.GRANTS)
    available, kind = desk.wallet.available, TransferKind.REVERSAL
    for payment in _payments(desk, State.GONE):
        for lot, amount in _bonus_pieces(desk, payment):
            _piece(desk, _bonus_key(payment), payment, kind, available, grants, lot, amount, "Bonus taken back")
    for claim in desk.claims:
        if claim.state != State.GONE:
            continue
        words = "Refunded" if claim.key.startswith("refund") else "Dispute lost"
        for lot, amount in _pieces(desk, claim):
            _piece(desk, claim.key, claim.payment, kind, available, stripe, lot, amount, words)
        rest = _missing(desk, claim)
        if rest:
            writeoff = ledger.house(AccountKind.WRITEOFF)
            _piece(desk, f"{claim.key}:writeoff", claim.payment, kind, writeoff, stripe, None, rest, words)


def _freeze(desk: Desk) -> None:
    available, frozen, kind = desk.wallet.available, desk.wallet.frozen, TransferKind.FREEZE
    assert frozen is not None
    for payment in _payments(desk, State.OPEN):
        for lot, amount in _bonus_pieces(desk, payment):
            key = f"{_bonus_key(payment)}:freeze"
            _piece(desk, key, payment, kind, available, frozen, lot, amount, "Bonus of a disputed payment")
    for claim in desk.claims:
        if claim.state == State.OPEN:
            for lot, amount in _pieces(desk, claim):
                key = f"{claim.key}:freeze"
                _piece(desk, key, claim.payment, kind, available, frozen, lot, amount, "Disputed")


def _bonus_key(payment: Payment) -> str:
    return f"bonus:{payment.uuid.hex}"


def _lots(desk: Desk, payment: Payment) -> tuple[Lot, Lot | None]:
    own = {lot.kind: lot for lot in desk.lots if lot.transfer.payment_id == payment.pk}
    return own[LotKind.PURCHASE], own.get(LotKind.GRANT)


def _due(desk: Desk, payment: Payment) -> tuple[int, int]:
    """What the bonus's undoing still needs of either lot. What is frozen for it already counts as done."""
    purchase, bonus = _lots(desk, payment)
    if bonus is None:
        return 0, 0
    rows = desk.of(_bonus_key(payment))
    own = sum(row.amount for row in rows if row.kind == TransferKind.FREEZE and row.lot_id == bonus.pk)
    return _bonus_due(bonus, sum(row.amount for row in rows if row.lot_id == purchase.pk) + own)


def _bonus_pieces(desk: Desk, payment: Payment) -> list[tuple[Lot, int]]:
    purchase, bonus = _lots(desk, payment)
    if bonus is None:
        return []
    own, besides = _due(desk, payment)
    return [piece for piece in ((bonus, own), (purchase, min(besides, purchase.unspent))) if piece[1]]


def _pieces(desk: Desk, claim: Claim) -> Iterator[tuple[Lot, int]]:
    """Where what a claim still lacks comes from: its purchase's lot, then the others in the order of spending."""
    purchase, _ = _lots(desk, claim.payment)
    todo = _missing(desk, claim)
    for lot in [purchase, *(lot for lot in desk.lots if lot is not purchase)]:
        part = min(todo, lot.unspent)
        if part:
            todo -= part
            yield lot, part


def _piece(
    desk: Desk,
    key: str,
    payment: Payment,
    kind: TransferKind,
    debit: Account,
    credit: Account,
    lot: Lot | None,
    amount: int,
    words: str,
) -> None:
    """A new movement of a claim. The number makes its key new: what was given back may be taken again."""
    if payment.pk not in desk.numbers:
        desk.numbers[payment.pk] = Transfer.objects.filter(payment=payment).count()
    desk.numbers[payment.pk] += 1
    row = ledger.post(
        key=f"{key}:{desk.numbers[payment.pk]}",
        kind=kind,
        debit=debit,
        credit=credit,
        amount=amount,
        lot=lot,
        payment=payment,
        actor=desk.actor,
        reason=words,
    )
    desk.standing.append(row)
    if lot is not None:
        lot.refresh_from_db(fields=["unspent", "frozen", "taken"])


def _undo(desk: Desk, rows: Iterable[Transfer], words: str) -> None:
    """Gives back what these took or froze, each whole."""
    for row in list(rows):
        frozen = row.kind == TransferKind.FREEZE
        kind = TransferKind.UNFREEZE if frozen else TransferKind.RESTORE
        _post(desk, f"{row.key}:{kind}", kind, row.credit, row.debit, row, follows=row, words=words)


def _post(
    desk: Desk,
    key: str,
    kind: TransferKind,
    debit: Account,
    credit: Account,
    row: Transfer,
    *,
    follows: Transfer,
    words: str = "Dispute lost",
) -> None:
    """What ends another movement: the same lot, amount and payment."""
    lot = next((lot for lot in desk.lots if lot.pk == row.lot_id), None) or row.lot
    new = ledger.post(
        key=key,
        kind=kind,
        debit=debit,
        credit=credit,
        amount=row.amount,
        lot=lot,
        payment=row.payment,
        follows=follows,
        actor=desk.actor,
        reason=words,
    )
    desk.standing.remove(row)
    if kind == TransferKind.REVERSAL:
        desk.standing.append(new)
    if lot is not None:
        lot.refresh_from_db(fields=["unspent", "frozen", "taken"])
        if lot not in desk.lots:
            desk.lots = sorted([*desk.lots, lot], key=_spending_order)
