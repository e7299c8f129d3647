"""What staff add to a team's wallet or take from it, past purchases and refunds: grants and adjustments (invariants.md
L11).

Up to a limit (settings.STAFF_ADJUST_LIMIT) it is posted at once; above it a second person posts or refuses it, and the
database refuses the same person. The limit is of all that one person adds and takes in 24 hours, of any team: many
small ones are as one large. What was left of it is kept with the row. A proposal that nobody decided within a
week is withdrawn. It moves as credit always does: what is added is a grant, with an end where one is set; what is
taken comes off unspent lots, grants first, never more than is available. Amounts in micro-dollars.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db.models import Sum
from django.db.models.functions import Abs

from accounts import audit, duties, managers
from accounts.audit import Staff
from accounts.models import Action, AuditEvent, Team, User
from accounts.notify import mail
from billing import claims, credits, ledger
from billing.ledger import Wallet
from billing.models import AccountKind, Adjustment, AdjustmentState, Lot, Transfer, TransferKind
from project import db
from project.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from project.money import CEILING, dollars

PROPOSE, DECIDE, GRANT = "adjust_credit", "approve_adjustments", "grant_credit"
WITHDRAW = (PROPOSE, GRANT)  # either: who may propose by one of them takes it back
LIFE = timedelta(days=7)  # of a proposal
ALONE = timedelta(hours=24)  # the limit is of so long
ROUND = 100
KEY = "adjust"  # what the keys of its transfers begin with


@dataclass(frozen=True)
class Given:
    """What became of a grant: posted as `transfer`, or waiting for a second person as `adjustment`."""

    transfer: Transfer | None = None
    adjustment: Adjustment | None = None


@dataclass(frozen=True)
class _Proposal:
    """What somebody wants to add (amount > 0) or to take (amount < 0), and the form's own key."""

    team: Team
    amount: int
    reason: str
    by: Staff
    once: uuid.UUID
    expires_at: datetime | None


def limit() -> int:
    """The most that one person may add and take by themselves in 24 hours."""
    return int(settings.STAFF_ADJUST_LIMIT)


def left_of(user: User) -> int:
    """What of the limit somebody has left: less what they added and took without a second person in 24 hours."""
    since = db.now() - ALONE
    own = Adjustment.objects.filter(proposed_by=user, decided_by=user, state=AdjustmentState.POSTED)
    adjusted: int = own.filter(decided_at__gt=since).aggregate(sum=Sum(Abs("amount"), default=0))["sum"]
    granted = AuditEvent.objects.filter(actor=audit.actor_of(Staff(user)), action=Action.CREDIT_GRANTED)
    given: int = sum(granted.filter(created_at__gt=since).values_list("data__amount", flat=True))
    return max(limit() - adjusted - given, 0)


def propose(
    *, team: Team, amount: int, reason: str, by: Staff, once: uuid.UUID, expires_at: datetime | None = None
) -> Adjustment:
    """Proposes to add (amount > 0) or to take (amount < 0); up to the limit it is posted at once. `once` is the form's
    own key: the same form sent twice is one adjustment. The team reads the reason. Its own transaction.

    Raises Forbidden, Invalid (`amount`, `reason`, `expires_at`), and Conflict for a key of another adjustment."""
    wanted = _Proposal(team, amount, reason, by, once, expires_at)
    return db.in_transaction(partial(_propose, wanted, PROPOSE))


def grant(
    *, team: Team, amount: int, reason: str, by: Staff, once: uuid.UUID, expires_at: datetime | None = None
) -> Given:
    """Gives credit, once per `once`. Above the limit it becomes an adjustment that a second person posts. Its own
    transaction. The reason of a grant stays inside the house. Raises as propose does."""
    return db.in_transaction(partial(_grant, _Proposal(team, amount, reason, by, once, expires_at)))


def post(*, adjustment: Adjustment, by: Staff, note: str = "") -> Adjustment:
    """Posts a proposal as the second person. Its own transaction. Raises Forbidden for its proposer, Conflict when it
    is decided already, Invalid when the wallet has not that much (any more)."""
    return db.in_transaction(partial(_decide, adjustment.pk, by, note, AdjustmentState.POSTED))


def refuse(*, adjustment: Adjustment, by: Staff, note: str = "") -> Adjustment:
    """Refuses a proposal, with a note. Its own transaction. Raises as post does, and Invalid without a note."""
    return db.in_transaction(partial(_decide, adjustment.pk, by, note, AdjustmentState.REFUSED))


