"""The team's own refund: who, until when, and what the page says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Role, User
from billing import refunds
from billing.models import Payment, Refund
from project import db
from project.errors import Conflict, Forbidden, NotFound
from project.money import USD
from tests.billing.conftest import join
from tests.billing.purchases import bought
from tests.billing.refunds.conftest import dispute, hold, look, settle, spend, wallet
from tests.pages.conftest import browser  # noqa: F401 - a fixture
from tests.world import PASSWORD, World

Browser = Callable[[User], Client]


def proven(client: Client) -> Client:
    """They have just shown who they are."""
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


@pytest.fixture
def bill(world: World, browser: Browser) -> Client:  # noqa: F811
    """Who looks after the money, and no more."""
    return proven(browser(join(world, "bill", Role.BILLING)))


def at(payment: Payment) -> str:
    return f"/wallet/payments/{payment.public_id}/refund"


def ago(payment: Payment, hours: float) -> None:
    moment = db.now() - timedelta(hours=hours)
    Payment.objects.filter(pk=payment.pk).update(paid_at=moment)


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_it_says_what_would_happen_and_does_it(world: World, bill: Client) -> None:
    payment = bought(world.team, 20 * USD, 2 * USD)
    spend(world.team, 11 * USD)  # what was granted, and 1 of the bonus
    page = text(bill.get(at(payment)))
    assert "$19.00 of it is unspent and can be refunded" in page
    assert 'value="19.00"' in page
    assert "200 credits" in page  # of the bonus, taken back and withheld alike
    answer = bill.post(at(payment), {"amount": "12.50"}, follow=True)
    assert answer.redirect_chain == [(f"/wallet/payments/{payment.public_id}", 302)]
    assert "$12.50 goes back" in text(answer)
    refund = Refund.objects.get()
    assert (refund.source, refund.amount, refund.actor[:5]) == ("page", 12_500_000, "user:")
    assert wallet(world.team) == (6.5, 0, 0)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("20.01", "At most $20.00 can be refunded."),
        ("0", "Write an amount above zero"),
        ("0.001", "Write an amount above zero in whole cents."),
        ("-1", "digits and a point only"),
        ("", "This field is required."),
    ],
)
def test_what_is_wrong_stands_beside_the_field(world: World, bill: Client, typed: str, said: str) -> None:
    payment = bought(world.team, 20 * USD)
    answer = bill.post(at(payment), {"amount": typed})
    assert answer.status_code == 422
    assert said in text(answer)
    assert f'value="{typed}"' in text(answer) or not typed
    assert not Refund.objects.exists()


def test_a_day_later_it_is_for_staff(world: World, bill: Client) -> None:
    payment = bought(world.team, 20 * USD)
    ago(payment, 23.9)
    assert 'name="amount"' in text(bill.get(at(payment)))
    ago(payment, 24.1)
    page = text(bill.get(at(payment)))
    assert "within 24 hours of buying" in page
    assert 'name="amount"' not in page
    answer = bill.post(at(payment), {"amount": "5"})
    assert (answer.status_code, Refund.objects.count()) == (409, 0)
    assert "You can refund a purchase yourself within 24 hours" in text(answer)


def test_nothing_is_left_or_it_is_disputed(world: World, bill: Client) -> None:
    payment = bought(world.team, 20 * USD)
    look(payment, dispute(5))
    assert "Nothing of it can be refunded now." in text(bill.get(at(payment)))
    assert bill.post(at(payment), {"amount": "5"}).status_code == 409


@pytest.mark.parametrize("role", [Role.ADMIN, Role.MEMBER, Role.VIEWER])
def test_other_roles_may_not(world: World, browser: Browser, role: Role) -> None:  # noqa: F811
    payment = bought(world.team, 20 * USD)
    client = proven(browser(join(world, "x", role)))
    assert client.get(at(payment)).status_code == 403
    assert client.post(at(payment), {"amount": "5"}).status_code == 403


def test_strangers_find_nothing(world: World, browser: Browser) -> None:  # noqa: F811
    payment = bought(world.team, 20 * USD)
    client = proven(browser(world.mallory))
    assert client.get(at(payment)).status_code == 404
    with pytest.raises(NotFound):
        refunds.ask(
            payment=payment,
            amount=USD,
            actor=_actor_of_elsewhere(world),
            reason="",
            source="page",
        )


def test_a_proof_of_identity_is_asked_for(world: World, browser: Browser) -> None:  # noqa: F811
    payment = bought(world.team, 20 * USD)
    client = browser(world.alice)
    session = client.session
    session["account_authentication_methods"] = []
    session.save()
    answer = client.post(at(payment), {"amount": "5"})
    assert (answer.status_code, Refund.objects.count()) == (302, 0)
    assert "reauthenticate" in answer["Location"]


def test_who_was_lowered_meanwhile_may_not(world: World) -> None:
    payment = bought(world.team, 20 * USD)
    user = join(world, "bill", Role.BILLING)
    actor = world.actor(user)
    with connection.cursor() as cursor:
        cursor.execute("update accounts_membership set role = 'viewer' where user_id = %s", [user.pk])
    with pytest.raises(Forbidden):
        refunds.ask(payment=payment, amount=USD, actor=actor, reason="", source="page")


def test_a_restricted_team_reads_why_and_refunds_nothing_by_itself(world: World, bill: Client) -> None:
    contested, other = bought(world.team, 20 * USD), bought(world.team, 5 * USD)
    row = hold(world.team, 35 * USD)
    look(contested, dispute(20, "lost"))
    settle(row, 0)
    page = text(bill.get("/wallet"))
    assert "Your team is restricted" in page
    assert world.team.public_id in page
    answer = bill.post(at(other), {"amount": "5"})
    assert (answer.status_code, "Your team is restricted" in text(answer)) == (409, True)
    with pytest.raises(Conflict):
        refunds.ask(payment=other, amount=USD, actor=world.actor(world.alice), reason="", source="page")


def _actor_of_elsewhere(world: World) -> Any:
    from accounts import roles
    from accounts.actors import Actor
    from accounts.models import Membership

    place = Membership.objects.get(user=world.mallory)
    return Actor(team=place.team, permissions=roles.of_role(place.role), membership=place)
