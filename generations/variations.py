"""Variations: the same input made 1 to 8 times at one press, all of them or none, for one total.

One goes the way of a single generation, several that of a batch: one idempotency key, one sum to pay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from accounts.actors import Actor
from generations import batches, catalog, idempotency, intake
from generations.batch_items import Item
from generations.catalog.base import Entry
from generations.models import Batch, BatchMode, Generation, StudioSettings
from generations.studio_settings import SEEDS
from project.errors import Conflict, FieldError, Invalid
from project.money import dollars

MOST = StudioSettings.MOST_AT_ONCE
_COUNTS = {str(number): number for number in range(1, MOST + 1)}


def count_of(text: str) -> int:
    """How many a form asks for; 1 when it does not say. Raises Invalid on the field `count`."""
    if not text:
        return 1
    if text not in _COUNTS:
        sentence = f"Choose 1 to {MOST} at once."
        raise Invalid(sentence, errors=[FieldError("count", sentence, "out_of_range")])
    return _COUNTS[text]


def accept(*, actor: Actor, request: intake.Request, count: int) -> tuple[bool, idempotency.Answer]:
    """Accepts `count` of a request, `max_price` being for all of them together; all or none.

    Returns whether they are new (False for a press that was answered before, or when money is missing) and the answer:
    201 with the `id` of the generation or batch, or the refusal. Raises what intake.accept raises, with the paths of
    one request; Conflict `max_price_exceeded` names the total."""
    if count == 1:
        made, answer = intake.accept(actor=actor, request=request, render=_told)
        return made is not None, answer
    order = batches.Order(
        items=[Item(index, each) for index, each in enumerate(several(request, count))],
        mode=BatchMode.ALL,
        idempotency=_key_of_all(request.idempotency, count),
    )
    try:
        batch, answer = batches.accept(actor=actor, order=order, render=_batch_told)
    except Invalid as problem:
        problem.errors = tuple(dict.fromkeys(replace(error, path=_own(error.path)) for error in problem.errors))
        raise
    except Conflict as problem:
        if problem.code != "max_price_exceeded" or request.max_price is None:
            raise
        raise _dearer(problem, request.max_price, count) from problem
    return batch is not None, answer


def page_of(public_id: str) -> str:
    """Where a person sees what was made: the generation's page, or the history of the batch."""
    return f"/history?batch={public_id}" if public_id.startswith("bat_") else f"/generations/{public_id}"


def several(request: intake.Request, count: int) -> list[intake.Request]:
    """The request so many times, each with its share of `max_price`. A seed that is set counts up from one to the
    next, since equal seeds would make equal results; it begins anew at the end of what the model takes. Pure."""
    share = None if request.max_price is None else request.max_price // count
    entry = catalog.ENTRIES.get(request.model) if isinstance(request.model, str) else None
    if entry is None or not isinstance(request.input, Mapping):
        return [replace(request, max_price=share, idempotency=None) for _ in range(count)]
    return [
        replace(
            request, max_price=share, idempotency=None, input={**request.input, **_seed(entry, request.input, place)}
        )
        for place in range(count)
    ]


def _seed(entry: Entry, data: Mapping[str, Any], place: int) -> dict[str, int]:
    """The seed of variation number `place`; nothing where there is none, or a random one is asked for by -1."""
    properties = entry.json_schema()["properties"]
    for name in SEEDS:
        seed = data.get(name)
        if name not in properties or type(seed) is not int:
            continue
        least, most = properties[name].get("minimum", 0), properties[name].get("maximum")
        if least == -1 and seed == -1:  # a random one, each time
            continue
        least = max(least, 0)
        if most is None:
            return {name: seed + place}
        if least <= seed <= most:
            return {name: least + (seed - least + place) % (most - least + 1)}
    return {}


def _key_of_all(key: tuple[str, str] | None, count: int) -> tuple[str, str] | None:
    """The same press for another number is another order."""
    return None if key is None else (f"{key[0]}-x{count}", key[1])


def _own(path: str) -> str:
    """`requests.2.input.prompt` as one request calls it."""
    head, _, rest = path.partition(".")
    return rest.partition(".")[2] if head == "requests" else path


def _dearer(problem: Conflict, agreed: int, count: int) -> Conflict:
    amounts = {name: problem.extra[name] for name in ("price", "hold")}
    return Conflict(
        f"These {count} cost more together than the {dollars(agreed)} that the page showed.",
        code=problem.code,
        extra={"each": amounts, "count": count},
    )


def _told(generation: Generation) -> idempotency.Answer:
    return idempotency.Answer(201, {"id": generation.public_id}, {})


def _batch_told(batch: Batch, rows: Mapping[str, Generation]) -> idempotency.Answer:
    return idempotency.Answer(201, {"id": batch.public_id}, {})
