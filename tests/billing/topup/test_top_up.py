"""Buying credit over HTTP: our pages by Django's client, the payment page by httpx as a buyer's browser would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.core import mail
from django.test import Client

from accounts.models import Membership, Role, Team, TeamStatus, User
from billing import ledger
from billing.models import AutoRecharge, Payment
from project.money import USD
from tests.billing.payments.shop import again, started
from tests.pages.parsing import Page, read
from tests.stripe_client import StripeProcess
from tests.world import World

GOOD, DECLINED, ASKS, BANK = "4242424242424242", "4000000000000002", "4000002500003155", "000123456789"


def choose(client: Client, **fields: str) -> str:
    """Sends the form of packs. Returns the address of the payment page."""
    response = client.post("/wallet/top-up", fields)
    assert response.status_code == 303, response.content.decode()[-3000:]
    return response.headers["Location"]


def pay(page: str, card: str) -> httpx.Response:
    """Sends the payment page's own form with that card."""
    with httpx.Client(trust_env=False) as buyer:
        shown = buyer.get(page)
        assert shown.status_code == 200
        assert card in shown.text.replace(" ", "")
        return buyer.post(page, data={"card": card})


def back(client: Client, answer: httpx.Response) -> Page:
    """Follows the payment page's redirect to us. Returns our page of the payment."""
    assert answer.status_code == 303, answer.text
    there = urlsplit(answer.headers["Location"])
    assert there.path.startswith("/teams/")
    response = client.get(f"{there.path}?{there.query}", follow=True)
    assert [address.rpartition("/")[2] for address, _ in response.redirect_chain][0] == "return"
    return read(response)


def available(team: Team) -> int:
    return ledger.wallet(team.pk).available.balance


def only() -> Payment:
    return Payment.objects.get()


def test_the_page_offers_packs_with_their_bonus_and_a_free_amount(stripe: StripeProcess, alice: Client) -> None:
    page = read(alice.get("/wallet/top-up"))
    assert page.texts("label", klass="pack") == [
        "$10 2,000 credits",
        "$25 5,000 credits",
        "$100 20,000 credits + 1,000 as a bonus",
        "$500 100,000 credits + 10,000 as a bonus",
    ]
    assert page.unlabelled() == []
    assert "This is not real money" in page.words
    assert "From $5.00 to $5,000.00." in page.words
    assert "5 % from $100.00, 10 % from $500.00" in page.words


@pytest.mark.parametrize(
    ("asked", "pack", "typed"),
    [
        ("25", "25000000", ""),
        ("12.5", "other", "12.5"),
        ("2500 credits", "other", "12.5"),
        ("x", None, ""),
        ("", None, ""),
    ],
)
def test_an_amount_in_the_address_is_filled_in(
    stripe: StripeProcess, alice: Client, asked: str, pack: str | None, typed: str
) -> None:
    page = read(alice.get("/wallet/top-up", {"amount": asked}))
    chosen = [e.attrs["value"] for e in page.named("pack") if "checked" in e.attrs]
    assert chosen == ([pack] if pack else [])
    assert page.one("input", id="id_amount").attrs.get("value", "") == typed


def test_a_pack_is_paid_and_credited_by_coming_back(stripe: StripeProcess, world: World, alice: Client) -> None:
    before = available(world.team)
    page = back(alice, pay(choose(alice, pack="100000000"), GOOD))
    row = only()
    assert (row.status, row.credited_by, row.amount, row.bonus) == ("paid", "return", 100 * USD, 5 * USD)
    assert available(world.team) == before + 105 * USD
    assert "Paid, credit given: $100.00 seen when you came back from Stripe" in page.texts("li")[1]
    assert "visa 4242" in page.words
    alice.get(f"/wallet/payments/{row.public_id}/return")  # again, or by "back"
    assert available(world.team) == before + 105 * USD
    (letter,) = [message for message in mail.outbox if "Payment received" in message.subject]
    assert f"go?to=/wallet/payments/{row.public_id}" in letter.body
    wallet = read(alice.get("/wallet"))
    links = [e.attrs["href"] for e in wallet.all("a") if row.public_id in e.attrs.get("href", "")]
    assert len(links) == 4  # two lots and two lines


