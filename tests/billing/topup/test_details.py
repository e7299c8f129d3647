"""Billing details: kept as typed and cleaned, refused beside the field, frozen with the payment."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Action, AuditEvent, Membership, Role, User
from billing import countries, details, stripe_gateway, tax_ids
from billing.details import Details
from billing.models import BillingDetails, Customer
from project.errors import Forbidden
from tests.jobs import Jobs
from tests.pages.parsing import read
from tests.stripe_client import StripeProcess
from tests.world import World, person

FULL = {
    "name": "  Films &  Sons  ",
    "email": "books@films.example",
    "line1": "Gasse 1",
    "line2": "",
    "city": "Wien",
    "region": "",
    "postal_code": "1010",
    "country": "AT",
    "tax_id": "ATU12345678",
}


def test_what_is_typed_is_kept_cleaned_and_shown_again(world: World, alice: Client) -> None:
    page = read(alice.get("/wallet/details"))
    assert page.unlabelled() == []
    assert alice.post("/wallet/details", FULL).headers["Location"] == "/wallet/details"
    assert details.of(world.team) == Details(**{**FULL, "name": "Films & Sons"})
    assert details.of(world.team).lines == ["Films & Sons", "Gasse 1", "1010 Wien", "Austria"]
    page = read(alice.get("/wallet/details"))
    assert page.one("input", name="name").attrs["value"] == "Films & Sons"
    assert page.one("option", selected="").attrs["value"] == "AT"


def test_all_of_it_may_be_empty_and_emptied(world: World, alice: Client) -> None:
    alice.post("/wallet/details", FULL)
    alice.post("/wallet/details", {})
    assert not details.of(world.team)
    assert details.frozen(world.team)["name"] == ""


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("name", "x" * 201, "Name must have at most 200 characters."),
        ("name", "a\u202eb", "Name must not hold invisible or control characters."),
        ("line1", "\x00", "Null characters are not allowed."),
        ("email", "nobody", "Enter a valid e-mail address."),
        ("country", "XX", "Select a valid choice. XX is not one of the available choices."),
        ("tax_id", "ATU1", "A number that begins with AT has U and 8 digits after it."),
    ],
)
def test_what_cannot_be_kept_is_said_beside_the_field(
    world: World, alice: Client, field: str, typed: str, told: str
) -> None:
    page = read(alice.post("/wallet/details", {**FULL, field: typed}), 422)
    assert page.texts("p", klass="error-text") == [told]
    assert page.one("input", name="city").attrs["value"] == "Wien"
    assert not BillingDetails.objects.exists()


def test_the_log_says_which_fields_and_not_what(world: World, alice: Client) -> None:
    alice.post("/wallet/details", FULL)
    alice.post("/wallet/details", FULL)  # nothing changes: nothing is said
    alice.post("/wallet/details", {**FULL, "tax_id": "ATU87654321", "city": "Graz"})
    events = AuditEvent.objects.filter(action=Action.BILLING_DETAILS_CHANGED).order_by("id")
    assert [event.data["fields"] for event in events][-1] == ["City", "Tax id"]
    assert len(events) == 2
    assert "Graz" not in str(events[1].data)


def test_only_who_looks_after_the_money(world: World, browser: Callable[[User], Client]) -> None:
    for user in (world.bob, world.carol):
        read(browser(user).get("/wallet/details"), 403)
        assert browser(user).post("/wallet/details", FULL).status_code == 403
    dora = person("dora")
    Membership.objects.create(team=world.team, user=dora, role=Role.BILLING)
    assert browser(dora).post("/wallet/details", FULL).status_code == 302
    assert not details.of(world.other_team)


def test_one_comes_back_to_where_one_came_from_and_nowhere_else(alice: Client) -> None:
    page = read(alice.get("/wallet/details?next=/wallet"))
    assert page.all("input", name="next")[-1].attrs["value"] == "/wallet"  # the first is of the menu
    assert alice.post("/wallet/details", {**FULL, "next": "/wallet"}).headers["Location"] == "/wallet"
    for evil in ("//evil.example/", "https://evil.example", "javascript:alert(1)", "\\\\evil.example"):
        assert alice.post("/wallet/details", {**FULL, "next": evil}).headers["Location"] == "/wallet/details"


def test_a_payment_keeps_them_as_they_were(world: World, alice: Client) -> None:
    alice.post("/wallet/details", FULL)
    kept = details.frozen(world.team)
    alice.post("/wallet/details", {**FULL, "name": "Another"})
    assert (kept["name"], kept["team"]) == ("Films & Sons", "Studio")
    assert details.thawed(kept).tax_id == "ATU12345678"


@pytest.mark.parametrize(
    ("country", "text", "fine"),
    [
        ("AT", "ATU12345678", True),
        ("AT", "atu 1234 5678", True),
        ("AT", "12 345/6789", True),  # another kind of number than VAT
        ("AT", "ATU1234567", False),
        ("DE", "DE123456789", True),
        ("DE", "DE12345678٩", False),
        ("GR", "EL123456789", True),
        ("GR", "EL1", False),
        ("CH", "CHE-123.456.789 MWST", True),
        ("CH", "CHE-123", False),
        ("GB", "GB123456789", True),
        ("US", "12-3456789", True),
        ("BR", "anything that is unknown here", True),
        ("", "DE1", True),
    ],
)
def test_tax_ids_are_checked_loosely(country: str, text: str, fine: bool) -> None:
    assert (tax_ids.fault(text, country=country) is None) is fine


def test_the_countries_are_those_of_iso_3166() -> None:
    assert len(countries.COUNTRIES) == 249
    assert all(len(code) == 2 and code.isascii() and code.isupper() for code in countries.COUNTRIES)


def test_whoever_lost_the_role_meanwhile_changes_nothing(world: World, alice: Client) -> None:
    actor = world.actor(world.alice)
    Membership.objects.filter(pk=actor.membership.pk if actor.membership else 0).update(role=Role.ADMIN)
    other = person("other")
    Membership.objects.create(team=world.team, user=other, role=Role.OWNER)

    with pytest.raises(Forbidden):
        details.change(by=actor, details=Details(name="late"))


def test_stripe_is_told_of_a_change(world: World, alice: Client, stripe: StripeProcess, jobs: Jobs) -> None:
    """By a job, where Stripe knows the team at all; a customer that is gone there is forgotten."""
    alice.post("/wallet/details", FULL)
    assert jobs.drain() == 0
    made = stripe_gateway.make_customer(world.team, details.of(world.team), hour="1")
    Customer.objects.create(team=world.team, stripe_id=made)
    alice.post("/wallet/details", {**FULL, "city": "Graz"})
    jobs.drain()
    assert stripe.show(made)["address"]["city"] == "Graz"
    Customer.objects.filter(team=world.team).update(stripe_id="cus_gone")
    alice.post("/wallet/details", {**FULL, "city": "Linz"})
    jobs.drain()
    assert not Customer.objects.exists()