def withdraw(*, adjustment: Adjustment, by: Staff, note: str = "") -> Adjustment:
    """Takes one's own proposal back. Its own transaction. Raises Forbidden for anybody else's."""
    return db.in_transaction(partial(_decide, adjustment.pk, by, note, AdjustmentState.WITHDRAWN))


def sweep() -> int:
    """Withdraws proposals that nobody decided within a week. Returns how many. Idempotent, safe beside itself."""
    late = Adjustment.objects.filter(state=AdjustmentState.PROPOSED, proposed_at__lte=db.now() - LIFE)
    return sum(db.in_transaction(partial(_lapse, pk)) for pk in late.values_list("pk", flat=True)[:ROUND])


def takes_from(team: Team) -> list[Lot]:
    """The lots that a negative one takes from, in that order."""
    return sorted(Lot.objects.filter(team=team, unspent__gt=0), key=claims.spending_order)


def _propose(wanted: _Proposal, act: str) -> Adjustment:
    user = _alone(duties.require(wanted.by, act))
    reason = duties.reason_of(wanted.reason)
    _check(wanted.amount, wanted.expires_at)
    row, made = Adjustment.objects.get_or_create(
        uuid=wanted.once,
        defaults={
            **{"team": wanted.team, "amount": wanted.amount, "limit": left_of(user), "reason": reason},
            **{"expires_at": wanted.expires_at, "proposed_by": user},
        },
    )
    if not made:
        if (row.team_id, row.amount, row.proposed_by_id) != (wanted.team.pk, wanted.amount, user.pk):
            raise _form_used()
        return row
    wallet = ledger.open_and_lock(wanted.team)
    _require_room(wallet, wanted.amount)
    if abs(wanted.amount) <= row.limit:
        return _posted(row, wallet, wanted.by, note="")
    _record(Action.ADJUSTMENT_PROPOSED, row, wanted.by, None, {"amount": wanted.amount, "reason": reason})
    return row


def _grant(wanted: _Proposal) -> Given:
    user = _alone(duties.require(wanted.by, GRANT))
    reason = duties.reason_of(wanted.reason)
    if wanted.amount <= 0:
        raise _wrong("amount", "must be more than nothing", "out_of_range")
    _check(wanted.amount, wanted.expires_at)
    actor = audit.actor_of(wanted.by)
    known = Transfer.objects.filter(key=f"grant:{wanted.once.hex}").select_related("credit").first()
    if known is not None:
        if (known.amount, known.credit.team_id, known.actor) != (wanted.amount, wanted.team.pk, actor):
            raise _form_used()
        return Given(transfer=known)
    if wanted.amount > left_of(user) or Adjustment.objects.filter(uuid=wanted.once).exists():
        return Given(adjustment=_propose(wanted, GRANT))
    row = credits.grant(
        team=wanted.team,
        amount=wanted.amount,
        actor=actor,
        by=wanted.by,
        reason=reason,
        grant_id=wanted.once,
        expires_at=wanted.expires_at,
    )
    return Given(transfer=row)


def _alone(user: User) -> User:
    """One act at a time of a person: two at once do not both find the same part of the limit left."""
    return User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _decide(pk: int, by: Staff, note: str, to: AdjustmentState) -> Adjustment:
    own = to == AdjustmentState.WITHDRAWN
    user = duties.require(by, *(WITHDRAW if own else (DECIDE,)))
    row = Adjustment.objects.select_for_update(no_key=True, of=("self",)).select_related("team").filter(pk=pk).first()
    if row is None:
        raise NotFound("There is no such adjustment.")
    if row.state != AdjustmentState.PROPOSED:
        raise Conflict(f"This adjustment is {row.state} already.", code="decided_already")
    if (row.proposed_by_id == user.pk) is not own:
        words = "Only who proposed it takes it back." if own else "A second person decides what you proposed."
        raise Forbidden(words, code="second_person")
    note = note.strip()[: duties.LONGEST_REASON]
    if to != AdjustmentState.POSTED:
        if to == AdjustmentState.REFUSED:
            note = duties.reason_of(note, path="note")
        return _ended(row, to, by, note)
    _check(row.amount, row.expires_at)
    wallet = ledger.open_and_lock(row.team)
    _require_room(wallet, row.amount)
    return _posted(row, wallet, by, note=note)


