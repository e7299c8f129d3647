"""What a team's credit is made of, and which of it paid: the lots that a hold's movements touched. Reading only;
triggers write lots (models/lots.py)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import F, Prefetch, Q

from accounts.models import Team
from billing.models import Hold, Lot, LotKind, LotMove, Transfer, TransferKind

MOST_LOTS = 50


@dataclass(frozen=True)
class Part:
    """So much (micro-dollars) of one lot. `label` says in words which credit that is, `since` when it came in."""

    kind: LotKind
    label: str
    amount: int
    since: datetime


@dataclass(frozen=True)
class Movements:
    """All that happened to a hold, as the ledger has it: when, how much, and of which lots."""

    hold: Transfer
    capture: Transfer | None
    release: Transfer | None

    @property
    def held_from(self) -> list[Part]:
        """The lots that the hold took from, in the order in which it took."""
        return _parts(self.hold)

    @property
    def paid_from(self) -> list[Part]:
        """The lots that the capture spent, in that order: nothing where nothing was charged."""
        return _parts(self.capture) if self.capture else []


def movements(hold: Hold) -> Movements:
    """The transfers of a hold with their lots. Two queries."""
    moves = Prefetch("lot_moves", LotMove.objects.select_related("lot__transfer").order_by("id"))
    found = {row.kind: row for row in Transfer.objects.filter(hold=hold).prefetch_related(moves)}
    return Movements(found[TransferKind.HOLD], found.get(TransferKind.CAPTURE), found.get(TransferKind.RELEASE))


def paid_from(hold: Hold) -> list[Part]:
    """Which credit paid what was captured of a hold; an empty list where nothing was."""
    return movements(hold).paid_from


def open_lots(team: Team) -> tuple[list[Lot], int]:
    """The lots that hold credit still, at most 50, in the order in which they are spent, and how many there are."""
    rows = Lot.objects.filter(Q(unspent__gt=0) | Q(held__gt=0) | Q(frozen__gt=0), team=team)
    order = ("kind", F("expires_at").asc(nulls_last=True), "id")  # grants before purchases, as migration 0007 does
    first = list(rows.select_related("transfer__payment").order_by(*order)[: MOST_LOTS + 1])
    return first[:MOST_LOTS], len(first) if len(first) <= MOST_LOTS else rows.count()


def _parts(transfer: Transfer) -> list[Part]:
    moves: Iterable[LotMove] = transfer.lot_moves.all()
    return [Part(LotKind(move.lot.kind), label(move.lot), move.amount, move.lot.created_at) for move in moves]


def label(lot: Lot) -> str:
    """Which credit a lot is, in words for the team: never the reason that staff wrote beside it."""
    day = lot.created_at.astimezone(UTC).date().isoformat()
    if lot.kind == LotKind.PURCHASE:
        return f"Credit bought on {day}"
    if lot.transfer.payment_id is not None:
        return f"Bonus of the purchase of {day}"
    return f"Credit granted on {day}"
