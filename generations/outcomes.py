"""The ends of a generation: state and money together, in one transaction (design section 4.8).

Every function takes the generation's lock, looks again, and leaves an ended generation as it ended.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Sum

from billing import holds
from generations import catalog, pricing, receipts
from generations.catalog.base import Entry
from generations.models import CostVerdict, Generation, Output, Reason, Status, UsageRow
from generations.offers import book_of
from generations.oversight import cases
from generations.reasons import SENTENCES
from generations.states import locked, move, record
from project import db
from project.errors import Conflict


def succeed(*, generation_id: UUID) -> Generation:
    """storing -> succeeded: captures what was delivered, never above the hold, releases the rest, freezes the
    receipt. A generation that is not storing is returned as it is."""
    return db.in_transaction(lambda: _succeed(locked(generation_id)))


def _succeed(generation: Generation) -> Generation:
    if generation.status != Status.STORING:
        return generation
    entry = catalog.get(generation.model)
    text = generation.kind == "text"
    delivered = 1 if text else Output.objects.filter(generation=generation).count()
    usage = _usage_cost(generation, entry) if text else None
    book = book_of(generation.price_version, generation.discount_ppm)
    charge = pricing.capture_amount(entry, generation.input, book, delivered=delivered, usage_cost=usage)
    charge = min(charge, generation.hold_amount)
    hold = holds.settle(hold_id=generation.hold_id, capture=charge, actor="system", reason="delivered")
    expected = entry.expected_cost(generation.input, delivered, rates=generation.price_version.rates)
    if text and usage is not None:  # nobody knows a text's cost before; above the hold it is ours to bear
        expected = min(usage, generation.hold_amount)
    moment = db.now()
    fields: dict[str, Any] = {
        "output_count": delivered,
        "charged": charge,
        "list_amount": pricing.list_amount(entry, generation.input, book, delivered, usage),
        "finished_at": moment,
        "expected_cost": expected,
        "cost_verdict": verdict(expected=expected, actual=generation.actual_cost),
        "sources": None,
        "receipt": receipts.build(
            generation, hold=hold, charge=charge, delivered=delivered, finished_at=moment, entry=entry
        ),
    }
    data = {"charged": charge, "released": generation.hold_amount - charge, "delivered": delivered}
    if text and generation.actual_cost is None:
        data["counted"] = True  # no usage in the answer: charged by our own count of tokens
    return move(generation, to=Status.SUCCEEDED, event="succeeded", data=data, **fields)


def _usage_cost(generation: Generation, entry: Entry) -> int:
    """What a text's answer said it cost, or our own count of its tokens at the listed rate (catalogue.md)."""
    if generation.actual_cost is not None:
        return generation.actual_cost
    return entry.own_count_cost(generation.input, generation.text, generation.price_version.rates)


def fail(
    *, generation_id: UUID, reason: Reason, detail: str = "", cost: int | None = None, actor: str = "system"
) -> Generation:
    """Any open state -> failed: everything is released. `detail` is for staff; `cost` what the provider took: a case,
    for no team pays it."""
    return db.in_transaction(
        lambda: fail_locked(locked(generation_id), reason=reason, detail=detail, cost=cost, actor=actor)
    )


def fail_locked(
    generation: Generation,
    *,
    reason: Reason,
    detail: str = "",
    cost: int | None = None,
    actor: str = "system",
) -> Generation:
    """fail, for a caller who holds the lock and the transaction."""
    if generation.ended:
        return generation
    hold = holds.settle(hold_id=generation.hold_id, capture=0, actor=actor, reason=f"failed: {reason}")
    moment = db.now()
    actual = cost if cost is not None else generation.actual_cost
    fields: dict[str, Any] = {
        "reason": reason,
        "message": SENTENCES[reason],
        "charged": 0,
        "finished_at": moment,
        "actual_cost": actual,
        "cost_verdict": _verdict_of_failure(generation, reason, actual),
        "receipt": receipts.build(generation, hold=hold, charge=0, delivered=0, finished_at=moment),
    }
    data = {"reason": str(reason), "released": generation.hold_amount, "detail": detail[:120]}
    move(generation, to=Status.FAILED, event="failed", actor=actor, data=data, **fields)
    cases.lost_result(generation, amount=actual or 0, note=f"The provider took it, and it failed: {reason}.")
    return generation


