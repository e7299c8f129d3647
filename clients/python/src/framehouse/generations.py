"""Generations: make, follow, wait for, list, cancel."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from framehouse.errors import (
    APIConnectionError,
    FramehouseError,
    GenerationFailed,
    RateLimited,
    ServerError,
    WaitTimeout,
)
from framehouse.money import Money, as_json
from framehouse.reading import read
from framehouse.resources import Models, Resource
from framehouse.shapes import Batch, BatchQuote, Delivery, Generation, GenerationEvent, Quote, Receipt
from framehouse.transport import KEY_HEADER, Transport, given, id_of, parsed, retry_after

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 5.0  # seconds between two looks at a generation
WAIT_SECONDS = 1800.0
Amount = Money | Decimal | str | int  # what is no Money is dollars


class Options(TypedDict, total=False):
    """What every call that makes a generation takes. `max_price` refuses anything dearer; an `idempotency_key` of your
    own lets another process repeat the call (else one is made, and kept over this call's retries); `wait` is for how
    many seconds (up to 60) the answer may wait for the end."""

    max_price: Amount | None
    metadata: Mapping[str, str] | None
    webhook_url: str | None
    idempotency_key: str | None
    wait: int | None


class CreateOptions(Options, total=False):
    quote: Quote | str | None


@dataclass(frozen=True)
class Progress:
    """A status that a generation has reached: seconds since the wait began, and what its model typically takes."""

    generation: Generation
    elapsed: float
    typical_seconds: int | None

    @property
    def status(self) -> str:
        return self.generation.status


class Generations(Resource):
    def __init__(self, http: Transport, models: Models) -> None:
        super().__init__(http)
        self._models = models
        self._typically: dict[str, int | None] = {}

    def create(self, model: str, input: Mapping[str, Any], **options: Unpack[CreateOptions]) -> Generation:
        """Asks for one. Its credit is held, and charged only for a result."""
        quote = options.get("quote")
        body = given(model=model, input=input, quote=quote.id if isinstance(quote, Quote) else quote)
        return self._make("/generations", body, options)

    def expand_prompt(
        self, prompt: str, *, fields: Mapping[str, Any] | None = None, **options: Unpack[Options]
    ) -> Generation:
        """A longer prompt, as the `text` of a generation; `fields` (such as `model`) go beside the prompt."""
        return self._make("/prompt-expansions", {**(fields or {}), "prompt": prompt}, options)

    def batch(
        self,
        requests: Sequence[Mapping[str, Any]] | None = None,
        *,
        grid: Mapping[str, Any] | None = None,
        mode: str = "all",
        stop_at: Amount | None = None,
        quote: BatchQuote | str | None = None,
        name: str | None = None,
        metadata: Mapping[str, str] | None = None,
        webhook_url: str | None = None,
        idempotency_key: str | None = None,
    ) -> Batch:
        """Up to 100 at once: `all` of them or none, or as many as `fit` the credit and `stop_at`."""
        body = given(
            requests=requests,
            grid=grid,
            mode=mode,
            stop_at=None if stop_at is None else as_json(stop_at),
            quote=quote.id if isinstance(quote, BatchQuote) else quote,
            name=name,
            metadata=metadata,
            webhook_url=webhook_url,
        )
        headers = _keyed(idempotency_key)
        return self._http.one(Batch, "POST", "/generations/batch", body=body, headers=headers)

    def get_batch(self, batch: Batch | str) -> Batch:
        return self._http.one(Batch, "GET", f"/generations/batch/{id_of(batch)}")

    def get(self, generation: Generation | str) -> Generation:
        return self._look(id_of(generation))[0]

    def list(
        self,
        *,
        status: str | None = None,
        model: str | None = None,
        batch: Batch | str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        key: str | None = None,
        member: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Iterator[Generation]:
        """The team's, newest first, page after page as you go on."""
        return self._http.pages(
            Generation,
            "/generations",
            status=status,
            model=model,
            batch=batch.id if isinstance(batch, Batch) else batch,
            created_after=created_after,
            created_before=created_before,
            key=key,
            member=member,
            **{f"metadata.{name}": value for name, value in (metadata or {}).items()},
        )

    def events(self, generation: Generation | str) -> Iterator[GenerationEvent]:
        """Its history, in the order in which it happened."""
        return self._http.pages(GenerationEvent, f"/generations/{id_of(generation)}/events")

    def receipt(self, generation: Generation | str) -> Receipt:
        """What was charged and why. Conflict (`not_ended`) before the end."""
        return self._http.one(Receipt, "GET", f"/generations/{id_of(generation)}/receipt")

    def cancel(self, generation: Generation | str) -> Generation:
        """Cancels one that is still queued; Conflict when it is too late."""
        return self._http.one(Generation, "POST", f"/generations/{id_of(generation)}/cancel")

    def deliveries(self, generation: Generation | str) -> Iterator[Delivery]:
        """What was sent to its own `webhook_url`."""
        return self._http.pages(Delivery, f"/generations/{id_of(generation)}/deliveries")

    def redeliver(self, generation: Generation | str, delivery: Delivery | str) -> Delivery:
        path = f"/generations/{id_of(generation)}/deliveries/{id_of(delivery)}/redeliver"
        return self._http.one(Delivery, "POST", path)

    def wait(
        self,
        generation: Generation | str,
        *,
        timeout: float = WAIT_SECONDS,
        on_progress: Callable[[Progress], None] | None = None,
        raise_on_failure: bool = True,
    ) -> Generation:
        """Looks at it until it has ended. `on_progress` hears each status once. An outage of the API is waited out.
        Raises GenerationFailed (failed or canceled; only with raise_on_failure) and WaitTimeout after `timeout`
        seconds: the generation goes on then, and can be waited for again."""
        begun, pause = time.monotonic(), FIRST_PAUSE
        known = generation if isinstance(generation, Generation) else None
        look, told = known is None, ""
        named, trouble = None, None
        while True:
            if look:
                try:
                    (known, named), trouble = self._look(id_of(generation)), None
                except (APIConnectionError, ServerError, RateLimited) as error:
                    named, trouble = getattr(error, "retry_after", None), error
            elapsed, look = time.monotonic() - begun, True
            if known is not None:
                if on_progress is not None and known.status != told:
                    told = known.status
                    on_progress(Progress(known, elapsed, self._typical(known.model)))
                if known.ended:
                    if raise_on_failure and known.status != "succeeded":
                        raise GenerationFailed(known)
                    return known
            if elapsed >= timeout:
                status = known.status if known is not None else "unknown to us"
                raise WaitTimeout(f"{id_of(generation)} is {status} after {elapsed:.0f} s", known) from trouble
            self._http.sleep(min(max(pause, named or 0.0), timeout - elapsed))
            pause = min(pause * 1.5, LONGEST_PAUSE)

    def _look(self, public_id: str) -> tuple[Generation, float | None]:
        """One generation, and when the API would like to be asked again."""
        response = self._http.send("GET", f"/generations/{public_id}")
        return read(Generation, parsed(response)), retry_after(response)

    def _make(self, path: str, body: dict[str, Any], options: Options) -> Generation:
        price, wait = options.get("max_price"), options.get("wait") or 0
        body |= given(
            max_price=None if price is None else as_json(price),
            metadata=options.get("metadata"),
            webhook_url=options.get("webhook_url"),
        )
        headers = _keyed(options.get("idempotency_key")) | ({"Prefer": f"wait={wait}"} if wait else {})
        return self._http.one(Generation, "POST", path, body=body, headers=headers, patience=min(wait, 60))

    def _typical(self, slug: str) -> int | None:
        if slug not in self._typically:
            try:
                self._typically[slug] = self._models.get(slug).typical_seconds
            except FramehouseError:  # a courtesy: no wait ends for the lack of it
                return None
        return self._typically[slug]


def _keyed(key: str | None) -> dict[str, str]:
    return {KEY_HEADER: str(uuid.uuid4()) if key is None else key}
