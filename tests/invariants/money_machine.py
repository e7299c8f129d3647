"""The first half of the random lives: money, prices and requests. Each rule does one thing through the real services
and says what it ought to change; money_life.py has the other half."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from typing import Any, ClassVar

from django.db import transaction
from hypothesis.stateful import RuleBasedStateMachine, initialize

from accounts.actors import Actor
from accounts.models import Team, TeamStatus, User
from accounts.roles import SCOPES, of_scopes
from billing import budgets, credits
from billing.models import Period
from generations import catalog, intake, offers, outcomes, pricing, quotes
from generations.models import Listing, ProviderState, Quote, Reason
from project import db
from project.errors import Problem
from tests.invariants.money_model import FLUX, QWEN, TEXT, Price, Purse, Quoted, Work
from tests.invariants.steps import render, request, upload_of
from tests.world import person, team_of


class Asking(RuleBasedStateMachine):
    """Two teams that ask for three models of two providers, while prices, caps and listings change."""

    seen: ClassVar[Counter[str]] = Counter()  # over all lives: what was reached

    def __init__(self) -> None:
        super().__init__()
        self.works: list[Work] = []
        self.quotes: list[Quoted] = []
        self.closed = {"kie": True, "fal": True}  # the circuits
        self.listed = {FLUX: True, QWEN: True, TEXT: True}

    # --- the world ----------------------------------------------------------------------------------------------
    @initialize()
    def begin(self) -> None:
        offers.sync()
        self.purses = [self._purse("Red"), self._purse("Blue")]
        self.prices = {slug: self._price_in_force(slug) for slug in (FLUX, QWEN)}

    def _purse(self, name: str) -> Purse:
        with transaction.atomic():
            owner = User.objects.filter(email="owner@example.com").first() or person("owner")
            team, key, _ = team_of(name, owner, 300_000)
            image = upload_of(team).public_id
        actor = Actor(team=team, permissions=of_scopes(list(SCOPES)), api_key=key)
        return Purse(actor, image, available=300_000)

    def _price_in_force(self, slug: str) -> Price:
        version = offers.current_price(slug)
        return Price(version.rates["image"], version.margin_ppm)

    def teardown(self) -> None:
        """Leaves nothing for the next life to claim."""
        self.seen.update(work.status for work in self.works)
        for work in self.works:
            outcomes.fail(generation_id=work.pk, reason=Reason.TIMED_OUT)
        Listing.objects.update(available=True)
        ProviderState.objects.update(open_until=None)

    # --- money --------------------------------------------------------------------------------------------------
    def grant(self, who: int, amount: int) -> None:
        purse, grant_id = self.purses[who], uuid.uuid4()
        for _ in range(2):
            with transaction.atomic():
                credits.grant(team=purse.actor.team, amount=amount, actor="t", reason="t", grant_id=grant_id)
        purse.available += amount

    def cap(self, who: int, limit: int) -> None:
        actor = self.purses[who].actor
        budgets.set_limit(by="test", team=actor.team, api_key=actor.api_key, period=Period.MONTH, limit=limit)
        self.purses[who].cap = limit

    def reprice(self, slug: str, rate: int, ppm: int) -> None:
        offers.publish(slug=slug, rates={"image": rate}, margin_ppm=ppm, by="test", reason="test")
        self.prices[slug] = Price(rate, ppm)

    def switch(self, slug: str, listed: bool) -> None:
        self.listed[slug] = listed
        Listing.objects.filter(pk=slug).update(available=listed)

    def suspend(self, who: int, suspended: bool) -> None:
        purse = self.purses[who]
        purse.suspended = suspended
        status = TeamStatus.SUSPENDED if purse.suspended else TeamStatus.ACTIVE
        Team.objects.filter(pk=purse.actor.team.pk).update(status=status)

    # --- asking -------------------------------------------------------------------------------------------------
    def _input(self, purse: Purse, slug: str, count: int) -> dict[str, Any]:
        if slug == QWEN:
            return {"prompt": "snow", "image_urls": [purse.image], "num_images": count}
        return {"prompt": "a harbor"}

    def _price(self, purse: Purse, slug: str, count: int) -> tuple[Price, int]:
        """The price in force and the hold that it makes."""
        if slug != TEXT:
            return self.prices[slug], self.prices[slug].of(count)
        entry = catalog.get(slug)
        book = offers.book_of(offers.current_price(slug))
        hold = pricing.quote(entry, entry.validate(self._input(purse, slug, count)), book).hold
        return Price(hold, 0), hold

    def quote(self, who: int, what: tuple[str, int]) -> None:
        purse, (slug, count) = self.purses[who], what
        if not self.listed[slug]:
            return
        data = self._input(purse, slug, count)
        offer = quotes.price(model=slug, data=data, team=purse.actor.team)
        row = quotes.store(team=purse.actor.team, offer=offer)
        price, hold = self._price(purse, slug, count)
        assert row.hold == hold
        self.quotes.append(Quoted(purse, row.public_id, json.dumps([slug, data]), price, hold))

    def quote_expires(self, number: int) -> None:
        if not self.quotes:
            return
        quoted = self.quotes[number % len(self.quotes)]
        Quote.objects.filter(pk=uuid.UUID(hex=quoted.public_id[3:])).update(created_at=db.now() - quotes.BINDS_FOR * 2)
        Quote.objects.filter(pk=uuid.UUID(hex=quoted.public_id[3:])).update(expires_at=db.now())
        quoted.expired = True

    def accept(self, who: int, what: tuple[str, int], key: str | None, ceiling: int | None) -> None:
        self._accept(self.purses[who], what, key, ceiling, None)

    def accept_quote(self, number: int, key: str | None) -> None:
        if not self.quotes:
            return
        quoted = self.quotes[number % len(self.quotes)]
        slug, data = json.loads(quoted.asked)
        self._accept(quoted.purse, (slug, data.get("num_images", 1)), key, None, quoted)

    def _accept(
        self, purse: Purse, what: tuple[str, int], key: str | None, ceiling: int | None, quoted: Quoted | None
    ) -> None:
        slug, count = what
        data = self._input(purse, slug, count)
        asked = json.dumps([slug, data])
        price, hold = (quoted.price, quoted.hold) if quoted else self._price(purse, slug, count)
        expected = self._verdict(purse, slug, asked, key, ceiling, hold, quoted)
        wanted = request(slug, data, key=key, quote_id=quoted.public_id if quoted else None, max_price=ceiling)
        row, told = None, ""
        try:
            row, answer = intake.accept(actor=purse.actor, request=wanted, render=render)
            told = {201: "ok", 402: "stored 402"}[answer.status] if row or answer.status == 402 else "replay"
        except Problem as problem:
            told = problem.code
        assert told == expected, f"{told} instead of {expected}"
        self.seen[told] += 1
        if key is not None and expected in ("ok", "stored 402"):
            purse.answers.setdefault(key, (asked, 201 if expected == "ok" else 402))
        if row is None:
            return
        work = Work(row.pk, purse, slug, price, hold, count, capped=purse.cap is not None)
        work.accepted()
        self.works.append(work)
        assert (row.hold_amount, row.requested_outputs) == (hold, count)

    def _verdict(
        self,
        purse: Purse,
        slug: str,
        asked: str,
        key: str | None,
        ceiling: int | None,
        hold: int,
        quoted: Quoted | None,
    ) -> str:
        """What must come of a request, in the order in which it is looked at (invariants.md I1-I4)."""
        known = purse.answers.get(key) if key else None
        if known and known[0] == asked:
            return "replay" if known[1] == 201 else "stored 402"
        if known:
            return "idempotency_key_reused"
        if not self.listed[slug]:
            return "model_unavailable"
        if quoted and quoted.expired:
            return "quote_expired"
        if ceiling is not None and hold > ceiling:
            return "max_price_exceeded"
        if purse.suspended:
            return "team_suspended"
        refusal = purse.refusal(hold)
        if refusal:
            return "stored 402" if key else refusal
        return "ok"
