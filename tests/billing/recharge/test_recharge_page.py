"""The page of automatic recharge: its states, its forms, who may."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from billing import payments, recharges
from billing.models import AutoRecharge, BalanceWatch, StopReason
from project.money import USD
from tests.billing.conftest import join
from tests.billing.recharge.cards import (
    DECLINED,
    again,
    charges,
    later,
    removals,
    spend,
    tick,
    tries,
    turned_on,
    with_card,
)
from tests.jobs import Jobs
from tests.pages.parsing import Page, read
from tests.stripe_client import StripeProcess
from tests.world import World

PAGE = "/wallet/recharge"
Proven = Callable[[User], Client]
FORM = {"threshold": "12", "target": "$50", "monthly_ceiling": "200.00"}


def look(client: Client) -> Page:
    page = read(client.get(PAGE))
    assert page.violations == []
    assert page.unlabelled() == []
    return page


def test_without_a_card_it_says_how_to_save_one(world: World, stripe: StripeProcess, proven: Proven) -> None:
    page = look(proven(world.alice))
    assert "It needs a card." in page.words
    assert page.one("a", href="/wallet/top-up?save_card=1").text == "Top up and save a card"
    assert page.named("threshold") == []
    assert page.one("input", name="low_balance").attrs.get("value", "") == ""


def test_without_a_key_nothing_is_offered(world: World, proven: Proven) -> None:
    page = look(proven(world.alice))
    assert "Credit cannot be bought on this Framehouse right now" in page.words
    assert page.all("a", href="/wallet/top-up?save_card=1") == []


def test_turned_on_changed_used_and_off(world: World, stripe: StripeProcess, proven: Proven, jobs: Jobs) -> None:
    row, alice = with_card(world.team, stripe), proven(world.alice)
    page = look(alice)
    assert [page.one("input", name=name).attrs["value"] for name in FORM] == ["10", "50", "200"]
    assert "Turn on" in page.texts("button")
    assert alice.post(f"{PAGE}/set", FORM).headers["Location"] == PAGE
    page = look(alice)
    assert "Set: below $12.00 the wallet is filled up to $50.00." in page.words
    assert "with visa 4242" in page.words
    assert "None yet." in page.words
    tick(jobs)
    page = look(alice)
    assert "$40.00 of $200.00 used this month." in page.words
    assert page.one("progress").attrs["value"] == "20"
    (payment,) = tries(row)
    assert page.one("a", href=f"/wallet/payments/{payment.public_id}").text == "Paid"
    assert alice.post(f"{PAGE}/off").headers["Location"] == PAGE
    assert "Automatic recharge is off." in look(alice).words
    assert not again(row).enabled


def test_stopped_says_why_and_what_to_do_and_is_turned_on_again(
    world: World, stripe: StripeProcess, proven: Proven, jobs: Jobs
) -> None:
    row, alice = turned_on(world, stripe, DECLINED), proven(world.alice)
    tick(jobs)
    page = look(alice)
    assert "Automatic recharge has stopped" in page.texts("h2")
    assert "The bank declined the card." in page.words
    assert "Ask the bank why, or save another card." in page.words
    assert "Failed The bank declined it." in page.words
    wallet = read(alice.get("/wallet"))
    assert "Automatic recharge has stopped." in wallet.words
    assert alice.post(f"{PAGE}/resume").headers["Location"] == PAGE
    assert again(row).stopped_at is None
    assert "Automatic recharge has stopped" not in look(alice).words
    assert len(charges(stripe)) == 1


@pytest.mark.parametrize("reason", StopReason.values)
def test_every_reason_has_its_advice(world: World, stripe: StripeProcess, proven: Proven, reason: str) -> None:
    turned_on(world, stripe)
    recharges.stop(team=world.team, reason=StopReason(reason))
    page = look(proven(world.alice))
    assert StopReason(reason).label in page.words
    assert recharges.ADVICE[reason] in page.words


def test_under_way_and_at_the_ceiling(world: World, stripe: StripeProcess, proven: Proven, jobs: Jobs) -> None:
    row, alice = turned_on(world, stripe, monthly_ceiling=60 * USD), proven(world.alice)
    stripe.fault("lost", method="POST", path="/v1/payment_intents", times=2)
    tick(jobs)
    assert "is under way since" in look(alice).words
    payments.converge(tries(row)[0].pk, by="sweep")
    spend(world.team, 45 * USD)
    page = look(alice)
    assert "This month's ceiling is reached" in page.texts("h2")
    later(row)  # no minutes: they may have been last month's
    tick(jobs)
    assert len(tries(row)) == 1
    assert "this month's ceiling is reached" in read(alice.get("/wallet")).words


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("threshold", "1e3", "digits and a point only"),
        ("threshold", "0.50", "From $1.00 to $5,000.00."),
        ("target", "13", "$17.00 or more."),
        ("target", "50.005", "Write whole cents"),
        ("monthly_ceiling", "49.99", "At least $50.00"),
        ("monthly_ceiling", "", "This field is required."),
    ],
)
def test_what_cannot_be_is_said_beside_the_field_and_kept(
    world: World, stripe: StripeProcess, proven: Proven, field: str, typed: str, told: str
) -> None:
    row, form = with_card(world.team, stripe), {**FORM, field: typed}
    page = read(proven(world.alice).post(f"{PAGE}/set", form), 422)
    assert told in page.one("div", id=f"id_{field}_error").text
    assert {name: page.one("input", name=name).attrs.get("value", "") for name in form} == form
    assert not again(row).enabled


def test_setting_it_without_a_card_is_refused_above_the_page(world: World, proven: Proven) -> None:
    page = read(proven(world.alice).post(f"{PAGE}/set", FORM), 409)
    assert "Save a card first" in page.words


def test_removing_the_card_asks_first(world: World, stripe: StripeProcess, proven: Proven) -> None:
    row, alice = turned_on(world, stripe), proven(world.alice)
    page = read(alice.get(f"{PAGE}/card/remove"))
    assert "Remove visa 4242?" in page.texts("h2")
    assert "Automatic recharge is turned off." in page.words
    assert again(row).payment_method
    assert alice.post(f"{PAGE}/card/remove").headers["Location"] == PAGE
    assert removals() == [(row.payment_method, False)]
    assert "It needs a card." in look(alice).words
    assert "There is no saved card" in read(alice.get(f"{PAGE}/card/remove")).words


@pytest.mark.parametrize(("typed", "kept"), [("7.50", 7_500_000), ("", None), ("1000 credits", 5_000_000)])
def test_the_low_balance_is_set_and_taken_away(world: World, proven: Proven, typed: str, kept: int | None) -> None:
    alice = proven(world.alice)
    assert alice.post("/wallet/low-balance", {"low_balance": typed}).headers["Location"] == PAGE
    assert BalanceWatch.objects.get(team=world.team).low_balance == kept
    shown = look(alice).one("input", name="low_balance").attrs.get("value", "")
    assert shown == {7_500_000: "7.5", 5_000_000: "5", None: ""}[kept]


def test_a_low_balance_that_cannot_be_is_said_beside_the_field(world: World, proven: Proven) -> None:
    page = read(proven(world.alice).post("/wallet/low-balance", {"low_balance": "0.99"}), 422)
    assert "From $1.00" in page.one("div", id="id_low_balance_error").text
    assert page.one("input", name="low_balance").attrs["value"] == "0.99"
    assert not BalanceWatch.objects.exists()


def test_only_who_looks_after_the_money_and_after_a_fresh_proof(
    world: World, stripe: StripeProcess, browser: Callable[[User], Client], proven: Proven
) -> None:
    row = turned_on(world, stripe)
    dora = join(world, "dora", Role.ADMIN)
    posts = {f"{PAGE}/set": FORM, f"{PAGE}/off": {}, f"{PAGE}/resume": {}, f"{PAGE}/card/remove": {}}
    for user in (world.bob, world.carol, dora):
        client = proven(user)
        assert client.get(PAGE).status_code == 403
        assert {client.post(path, form).status_code for path, form in posts.items()} == {403}
        assert client.post("/wallet/low-balance", {"low_balance": "3"}).status_code == 403
    stale = browser(world.alice)
    assert stale.get(PAGE).status_code == 200
    for path, form in posts.items():
        assert stale.post(path, form).headers["Location"].startswith(reverse("account_reauthenticate"))
    now = again(row)
    assert (now.enabled, now.payment_method, now.threshold) == (True, row.payment_method, row.threshold)
    carlo = join(world, "carlo", Role.BILLING)
    assert proven(carlo).post(f"{PAGE}/off").status_code == 302
    assert not again(row).enabled
    proven(world.mallory).post(f"{PAGE}/set", FORM)
    assert AutoRecharge.objects.count() == 1