def cancel(*, generation_id: UUID, actor: str) -> Generation:
    """queued -> canceled: everything is released. Raises Conflict when it can no longer be canceled; a canceled one
    is returned again."""

    def work() -> Generation:
        generation = locked(generation_id)
        if generation.status == Status.CANCELED:
            return generation
        if generation.status != Status.QUEUED:
            raise Conflict(
                f"It is {generation.status}: only a queued generation can be canceled.", code="not_cancelable"
            )
        hold = holds.settle(hold_id=generation.hold_id, capture=0, actor=actor, reason="canceled")
        moment = db.now()
        return move(
            generation,
            to=Status.CANCELED,
            event="canceled",
            actor=actor,
            data={"released": generation.hold_amount},
            charged=0,
            finished_at=moment,
            cost_verdict=CostVerdict.NONE,
            receipt=receipts.build(generation, hold=hold, charge=0, delivered=0, finished_at=moment),
        )

    return db.in_transaction(work)


def verdict(*, expected: int, actual: int | None) -> CostVerdict:
    """The provider's charge beside the expected one (design section 4.9)."""
    if actual is None:
        return CostVerdict.UNKNOWN
    if actual == expected:
        return CostVerdict.MATCHED
    return CostVerdict.OVER if actual > expected else CostVerdict.UNDER


def bill_locked(generation: Generation, *, amount: int, actor: str, source: str) -> bool:
    """Books what the provider's bill says that an ended generation cost: the bill decides, and the sums of the day
    follow. What the team was charged stays. False when nothing changes. For a caller who holds the lock and the
    transaction."""
    if not generation.ended:
        return False
    judged = verdict_of_bill(generation, amount)
    if (generation.actual_cost, generation.cost_verdict) == (amount, judged):
        return False
    before = {"cost": generation.actual_cost, "verdict": generation.cost_verdict}
    _cost(generation, amount, judged)
    data = {"before": before, "after": {"cost": amount, "verdict": str(judged)}, "source": source[:120]}
    record(generation, "billed", actor=actor, data=data)
    return True


def late_cost_locked(generation: Generation, *, task_id: str, told: int | None) -> None:
    """Books what a task took whose result came after its generation's end, and opens a case for it, for no team pays.
    What another task of it took stays, and adds up; what a bill says of this task decides. With no cost told by anybody
    what was known stays too; was nothing known, the expected cost stands as at risk: the provider made it and may have
    taken it. For a caller who holds the lock and the transaction, once a task and told cost."""
    billed = UsageRow.objects.filter(provider=generation.provider, task_id=task_id).first()
    if billed is not None and billed.generation_id is not None:
        told = None  # it stands in the books by its bill
    elif billed is not None:  # nobody knew whose it was
        told = billed.amount
    before = generation.actual_cost
    if before is None and generation.status == Status.SUCCEEDED:
        before = generation.expected_cost
    if told is None:
        if before is None:
            _cost(generation, None, CostVerdict.UNATTRIBUTED)
        return
    if billed is not None:
        UsageRow.objects.filter(pk=billed.pk).update(generation=generation)
    amount = _billed_and_told(generation)
    if amount is None:
        amount = (before or 0) - _told_at_the_end(generation, task_id, before or 0) + told
    _cost(generation, amount, verdict_of_bill(generation, amount))
    cases.lost_result(
        generation, task_id=task_id, amount=told, note="Its result came after the end: kept, not charged."
    )


def _billed_and_told(generation: Generation) -> int | None:
    """What bills say of its tasks, and what late results told of those that none names; None where none names any."""
    billed = generation.usage_rows.aggregate(sum=Sum("amount"))["sum"]
    if billed is None:
        return None
    late = generation.late_results.exclude(provider_task_id__in=generation.usage_rows.values("task_id"))
    return int(billed) + int(late.aggregate(sum=Sum("cost"))["sum"] or 0)


def _told_at_the_end(generation: Generation, task_id: str, known: int) -> int:
    """How much of what is known was told of this very task when its generation ended: a later word replaces it."""
    if generation.provider_task_id != task_id:
        return 0
    others = generation.late_results.exclude(provider_task_id=task_id).aggregate(sum=Sum("cost"))["sum"] or 0
    return max(0, known - int(others))


def _cost(generation: Generation, amount: int | None, judged: CostVerdict) -> None:
    generation.actual_cost, generation.cost_verdict = amount, judged
    generation.save(update_fields=["actual_cost", "cost_verdict"])


def verdict_of_bill(generation: Generation, amount: int) -> CostVerdict:
    """The verdict on an ended generation by its bill: of what did not succeed nothing was expected."""
    expected = generation.expected_cost if generation.status == Status.SUCCEEDED else 0
    return verdict(expected=expected, actual=amount)


def _verdict_of_failure(generation: Generation, reason: Reason, actual: int | None) -> CostVerdict:
    if reason == Reason.OUTCOME_UNKNOWN:
        return CostVerdict.UNATTRIBUTED
    if generation.provider_task_id is None:
        return CostVerdict.NONE
    return verdict(expected=0, actual=actual)
