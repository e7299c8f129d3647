"""Pauses: staff stop a provider or a model for a while. Nothing new is accepted or claimed of it, what is queued waits
(its deadline releases it as ever), what runs ends as it would. A withdrawal is another thing: `Listing.available`.

Whoever pauses takes the lock that claims take: a claim has seen the pause, or had claimed before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Case, CharField, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, Now

from accounts import audit
from accounts.duties import reason_of
from accounts.models import Action
from generations import catalog, limiter
from generations.models import Generation, Pause, Status
from project import db, queue
from project.errors import Conflict, FieldError, Invalid, NotFound

PROVIDER, MODEL = "provider", "model"
LONGEST_NOTE = 200


@dataclass(frozen=True)
class HeldBack:
    """What a claim may not take: everything of the provider, or these models of it."""

    everything: bool
    models: Sequence[str]


def held_back(provider: str) -> HeldBack:
    """What is paused of a provider. One query; exact for whoever holds limiter.lock(provider, CREATE)."""
    rows = set(Pause.objects.filter(resumed_at=None).values_list("scope", "name"))
    return HeldBack((PROVIDER, provider) in rows, sorted(name for scope, name in rows if scope == MODEL))


def paused_providers() -> set[str]:
    """The providers that are paused as a whole: nobody need ring for what waits for them."""
    return set(Pause.objects.filter(resumed_at=None, scope=PROVIDER).values_list("name", flat=True))


def note_subquery(*, provider: str, model: str) -> Coalesce:
    """The note of an open pause of a row's provider or model, for a query whose fields have these names."""
    still = Pause.objects.filter(resumed_at=None)
    return Coalesce(
        Subquery(still.filter(scope=PROVIDER, name=OuterRef(provider)).values("note")[:1]),
        Subquery(still.filter(scope=MODEL, name=OuterRef(model)).values("note")[:1]),
        Value(""),
        output_field=CharField(),
    )


def maker_of_slug(field: str) -> Case:
    """The provider of a row whose `field` is a slug of the catalogue, as an expression: listings do not store it."""
    by_provider: dict[str, list[str]] = {}
    for slug, entry in catalog.ENTRIES.items():
        by_provider.setdefault(entry.provider, []).append(slug)
    whens = [When(**{f"{field}__in": slugs}, then=Value(provider)) for provider, slugs in by_provider.items()]
    return Case(*whens, default=Value(""), output_field=CharField())


def notices() -> list[str]:
    """What the status page tells: a sentence for each model that is paused, or that its provider is. One query."""
    paused = {(row.scope, row.name): row.note for row in Pause.objects.filter(resumed_at=None)}
    if not paused:
        return []
    notes = (
        (entry.name, paused.get((PROVIDER, entry.provider)) or paused.get((MODEL, slug)))
        for slug, entry in catalog.ENTRIES.items()
    )
    return [f"{name} is paused: {note}" for name, note in notes if note]


def targets() -> Mapping[str, str]:
    """What can be paused, by `scope:name`, and what it is called."""
    providers = sorted({entry.provider for entry in catalog.ENTRIES.values()})
    return {f"{PROVIDER}:{name}": f"Provider {name}" for name in providers} | {
        f"{MODEL}:{slug}": f"{entry.name} ({entry.provider})" for slug, entry in catalog.ENTRIES.items()
    }


def pause(*, scope: str, name: str, note: str, reason: str, by: audit.Staff) -> Pause:
    """Pauses it at once. `note` is what users read, `reason` stays with staff.

    Raises Invalid, and Conflict when it is paused already."""
    reason, note, faults = reason_of(reason), note.strip(), []
    if not 1 <= len(note) <= LONGEST_NOTE:
        faults.append(FieldError("note", "Say in 1 to 200 characters what users should know.", "invalid"))
    if f"{scope}:{name}" not in targets():
        faults.append(FieldError("target", "There is no such provider or model.", "not_allowed"))
    if faults:
        raise Invalid("The pause was not set.", errors=faults)

    def work() -> Pause:
        limiter.lock(_provider(scope, name), limiter.CREATE)
        if Pause.objects.filter(scope=scope, name=name, resumed_at=None).exists():
            raise Conflict(f"{targets()[f'{scope}:{name}']} is paused already.", code="already_paused")
        row = Pause.objects.create(scope=scope, name=name, note=note, reason=reason, paused_by=audit.actor_of(by))
        data = {"scope": scope, "note": note, "reason": reason}
        audit.record(Action.PAUSED, by=by, team=None, target=f"{scope}:{name}", target_name=name, data=data)
        return row

    return db.in_transaction(work)


def resume(*, pause_id: int, by: audit.Staff) -> Pause:
    """Ends a pause and rings the queue for what waited. Raises NotFound; a pause that has ended is left as it is."""

    def work() -> Pause:
        row = Pause.objects.select_for_update(no_key=True).filter(pk=pause_id).first()
        if row is None:
            raise NotFound("There is no such pause.")
        if row.resumed_at is not None:
            return row
        Pause.objects.filter(pk=row.pk).update(resumed_at=Now(), resumed_by=audit.actor_of(by))
        audit.record(
            Action.RESUMED,
            by=by,
            team=None,
            target=f"{row.scope}:{row.name}",
            target_name=row.name,
            data={"scope": row.scope, "waiting": waiting(row)},
        )
        queue.enqueue("generations.tasks.dispatch", _provider(row.scope, row.name))
        row.refresh_from_db()
        return row

    return db.in_transaction(work)


def waiting(row: Pause) -> int:
    """How many queued generations a pause holds back, or would."""
    same = Q(provider=row.name) if row.scope == PROVIDER else Q(model=row.name)
    return Generation.objects.filter(same, status=Status.QUEUED).count()


def current() -> list[Pause]:
    """The open pauses, newest first: at most one for each provider and model."""
    return list(Pause.objects.filter(resumed_at=None).order_by("-paused_at"))


def past(*, most: int) -> list[Pause]:
    """The pauses that have ended, the newest first."""
    return list(Pause.objects.exclude(resumed_at=None).order_by("-paused_at")[:most])


def every() -> Iterator[Pause]:
    """All pauses there were, the newest first."""
    return Pause.objects.order_by("-paused_at", "-id").iterator()


def _provider(scope: str, name: str) -> str:
    return name if scope == PROVIDER else catalog.get(name).provider