def test_another_amount_is_bought_to_the_cent(stripe: StripeProcess, world: World, alice: Client) -> None:
    back(alice, pay(choose(alice, pack="other", amount="12.34"), GOOD))
    assert only().amount == 12_340_000
    choose(alice, amount="2500 credits")  # without choosing "another amount" too
    assert Payment.objects.latest("id").amount == 12_500_000


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "Choose a pack, or write another amount."),
        ({"pack": "other"}, "Write how much."),
        ({"pack": "other", "amount": "4.99"}, "From $5.00 to $5,000.00."),
        ({"pack": "other", "amount": "5000.01"}, "From $5.00 to $5,000.00."),
        ({"pack": "other", "amount": "5.001"}, "Write whole cents: two decimals at most."),
        ({"pack": "10000000", "amount": "7"}, "Choose a pack or write another amount, not both."),
        ({"pack": "11000000"}, "Choose one of the packs."),
        (
            {"pack": "other", "amount": "1e3"},
            "Write an amount in dollars such as 12.50, or in credits such as 2500 credits: digits and a point only.",
        ),
    ],
)
def test_a_wrong_amount_is_said_and_kept(
    stripe: StripeProcess, alice: Client, fields: dict[str, str], told: str
) -> None:
    page = read(alice.post("/wallet/top-up", fields), 422)
    assert page.texts("p", klass="error-text") == [told]
    assert page.one("input", id="id_amount").attrs.get("value", "") == fields.get("amount", "")
    assert not Payment.objects.exists()


def test_a_declined_card_may_be_followed_by_a_good_one(stripe: StripeProcess, world: World, alice: Client) -> None:
    page = choose(alice, pack="25000000")
    before = available(world.team)
    refused = pay(page, DECLINED)
    assert refused.status_code == 422
    assert "declined" in refused.text
    read(alice.get(f"/wallet/payments/{only().public_id}"))
    assert available(world.team) == before
    back(alice, pay(page, GOOD))
    assert available(world.team) == before + 25 * USD


def test_a_card_that_asks_is_confirmed_first(stripe: StripeProcess, world: World, alice: Client) -> None:
    page = choose(alice, pack="25000000")
    asked = pay(page, ASKS)
    confirm = f"{stripe.url}{asked.headers['Location']}"
    assert only().status == "pending"
    done = httpx.post(confirm, data={"answer": "confirm"}, trust_env=False)
    assert "$25" in back(alice, done).texts("h2")[0]
    assert only().status == "paid"


def test_a_bank_that_takes_its_time_is_waited_for(stripe: StripeProcess, world: World, alice: Client) -> None:
    before = available(world.team)
    page = back(alice, pay(choose(alice, pack="25000000"), BANK))
    row = only()
    assert "Waiting for the bank" in page.words
    assert page.all("form", action=f"/wallet/payments/{row.public_id}/pay") == []
    refused = read(alice.post(f"/wallet/payments/{row.public_id}/cancel"), 409)
    assert "it cannot be canceled any more" in refused.words
    assert available(world.team) == before
    stripe.settle(str(row.payment_intent))
    response = alice.get(f"/wallet/payments/{row.public_id}/return", follow=True)
    assert "Paid" in read(response).texts("span", klass="badge")
    assert available(world.team) == before + 25 * USD


def test_paying_is_taken_up_again_at_the_same_page_and_given_up(stripe: StripeProcess, alice: Client) -> None:
    page = choose(alice, pack="25000000")
    row = only()
    again_ = alice.post(f"/wallet/payments/{row.public_id}/pay")
    assert (again_.status_code, again_.headers["Location"]) == (303, page)
    response = alice.post(f"/wallet/payments/{row.public_id}/cancel", follow=True)
    shown = read(response)
    assert "The payment is canceled. Nothing was charged." in shown.words
    assert shown.texts("span", klass="badge") == ["Not paid"]
    assert httpx.get(page, trust_env=False).status_code == 410
    response = alice.post(f"/wallet/payments/{row.public_id}/pay", follow=True)
    assert read(response).texts("span", klass="badge") == ["Not paid"]


def test_paid_elsewhere_meanwhile_pay_now_shows_that_it_is_paid(
    stripe: StripeProcess, world: World, alice: Client
) -> None:
    row = started(world, 25 * USD)
    stripe.pay(str(row.checkout_session))
    response = alice.post(f"/wallet/payments/{row.public_id}/pay", follow=True)
    assert read(response).texts("span", klass="badge") == ["Paid"]
    assert again(row).status == "paid"


