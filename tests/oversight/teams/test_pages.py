"""The desk's pages: what they show, who may, that each act is done once, audited, and never without the duty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.audit import Staff
from accounts.models import AuditEvent, Team
from billing import adjustments
from billing.models import Adjustment, Restriction, Transfer, WalletFreeze
from generations.models import Generation
from project import db
from project.money import USD
from tests.accounts.audit.conftest import browser_of
from tests.billing.purchases import bought
from tests.oversight.conftest import Desk
from tests.oversight.teams.conftest import acts, available, once, rows_of, send
from tests.pages.conftest import delivered
from tests.world import World, person, team_of

ALL = ("see_teams", "grant_credit", "adjust_credit", "freeze_wallets", "restrict_teams", "suspend_teams")


def text(answer: Any) -> str:
    content: str = answer.content.decode()
    return content


@pytest.mark.parametrize(
    ("word", "finds"),
    [
        ("stud", True),
        ("alice@example.com", True),
        ("ALICE@example.com", True),
        ("ALICE@example.co", False),
        ("{team}", True),
        ("{key}", True),
        ("{start}", True),
        ("{payment}", True),
        ("{intent}", True),
        ("{generation}", True),
        ("mallory@example.com", False),
        ("gen_00000000000000000000000000000000", False),
    ],
)
def test_a_team_is_found_by_what_one_has(
    world: World, desk: Desk, make: Callable[..., Generation], word: str, finds: bool
) -> None:
    payment = bought(world.team, USD)
    payment.refresh_from_db()
    names = {
        "team": world.team.public_id,
        "key": world.api_key.public_id,
        "start": f"fh_live_{world.api_key.lookup}_…",
        "payment": payment.public_id,
        "intent": payment.payment_intent,
        "generation": make().public_id,
    }
    page = text(desk("see_teams").get("/admin/teams", {"q": word.format(**names)}))
    assert (f"/admin/teams/{world.team.public_id}" in page) is finds
    assert world.other_team.public_id not in page or word == "mallory@example.com"


def test_the_list_goes_on_page_by_page_with_as_many_queries(world: World, desk: Desk) -> None:
    client = desk("see_teams", "export_costs")
    client.get("/admin/teams")
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get("/admin/teams")
    owner = person("olga")
    for number in range(28):
        team_of(f"Team {number}", owner, credit=0)
    with CaptureQueriesContext(connection) as many:
        page = text(client.get("/admin/teams"))
    assert len(many) == len(few)
    assert page.count('href="/admin/teams/team_') == 25
    before = page.split("before=")[1].split('"')[0]
    rest = text(client.get("/admin/teams", {"before": before}))
    assert rest.count('href="/admin/teams/team_') == 5
    assert "Nothing found" in text(client.get("/admin/teams", {"q": "no such team"}))
    assert len(rows_of(client.get("/admin/teams.csv"))) == 30


def test_the_page_of_a_team_says_all_and_no_secret(
    world: World, desk: Desk, make: Callable[..., Generation], ann: Staff
) -> None:
    payment = bought(world.team, 5 * USD)
    done, running = delivered(make()), make()
    adjustments.propose(team=world.team, amount=-USD, reason="a mistake", by=ann, once=once())
    client = desk(*ALL)
    page = text(client.get(f"/admin/teams/{world.team.public_id}"))
    for word in (payment.public_id, done.public_id, running.public_id, "alice@example.com", "a mistake", "Look as"):
        assert (word in page) is (word != "Look as"), word
    assert world.key not in page
    assert world.key.split("_")[3] not in page
    assert f"fh_live_{world.api_key.lookup}_…" in page
    assert "Studio began with $0.00, bought $5.00 (1 purchase), was granted $10.00" in page
    assert "had $0.00 added and $1.00 taken by staff" in page
    with CaptureQueriesContext(connection) as before:
        client.get(f"/admin/teams/{world.team.public_id}")
    for _ in range(3):
        make()
        bought(world.team, USD)
    with CaptureQueriesContext(connection) as after:
        client.get(f"/admin/teams/{world.team.public_id}")
    assert len(after) == len(before)
    assert len(after) < 60


def test_the_sum_is_the_statement_to_the_micro_dollar(
    world: World, desk: Desk, make: Callable[..., Generation], ann: Staff
) -> None:
    bought(world.team, 5 * USD)
    delivered(make())
    adjustments.propose(team=world.team, amount=2 * USD, reason="more", by=ann, once=once())
    adjustments.propose(team=world.team, amount=-USD, reason="less", by=ann, once=once())
    today = db.now().date()
    client = desk("see_teams", "export_costs")
    answer = client.get(f"/admin/teams/{world.team.public_id}/statement", {"from": str(today), "to": str(today)})
    why = answer.context["why"]
    assert why.adds_up
    assert why.adjusted.net == USD
    assert (why.granted, why.taken_back) == (10 * USD, 0)
    page = text(answer)
    row = Adjustment.objects.get(reason="less")
    assert f'href="/admin/teams/adjustments/{row.public_id}"' in page
    lines = rows_of(
        client.get(f"/admin/teams/{world.team.public_id}/tables/movements.csv", {"from": str(today), "to": str(today)})
    )
    assert sum(int(line["change_micro"]) for line in lines) == why.statement.closing.balance
    assert client.get(f"/admin/teams/{world.team.public_id}/statement", {"from": "x"}).status_code == 422
    own = text(browser_of(world.alice).get("/wallet/statement"))
    assert "Adjusted by the people who run this Framehouse" in own
    assert "Adjusted: taken back" in own


def test_a_grant_asks_says_and_is_done_once(world: World, desk: Desk) -> None:
    client = desk("see_teams", "grant_credit")
    address = f"/admin/teams/{world.team.public_id}/grant"
    typed = {"amount": "5", "expires_at": "", "reason": "trial", "once": str(once())}
    asked = text(client.post(address, typed))
    assert "available goes from $10.00 to $15.00" in asked
    assert available(world.team) == 10 * USD
    for _ in range(2):
        answer = client.post(address, {**typed, "confirmed": "yes"})
        assert (answer.status_code, answer["Location"]) == (302, f"/admin/teams/{world.team.public_id}")
    assert available(world.team) == 15 * USD
    wrong = client.post(address, {**typed, "amount": "much", "confirmed": "yes"})
    assert wrong.status_code == 422
    assert "Write an amount" in text(wrong)


def test_an_adjustment_waits_and_a_second_person_posts_it(world: World, desk: Desk) -> None:
    one, two = desk("see_teams", "adjust_credit"), desk("see_teams", "approve_adjustments")
    address = f"/admin/teams/{world.team.public_id}/adjust"
    typed = {"way": "add", "amount": "150", "expires_at": "", "reason": "prize", "once": str(once())}
    assert "a second person has to post it" in text(one.post(address, typed))
    place = one.post(address, {**typed, "confirmed": "yes"})["Location"]
    assert "Post it" not in text(one.get(place))
    assert "Withdraw it" in text(one.get(place))
    assert one.post(place, {"do": "post"}).status_code == 403
    assert "wait for a second person" in text(two.get("/admin/teams"))
    assert two.post(place, {"do": "refuse", "note": ""}).status_code == 422
    assert two.post(place, {"do": "post", "note": "ok"}).status_code == 302
    again = two.post(place, {"do": "post", "note": "ok"})
    assert again.status_code == 409
    assert available(world.team) == 160 * USD
    taken = one.post(address, {**typed, "way": "take", "amount": "161", "once": str(once()), "confirmed": "yes"})
    assert taken.status_code == 422
    assert "$160.00 is available now" in text(taken)


def test_who_grants_withdraws_the_proposal(world: World, desk: Desk) -> None:
    client = desk("see_teams", "grant_credit")
    typed = {"amount": "150", "expires_at": "", "reason": "prize", "once": str(once()), "confirmed": "yes"}
    place = client.post(f"/admin/teams/{world.team.public_id}/grant", typed)["Location"]
    assert "Withdraw it" in text(client.get(place))
    assert client.post(place, {"do": "withdraw"}).status_code == 302
    assert Adjustment.objects.get().state == "withdrawn"


@pytest.mark.parametrize(
    ("name", "duty", "action"),
    [
        ("freeze", "freeze_wallets", "money.frozen"),
        ("restrict", "restrict_teams", "money.restricted"),
        ("suspend", "suspend_teams", "team.suspended"),
    ],
)
def test_acts_of_a_reason_and_back(world: World, desk: Desk, name: str, duty: str, action: str) -> None:
    back = {"freeze": "unfreeze", "restrict": "lift", "suspend": "reinstate"}[name]
    client = desk("see_teams", duty)
    address = f"/admin/teams/{world.team.public_id}/act/{name}"
    assert "<li>" in text(client.get(address))
    assert send(client, address, reason=" ").status_code == 422
    assert acts(world.team, action) == []
    assert send(client, address, reason="we look into it").status_code == 302
    (event,) = acts(world.team, action)
    assert event.data["reason"] == "we look into it"
    again = send(client, address, reason="again")
    assert again.status_code == (302 if name == "suspend" else 409)
    assert len(acts(world.team, action)) == 1
    assert send(client, f"/admin/teams/{world.team.public_id}/act/{back}", reason="settled").status_code == 302
    world.team.refresh_from_db()
    assert world.team.status == "active"
    assert not WalletFreeze.objects.filter(lifted_at=None).exists()
    assert not Restriction.objects.filter(lifted_at=None).exists()


@pytest.mark.parametrize(
    ("path", "typed", "duty"),
    [
        ("grant", {"amount": "5", "confirmed": "yes"}, "grant_credit"),
        ("adjust", {"way": "add", "amount": "5", "confirmed": "yes"}, "adjust_credit"),
        ("act/freeze", {}, "freeze_wallets"),
        ("act/unfreeze", {}, "freeze_wallets"),
        ("act/restrict", {}, "restrict_teams"),
        ("act/lift", {}, "restrict_teams"),
        ("act/suspend", {}, "suspend_teams"),
        ("act/reinstate", {}, "suspend_teams"),
        ("view", {}, "view_as_team"),
    ],
)
def test_without_the_duty_nothing_happens(
    world: World, desk: Desk, path: str, typed: dict[str, str], duty: str
) -> None:
    others = [act for act in (*ALL, "view_as_team", "approve_adjustments", "refund_payments") if act != duty]
    client, transfers = desk(*others), Transfer.objects.count()
    before = AuditEvent.objects.count()
    address = f"/admin/teams/{world.team.public_id}/{path}"
    answer = client.post(address, {"reason": "x", "once": str(once()), **typed})
    assert answer.status_code == 403
    assert "not among your duties" in text(answer)
    assert (AuditEvent.objects.count(), Transfer.objects.count()) == (before, transfers)
    assert Team.objects.get(pk=world.team.pk).status == "active"


def test_who_refunds_is_one_rule(world: World, desk: Desk) -> None:
    payment = bought(world.team, USD)
    address = f"/admin/billing/payment/{payment.pk}/refund/"
    assert desk(*ALL).get(address).status_code == 403
    allowed: Client = desk("see_teams", "refund_payments")
    assert allowed.get(address).status_code == 200
    assert allowed.get(f"/admin/billing/payment/{payment.pk}/change/").status_code == 200
