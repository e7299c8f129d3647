"""Cases: something about a provider's money that a person must look into, with an owner, notes and an end.

A program opens them (a balance that moved by itself, a bill for what nobody asked for); staff take, hand over, note and
close them. One is open a subject; what comes again after the end is a new case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q, QuerySet

from accounts import audit, duties
from accounts.models import Action, User
from generations.models import Case, CaseKind, CaseNote, Generation
from project import db, ids
from project.errors import Conflict, FieldError, Invalid, NotFound

MOST_TEXT, MOST_RESOLUTION = 1000, 200
AGAIN = timedelta(minutes=2)  # the same words of the same person within this are a second press
MAY = "reconcile_costs"


@dataclass(frozen=True)
class Filters:
    """Which cases are asked for; empty ones ask for all. `owner` is a user's key, 0 asks for those of nobody."""

    state: str = ""
    kind: str = ""
    provider: str = ""
    owner: int | None = None


def listed(filters: Filters) -> QuerySet[Case]:
    """Cases, open ones first, then the newest."""
    rows = Case.objects.select_related("owner", "generation__team").order_by("-closed_at", "-opened_at", "-pk")
    if filters.state:
        rows = rows.filter(closed_at__isnull=filters.state == "open")
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    if filters.provider:
        rows = rows.filter(provider=filters.provider)
    if filters.owner is not None:
        rows = rows.filter(owner=filters.owner or None)
    return rows  # PostgreSQL puts nulls first where it counts down: open ones have no end


def of(public_id: str) -> Case:
    """One case. Raises NotFound."""
    wanted = ids.parse("case", public_id)
    row = Case.objects.select_related("owner", "generation__team").filter(uuid=wanted).first() if wanted else None
    if row is None:
        raise NotFound("There is no such case.")
    return row


def notes_of(case: Case) -> QuerySet[CaseNote]:
    """What was found out about a case, oldest first."""
    return CaseNote.objects.filter(case=case).select_related("author").order_by("pk")


def owners() -> list[User]:
    """Who can be given a case: staff who may work on them."""
    return duties.who_may(MAY)


def open_case(
    *, provider: str, kind: CaseKind, subject: str, amount: int, generation: Generation | None = None, note: str = ""
) -> tuple[Case, bool]:
    """Opens a case, or finds the open one of this subject; and whether it is new. In the caller's transaction."""
    case, made = Case.objects.get_or_create(
        provider=provider,
        kind=kind,
        subject=subject[:200],
        closed_at=None,
        defaults={"amount": amount, "generation": generation},
    )
    if made:
        if note:
            CaseNote.objects.create(case=case, text=note[:MOST_TEXT])
        _log(case, by=audit.SYSTEM, data={"did": "opened", "kind": kind, "provider": provider})
    return case, made


def lost_result(generation: Generation, *, amount: int, note: str, task_id: str | None = None) -> Case | None:
    """Opens the case of what a provider took for a task (the generation's own, where none is named) and no team was
    charged for. One a task, for ever: a bill that names it later tells nothing new, nor does a result of what a bill
    had as none of ours. None where there is nothing to look into. In the caller's transaction, which holds the
    generation's lock."""
    if not amount or generation.charged:
        return None
    subject = (task_id or generation.provider_task_id or generation.public_id)[:200]
    still_open = Q(kind__in=[CaseKind.LOST_RESULT, CaseKind.THEIRS_ONLY], closed_at=None)
    known = Case.objects.filter(provider=generation.provider, subject=subject)
    case = known.filter(still_open | Q(kind=CaseKind.LOST_RESULT, generation=generation)).first()
    if case is None:
        return open_case(
            provider=generation.provider,
            kind=CaseKind.LOST_RESULT,
            subject=subject,
            amount=amount,
            generation=generation,
            note=note,
        )[0]
    if case.kind == CaseKind.THEIRS_ONLY:
        remark(case, f"It is a task of {generation.public_id}, whose team was charged nothing. {note}")
    return case


def known_lost(provider: str, task_ids: Sequence[str]) -> set[str]:
    """Those of the tasks that have had their case of a lost result, closed ones too."""
    found = Case.objects.filter(provider=provider, kind=CaseKind.LOST_RESULT, subject__in=task_ids)
    return set(found.values_list("subject", flat=True))


