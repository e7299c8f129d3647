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

from collections.abc import Iterable
from functools import partial

from accounts import audit
from accounts.models import Team
from billing import claims, ledger, restrictions
from billing.claims import Desk, State
from billing.models import Account, AccountKind, Lot, Payment, Restriction, Transfer, TransferKind
from project import db

ROUND = 100  # teams that one sweep settles


def settle(team: Team, *, actor: str = audit.SYSTEM) -> None:
    """Brings the team's credit to what its claims say. The caller holds the transaction, and the lock of the payment
    if it has just changed a claim of one; this locks the wallet, and so sees what others have settled."""
    desk = claims.open_desk(team, actor)
    if desk is None:
        return
    _give_back(desk)
    _lose(desk)
    _make_room(desk)
    _take(desk)
    _freeze(desk)
    short = [claim for claim in desk.claims if claims.owed(desk, claim)]
    restrictions.follow(
        team=team,
        payment=short[0].payment if short else None,
        owed=sum(claims.owed(desk, claim) for claim in short),
        reason=short[0].words if short else "",
    )


def sweep() -> int:
    """Settles restricted teams that have credit again (what was held came back, a payment that was under way arrived):
    what they owe is covered without anybody's doing. Returns how many. Idempotent and safe beside itself."""
    rows = Restriction.objects.filter(
        lifted_at=None, owed__gt=0, team__accounts__kind=AccountKind.AVAILABLE, team__accounts__balance__gt=0
    )
    teams = [row.team for row in rows.select_related("team").order_by("id")[:ROUND]]
    for team in teams:
        db.in_transaction(partial(settle, team))
    return len(teams)


def _give_back(desk: Desk) -> None:
    for claim in desk.claims:
        rows = desk.of(claim.key)
        if claim.state == State.VOID:
            _undo(desk, rows, "Refund failed" if claim.key.startswith("refund") else "Dispute ended in your favor")
        frozen = [row for row in rows if row.kind == TransferKind.FREEZE]
        if claim.state != State.VOID and sum(row.amount for row in frozen) > claim.amount:
            _undo(desk, frozen, "Less is disputed")  # and frozen anew below, as much as is disputed now
    for payment in claims.payments(desk, State.VOID):
        _undo(desk, desk.of(claims.bonus_key(payment)), "The purchase stands after all")


def _lose(desk: Desk) -> None:
    """What a lost dispute froze goes; the bonus goes by the same rule as a refunded one's (_take)."""
    stripe = ledger.house(AccountKind.STRIPE)
    for claim in desk.claims:
        if claim.state == State.GONE:
            for row in claims.of_kind(desk, claim.key, TransferKind.FREEZE):
                assert desk.wallet.frozen is not None
                _post(desk, f"{row.key}:lost", TransferKind.REVERSAL, desk.wallet.frozen, stripe, row, follows=row)
    for payment in claims.payments(desk, State.GONE):
        _undo(desk, claims.of_kind(desk, claims.bonus_key(payment), TransferKind.FREEZE), "The dispute was lost")


def _make_room(desk: Desk) -> None:
    """Where gone claims lack credit, what open disputes froze serves first, and then anything that there is serves
    what was written off."""
    gone = [claim for claim in desk.claims if claim.state == State.GONE]
    written = [row for claim in gone for row in claims.written_off(desk, claim) if not claims.forgiven(desk, row)]
    lacking = sum(claims.missing(desk, claim) for claim in gone) + sum(row.amount for row in written)
    if not lacking:
        return
    if lacking + sum(sum(claims.due(desk, payment)) for payment in claims.payments(desk, State.GONE)) > desk.unspent:
        frozen = [row for row in desk.standing if row.kind == TransferKind.FREEZE]
        _undo(desk, frozen, "Needed for money that went back")
    if desk.unspent:
        _undo(desk, written, "Covered after all")


def _take(desk: Desk) -> None:
    stripe, grants = ledger.house(AccountKind.STRIPE), ledger.house(AccountKind.GRANTS)
    available, kind = desk.wallet.available, TransferKind.REVERSAL
    for payment in claims.payments(desk, State.GONE):
        for lot, amount in claims.bonus_pieces(desk, payment):
            _piece(desk, claims.bonus_key(payment), payment, kind, available, grants, lot, amount, "Bonus taken back")
    for claim in desk.claims:
        if claim.state != State.GONE:
            continue
        words = "Refunded" if claim.key.startswith("refund") else "Dispute lost"
        for lot, amount in claims.pieces(desk, claim):
            _piece(desk, claim.key, claim.payment, kind, available, stripe, lot, amount, words)
        rest = claims.missing(desk, claim)
        if rest:
            writeoff = ledger.house(AccountKind.WRITEOFF)
            _piece(desk, f"{claim.key}:writeoff", claim.payment, kind, writeoff, stripe, None, rest, words)


def _freeze(desk: Desk) -> None:
    available, frozen, kind = desk.wallet.available, desk.wallet.frozen, TransferKind.FREEZE
    assert frozen is not None
    for payment in claims.payments(desk, State.OPEN):
        for lot, amount in claims.bonus_pieces(desk, payment):
            key = f"{claims.bonus_key(payment)}:freeze"
            _piece(desk, key, payment, kind, available, frozen, lot, amount, "Bonus of a disputed payment")
    for claim in desk.claims:
        if claim.state == State.OPEN:
            for lot, amount in claims.pieces(desk, claim):
                key = f"{claim.key}:freeze"
                _piece(desk, key, claim.payment, kind, available, frozen, lot, amount, "Disputed")


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
            desk.lots = sorted([*desk.lots, lot], key=claims.spending_order)
