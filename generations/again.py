"""Making the same once more: what it costs now, and one press of its button.

The new generation has the input of the old one and nothing else of it: no webhook address, no metadata, no quote. What
counts is intake.accept, which looks at everything once more. Amounts in micro-dollars.
"""

from __future__ import annotations

from dataclasses import dataclass

from accounts.actors import Actor
from generations import discounts, idempotency, intake, offers, pricing
from generations.catalog import ENTRIES
from generations.catalog.base import InputError
from generations.models import Generation
from project.errors import Conflict


@dataclass(frozen=True)
class Offer:
    """`hold` is the most that it may cost now; None when it cannot be made as it stands, and `why` says why.

    `editable`: the model is still there, so its form can be filled with the input."""

    hold: int | None
    why: str = ""
    editable: bool = True


def offer(generation: Generation) -> Offer:
    """What the same input costs now. Three queries; nothing outside is asked."""
    entry = ENTRIES.get(generation.model)
    if entry is None:
        return Offer(None, "This model is no longer offered.", editable=False)
    try:
        version = offers.current_price(entry.slug)
        offers.require_available(entry.slug)
        clean = entry.validate(dict(generation.input), rates=version.rates)
    except Conflict as problem:
        return Offer(None, problem.detail)
    except InputError:
        return Offer(None, "The model's rules have changed since: look at the form again.")
    discount = discounts.of(discounts.in_force(generation.team), entry.slug)
    return Offer(pricing.quote(entry, clean, offers.book_of(version, discount)).hold)


def make(
    *, actor: Actor, generation: Generation, agreed: int, press: str
) -> tuple[Generation | None, idempotency.Answer]:
    """Accepts the same input once more, for at most `agreed`. The same `press` (32 hex digits of the form) again makes
    nothing and gives the first answer.

    Returns and raises as intake.accept: PaymentRequired comes as an answer when there is a press."""
    content = {"again": generation.public_id, "press": press}
    print_of_request = idempotency.fingerprint(method="POST", path="again", body=content)
    request = intake.Request(
        model=generation.model,
        input=dict(generation.input),
        max_price=agreed,
        idempotency=(f"again-{press}", print_of_request) if press else None,
    )
    return intake.accept(actor=actor, request=request, render=_accepted)


def _accepted(generation: Generation) -> idempotency.Answer:
    return idempotency.Answer(201, {"id": generation.public_id}, {})
