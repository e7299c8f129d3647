"""What a team reads of its money, in words: the same on every page and file. Reasons that staff wrote are the house's
own and are shown to no team."""

from __future__ import annotations

from billing.models import PaymentStatus, RefundStatus, Transfer, TransferKind

WORDS = {
    TransferKind.TOPUP: "Bought",
    TransferKind.GRANT: "Granted",
    TransferKind.HOLD: "Held",
    TransferKind.CAPTURE: "Charged",
    TransferKind.RELEASE: "Released",
    TransferKind.REVERSAL: "Taken back",
    TransferKind.EXPIRY: "Expired",
    TransferKind.FREEZE: "Frozen by a dispute",
    TransferKind.UNFREEZE: "Given back: no longer frozen",
    TransferKind.RESTORE: "Given back",
}
BONUS = "Granted: bonus"
ADJUSTED = {TransferKind.GRANT.value: "Adjusted: added", TransferKind.REVERSAL.value: "Adjusted: taken back"}
# Whose claim a reversal serves: what its key begins with (takings.py).
TAKEN = {
    "refund": "Taken back: refunded",
    "dispute": "Taken back: dispute lost",
    "bonus": "Taken back: bonus of a purchase that was undone",
}
STATUSES = {
    PaymentStatus.PENDING.value: "Waiting to be paid",
    PaymentStatus.PAID.value: "Paid",
    PaymentStatus.REFUNDED.value: "Refunded",
    PaymentStatus.DISPUTED.value: "Disputed",
    PaymentStatus.FAILED.value: "Not paid",
}
REFUNDS = {
    RefundStatus.PENDING.value: "on its way",
    RefundStatus.SUCCEEDED.value: "paid back",
    RefundStatus.FAILED.value: "failed, its credit was given back",
}


def what(transfer: Transfer) -> str:
    """`Bought`, `Granted: bonus`, `Charged`: what a transfer was, for the team whose it is."""
    if transfer.kind == TransferKind.GRANT and transfer.payment_id:
        return BONUS
    if adjusted(transfer):
        return adjusted(transfer)
    if transfer.kind == TransferKind.REVERSAL:
        return TAKEN.get(transfer.key.partition(":")[0], WORDS[TransferKind.REVERSAL])
    return WORDS[TransferKind(transfer.kind)]


def adjusted(transfer: Transfer) -> str:
    """The words for what staff adjusted (adjustments.py), and nothing for any other transfer."""
    return ADJUSTED[transfer.kind] if transfer.key.startswith("adjust:") else ""
