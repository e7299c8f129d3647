"""What requests ask the world around them, each thing once: one of these serves a request, or a whole batch.

Names and images of others take time that is not ours: all of it together is bounded. What there was no time for is
treated as what cannot be reached from here: left to the provider (inputs.py).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from accounts.models import Team
from generations import discounts, inputs, offers
from generations.models import PriceVersion
from project.errors import Conflict
from project.net import guard

SECONDS = 8.0  # for all names and all images of one request
LOOKERS = 4  # images that are fetched at once, of up to 10 MB each


class Lookups:
    """Remembers offers, discounts, uploads, names and images. Not used inside a transaction: it may ask others."""

    def __init__(self, team: Team | None) -> None:
        self._team = team
        self._until = time.monotonic() + SECONDS
        self._offers: dict[str, PriceVersion | Conflict] = {}
        self._discounts: Mapping[str, int] | None = None
        self._images: dict[str, str | ValueError] = {}
        self._hosts: dict[tuple[str, int], list[str]] = {}
        self._seen: dict[str, str] = {}

    @property
    def left(self) -> float:
        """Seconds that are left for the network."""
        return max(self._until - time.monotonic(), 0.0)

    def offered(self, slug: str) -> PriceVersion:
        """The price in force of a model that is on offer. Raises Conflict."""
        if slug not in self._offers:
            try:
                offers.require_available(slug)
                self._offers[slug] = offers.current_price(slug)
            except Conflict as problem:
                self._offers[slug] = problem
        found = self._offers[slug]
        if isinstance(found, Conflict):
            raise found
        return found

    def discount(self, slug: str) -> int:
        """What the team pays less for a model now, in parts per million: asked once for all models."""
        if self._discounts is None:
            self._discounts = {} if self._team is None else discounts.in_force(self._team)
        return discounts.of(self._discounts, slug)

    def image(self, value: str) -> str:
        """An image's address as it is kept: an upload's id, or a public https address. Raises ValueError."""
        if value not in self._images:
            try:
                own = inputs.own_upload(value, self._team)
                self._images[value] = own or inputs.foreign(value, resolve=self.resolve)
            except ValueError as error:
                self._images[value] = error
        found = self._images[value]
        if isinstance(found, ValueError):
            raise found
        return found

    def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of a name, asked once: a resolver that hangs is waited for once. None when time is up."""
        key = (host, port)
        if key not in self._hosts:
            self._hosts[key] = []
            if self.left:
                self._hosts[key] = guard.system_resolve(host, port)
        return self._hosts[key]

    def look(self, addresses: Iterable[str]) -> None:
        """Looks at foreign images, a few at once, each once; `flaw` tells what was found."""
        wanted = [url for url in dict.fromkeys(addresses) if url not in self._seen]
        if not wanted:
            return
        with ThreadPoolExecutor(min(LOOKERS, len(wanted))) as pool:
            self._seen |= dict(zip(wanted, pool.map(self._look, wanted), strict=True))

    def flaw(self, url: str) -> str:
        """What is wrong with an image that was looked at; nothing when it is fine or could not be reached."""
        return self._seen.get(url, "")

    def _look(self, url: str) -> str:
        left = self.left
        return inputs.look(url, seconds=min(left, inputs.LOOK_DEADLINE)) if left else ""