def _lapse(pk: int) -> int:
    rows = Adjustment.objects.select_for_update(no_key=True, of=("self",)).select_related("team")
    row = rows.filter(pk=pk, state=AdjustmentState.PROPOSED).first()
    if row is None:
        return 0
    row.state, row.decided_at = AdjustmentState.WITHDRAWN, db.now()
    row.note = "Nobody decided within a week."
    row.save(update_fields=["state", "decided_at", "note"])
    _record(Action.ADJUSTMENT_REFUSED, row, audit.SYSTEM, None, {"did": "lapsed", "amount": row.amount})
    return 1


def _ended(row: Adjustment, to: AdjustmentState, by: Staff, note: str) -> Adjustment:
    row.state, row.decided_by, row.decided_at, row.note = to, by.user, db.now(), note
    row.save(update_fields=["state", "decided_by", "decided_at", "note"])
    _record(Action.ADJUSTMENT_REFUSED, row, by, None, {"did": str(to), "amount": row.amount, "note": note})
    return row


def _posted(row: Adjustment, wallet: Wallet, by: Staff, *, note: str) -> Adjustment:
    """Moves the credit, under the locks of the row and the wallet, and tells the team."""
    row.state, row.decided_by, row.decided_at, row.note = AdjustmentState.POSTED, by.user, db.now(), note
    row.save(update_fields=["state", "decided_by", "decided_at", "note"])
    if row.amount > 0:
        _add(row, wallet, by)
    else:
        _take(row, wallet, by)
    added, amount = row.amount > 0, abs(row.amount)
    data = {"did": "added" if added else "taken", "amount": amount, "adjustment": row.public_id, "reason": row.reason}
    _record(Action.CREDIT_ADJUSTED, row, by, row.team, data)
    context = {"team": row.team, "added": added, "amount": amount, "why": row.reason, "expires_at": row.expires_at}
    for user in managers.of_money(row.team):
        mail(to=user.email, template="credit_adjusted", context=context)
    return row


def _add(row: Adjustment, wallet: Wallet, by: Staff) -> None:
    ledger.post(
        key=f"{KEY}:{row.uuid.hex}",
        kind=TransferKind.GRANT,
        debit=ledger.house(AccountKind.GRANTS),
        credit=wallet.available,
        amount=row.amount,
        actor=audit.actor_of(by),
        reason=row.reason,
        expires_at=row.expires_at,
    )


def _take(row: Adjustment, wallet: Wallet, by: Staff) -> None:
    todo = -row.amount
    for lot in takes_from(row.team):
        part = min(todo, lot.unspent)
        ledger.post(
            key=f"{KEY}:{row.uuid.hex}:{lot.pk}",
            kind=TransferKind.REVERSAL,
            debit=wallet.available,
            credit=ledger.house(AccountKind.GRANTS),
            amount=part,
            lot=lot,
            actor=audit.actor_of(by),
            reason=row.reason,
        )
        todo -= part
        if not todo:
            return
    raise AssertionError("what is available is what the lots have unspent")


def _check(amount: int, expires_at: datetime | None) -> None:
    if not 0 < abs(amount) < CEILING:
        raise _wrong("amount", "must be an amount that is not nothing", "out_of_range")
    if expires_at is not None and amount < 0:
        raise _wrong("expires_at", "only what is added can end", "out_of_range")
    if expires_at is not None and expires_at <= db.now():
        raise _wrong("expires_at", "must lie in the future", "out_of_range")


def _require_room(wallet: Wallet, amount: int) -> None:
    if -amount > wallet.available.balance:
        words = f"{dollars(wallet.available.balance)} is available now: no more can be taken"
        raise _wrong("amount", words, "out_of_range")


def _form_used() -> Conflict:
    return Conflict("This form was sent before, with other content. Open it again.", code="form_used")


def _wrong(path: str, message: str, code: str) -> Invalid:
    return Invalid("Nothing was adjusted.", errors=[FieldError(path, message[:1].upper() + message[1:] + ".", code)])


def _record(action: Action, row: Adjustment, by: Staff | str, team: Team | None, data: Mapping[str, object]) -> None:
    """What is not posted stays in the house's own log; the team reads of what moved."""
    target, name = (row.team.public_id, row.team.name) if team else (row.public_id, row.team.name)
    audit.record(action, by=by, team=team, target=target, target_name=name, data=data)