def remark(case: Case, text: str) -> None:
    """A program's note on an open case. In the caller's transaction."""
    CaseNote.objects.create(case=case, text=text[:MOST_TEXT])


def assign(*, public_id: str, owner: User | None, by: audit.Staff) -> Case:
    """Gives a case to somebody of the staff, or to nobody. Raises NotFound, Conflict for a closed one, Invalid for a
    person who may not work on cases."""
    if owner is not None and not (owner.is_active and duties.may(owner, MAY)):
        raise Invalid(errors=[FieldError("owner", "This person may not work on cases.", "not_allowed")])

    def work() -> Case:
        case = _open(public_id)
        if case.owner_id != (owner.pk if owner else None):
            before, case.owner = case.owner, owner
            case.save(update_fields=["owner"])
            _log(case, by=by, data={"before": {"owner": _name(before)}, "after": {"owner": _name(owner)}})
        return case

    return db.in_transaction(work)


def note(*, public_id: str, text: str, by: audit.Staff) -> CaseNote:
    """Adds a note, to a closed case too; it stays as it is. Raises NotFound, Invalid. The same words again at once are
    one note."""
    words = text.strip()
    if not words or len(words) > MOST_TEXT:
        message = f"Write up to {MOST_TEXT} characters." if words else "Write what you found out."
        raise Invalid(errors=[FieldError("text", message)])

    def work() -> CaseNote:
        case = _locked(public_id)
        since = db.now() - AGAIN
        said = CaseNote.objects.filter(case=case, author=by.user, text=words, at__gte=since).first()
        if said is None:
            said = CaseNote.objects.create(case=case, author=by.user, text=words)
            _log(case, by=by, data={"did": "noted"})
        return said

    return db.in_transaction(work)


def close(*, public_id: str, resolution: str, by: audit.Staff) -> Case:
    """Ends a case with what came of it. Raises NotFound, Invalid, Conflict when it has ended."""
    words = resolution.strip()
    if not words or len(words) > MOST_RESOLUTION:
        message = f"Write up to {MOST_RESOLUTION} characters." if words else "Write what came of it."
        raise Invalid(errors=[FieldError("resolution", message)])

    def work() -> Case:
        case = _open(public_id)
        case.closed_at, case.closed_by, case.resolution = db.now(), audit.actor_of(by), words
        case.save(update_fields=["closed_at", "closed_by", "resolution"])
        _log(case, by=by, data={"did": "closed", "resolution": words})
        return case

    return db.in_transaction(work)


def reopen(*, public_id: str, why: str, by: audit.Staff) -> Case:
    """Opens a new case about what a closed one was about, with a note that says why, and gives it to whoever asks.
    Raises NotFound, Invalid, Conflict when it is open, or another one about it."""
    words = why.strip()
    if not words or len(words) > MOST_TEXT:
        raise Invalid(errors=[FieldError("why", "Write why it must be looked into again.")])

    def work() -> Case:
        old = _locked(public_id)
        if old.closed_at is None:
            raise Conflict("This case is open.", code="case_open")
        case, made = open_case(
            provider=old.provider,
            kind=CaseKind(old.kind),
            subject=old.subject,
            amount=old.amount,
            generation=old.generation,
            note=f"Opened again after {old.public_id} ({old.resolution})",
        )
        if not made:
            raise Conflict("Another case about this is open.", code="case_open")
        case.owner = by.user
        case.save(update_fields=["owner"])
        CaseNote.objects.create(case=case, author=by.user, text=words)
        _log(case, by=by, data={"did": "opened again", "earlier": old.public_id})
        return case

    return db.in_transaction(work)


def _locked(public_id: str) -> Case:
    wanted = ids.parse("case", public_id)
    row = Case.objects.select_for_update(no_key=True, of=("self",)).filter(uuid=wanted).first() if wanted else None
    if row is None:
        raise NotFound("There is no such case.")
    return row


def _open(public_id: str) -> Case:
    case = _locked(public_id)
    if case.closed_at is not None:
        raise Conflict("This case was closed. Open it again to go on.", code="case_closed")
    return case


def _name(user: User | None) -> str:
    return user.email if user else "nobody"


def _log(case: Case, *, by: audit.Doer, data: dict[str, object]) -> None:
    name = f"{case.get_kind_display()}: {case.provider} {case.subject}"
    audit.record(Action.CASE_CHANGED, by=by, team=None, target=case.public_id, target_name=name, data=data)