def test_stripe_out_of_reach_keeps_what_was_typed_and_the_payment(
    stripe: StripeProcess, world: World, alice: Client, settings: Any
) -> None:
    there = settings.STRIPE
    settings.STRIPE = type(there)(
        key=there.key, webhook_secrets=there.webhook_secrets, api_base="http://127.0.0.1:9", checkout=there.checkout
    )
    page = read(alice.post("/wallet/top-up", {"pack": "other", "amount": "33.30", "save_card": "on"}), 503)
    assert "Our payment provider does not answer. Nothing was charged." in page.words
    assert page.one("input", id="id_amount").attrs["value"] == "33.30"
    assert "checked" in page.one("input", id="id_save_card").attrs
    row = only()
    listed = read(alice.get("/wallet/payments"))
    assert "$33.30" in listed.words
    refused = read(alice.post(f"/wallet/payments/{row.public_id}/pay"), 503)
    assert "does not answer" in refused.words
    read(alice.get(f"/wallet/payments/{row.public_id}/return", follow=True))
    settings.STRIPE = there
    answer = alice.post(f"/wallet/payments/{row.public_id}/pay")
    back(alice, pay(answer.headers["Location"], GOOD))
    assert again(row).status == "paid"


def test_the_card_is_kept_for_recharges_only_when_asked(stripe: StripeProcess, world: World, alice: Client) -> None:
    back(alice, pay(choose(alice, pack="25000000"), GOOD))
    assert not AutoRecharge.objects.exclude(payment_method="").exists()
    back(alice, pay(choose(alice, pack="25000000", save_card="on"), GOOD))
    assert AutoRecharge.objects.get(team=world.team).card == "visa 4242"
    assert not AutoRecharge.objects.get(team=world.team).enabled


def test_without_a_key_it_says_whom_to_ask(world: World, alice: Client) -> None:
    page = read(alice.get("/wallet/top-up"))
    assert f"Ask the people who run this Framehouse for more, and tell them {world.team.public_id}." in page.words
    assert page.all("input", name="pack") == []
    read(alice.post("/wallet/top-up", {"pack": "10000000"}), 503)
    assert not Payment.objects.exists()
    wallet = read(alice.get("/wallet"))
    assert [e for e in wallet.all("a") if e.attrs.get("href") == "/wallet/top-up"] == []


def test_a_real_key_is_not_called_play_money(alice: Client, settings: Any) -> None:
    real = settings.STRIPE
    settings.STRIPE = type(real)(
        key="sk_live_x", webhook_secrets=("whsec_x",), api_base="https://api.stripe.com", checkout="https://x"
    )
    assert "not real money" not in read(alice.get("/wallet/top-up")).words


def test_a_team_that_may_start_nothing_new_buys_nothing(stripe: StripeProcess, world: World, alice: Client) -> None:
    Team.objects.filter(pk=world.team.pk).update(status=TeamStatus.SUSPENDED)
    page = read(alice.post("/wallet/top-up", {"pack": "10000000"}), 403)
    assert "This team is suspended" in page.words
    assert not Payment.objects.exists()


def test_only_who_looks_after_the_money_buys(
    stripe: StripeProcess, world: World, browser: Callable[[User], Client]
) -> None:
    row = started(world, 25 * USD)
    for user, status in ((world.bob, 403), (world.carol, 403), (world.mallory, 404)):
        client = browser(user)
        if status == 403:
            read(client.get("/wallet/top-up"), 403)
            assert client.post("/wallet/top-up", {"pack": "10000000"}).status_code == 403
        for end in ("pay", "cancel"):
            assert client.post(f"/wallet/payments/{row.public_id}/{end}").status_code == status
        assert client.get(f"/wallet/payments/{row.public_id}/return").status_code == status
    assert Payment.objects.count() == 1
    assert again(row).status == "pending"


def test_who_acts_for_another_team_by_then_is_asked_and_comes_back(
    stripe: StripeProcess, world: World, alice: Client
) -> None:
    answer = pay(choose(alice, pack="25000000"), GOOD)
    Membership.objects.create(team=world.other_team, user=world.alice, role=Role.MEMBER)
    alice.post("/teams/switch", {"team": world.other_team.public_id})
    there = urlsplit(answer.headers["Location"])
    asked = read(alice.get(f"{there.path}?{there.query}"))
    to = asked.one("input", name="to").attrs["value"]
    shown = read(alice.post(there.path, {"to": to}, follow=True))
    assert shown.texts("span", klass="badge") == ["Paid"]


def test_what_the_address_says_is_not_believed(stripe: StripeProcess, world: World, alice: Client) -> None:
    row = started(world, 25 * USD)
    before = available(world.team)
    shown = read(alice.get(f"/wallet/payments/{row.public_id}/return?session_id=cs_paid&status=paid", follow=True))
    assert "Not paid yet" in shown.words
    assert available(world.team) == before
