"""The pages of budgets: who sees what, forms that keep what was typed, raises, requests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Action, AuditEvent, Role, User
from billing import budget_raises, budget_requests
from billing.models import Budget, BudgetRaise, BudgetRequest, Period, RequestStatus
from project import db
from tests.billing.conftest import DATA, DIME, SLUG, cap, join, key_cap, letters, place
from tests.invariants.steps import accept
from tests.pages.parsing import read
from tests.world import World, person, team_of

PageOf = Callable[[User], Client]
WRONG = ["1e3", "٥", "-5", "NaN", "1,000.00", "", "5 pounds", "0.0000001 credits", "1234567890", "$", "Infinity"]


def tomorrow() -> str:
    return (db.now() + timedelta(days=1)).astimezone(UTC).strftime("%Y-%m-%d")


def asked(world: World, amount: int = 5 * DIME) -> BudgetRequest:
    budget = cap(world, world.bob, 2 * DIME)
    return budget_requests.ask(by=world.actor(world.bob), budget=budget, amount=amount, reason="a film")


def test_who_manages_sees_everybody_and_a_member_sees_their_own(world: World, page_of: PageOf) -> None:
    cap(world, world.bob, 5 * DIME)
    key_cap(world, 70 * DIME, Period.MONTH)
    accept(world.actor(world.bob), SLUG, DATA)
    page = read(page_of(world.alice).get("/team/budgets"))
    assert [name in page.words for name in ("alice", "bob", "carol", "test key")] == [True] * 4
    assert "80 credits $0.40 left of 100 credits $0.50" in page.words
    assert "$0.00 used, $0.10 held" in page.words
    bars = [bar.attrs["aria-label"] for bar in page.all("svg", klass="meter")]
    assert bars == [f"{n} % of the budget for the {of} is used or held" for n, of in ((20, "day"), (0, "month"))]
    own = read(page_of(world.bob).get("/team/budgets"))
    assert "Your budgets" in own.words
    assert "carol" not in own.words
    assert "test key" not in own.words
    assert "Ask for more today" in own.texts("a")
    viewer = read(page_of(world.carol).get("/team/budgets"))
    assert "Nothing limits what you spend, but the team's wallet." in viewer.words


def test_a_cap_is_set_changed_and_removed(world: World, page_of: PageOf) -> None:
    alice, bob = page_of(world.alice), place(world, world.bob)
    address = f"/team/budgets/{bob.public_id}"
    page = read(alice.get(address))
    assert page.unlabelled() == []
    assert "nothing is counted" in page.words
    for typed, kept in ("12.5", 12_500_000), ("$3", 3_000_000), ("2500 credits", 12_500_000), ("1 Credit", 5_000):
        assert alice.post(f"{address}/month", {"limit": typed}).status_code == 302
        assert Budget.objects.get().limit == kept
    assert "bob may spend $0.005 a month." in read(alice.get(address)).words
    confirm = read(alice.get(f"{address}/month/remove"))
    assert "what is spent without a limit is not counted" in confirm.words
    assert Budget.objects.get().ended_at is None
    assert alice.post(f"{address}/month/remove").status_code == 302
    assert Budget.objects.get().ended_at is not None
    assert alice.get(f"{address}/month/remove").status_code == 404
    written = AuditEvent.objects.filter(action__startswith="budget.").order_by("id")
    assert [(row.action, row.data["before"], row.data["after"]) for row in written][0] == (
        Action.BUDGET_SET,
        None,
        12_500_000,
    )
    assert (written.last().action, written.last().data) == (  # type: ignore[union-attr]
        Action.BUDGET_REMOVED,
        {"period": "month", "before": 5_000, "after": None},
    )
    assert {row.target for row in written} == {bob.public_id}


@pytest.mark.parametrize("typed", WRONG)
def test_an_amount_that_is_none_is_refused_beside_the_field(world: World, page_of: PageOf, typed: str) -> None:
    address = f"/team/budgets/{world.api_key.public_id}"
    page = read(page_of(world.alice).post(f"{address}/day", {"limit": typed}), 422)
    assert page.one("input", id="day_limit").attrs.get("value", "") == typed
    assert page.one("div", id="day_limit_error").text.strip()
    assert page.one("input", id="month_limit").attrs.get("value", "") == ""
    assert not Budget.objects.exists()


def test_a_raise_until_a_day_and_its_early_end(world: World, page_of: PageOf) -> None:
    budget = key_cap(world, DIME)
    alice, address = page_of(world.alice), f"/team/budgets/{world.api_key.public_id}"
    assert alice.post(f"{address}/day/raise", {"amount": "0.20", "until": tomorrow()}).status_code == 302
    raised = BudgetRaise.objects.get()
    day = datetime.fromisoformat(tomorrow()).replace(tzinfo=UTC)
    assert (raised.amount, raised.until) == (2 * DIME, day + timedelta(days=1))
    page = read(alice.get(address))
    assert "60 credits $0.30 left of 60 credits $0.30" in page.words
    assert "by alice" in page.words
    assert alice.post(f"/team/budgets/raises/{raised.public_id}/end").status_code == 302
    assert "20 credits $0.10 left of 20 credits $0.10" in read(alice.get(address)).words
    assert BudgetRaise.objects.get().until <= db.now()
    assert Budget.objects.get() == budget


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("until", "2020-01-01"),
        ("until", "٢٠٣٠-٠١-٠١"),
        ("until", "2026-02-30"),
        ("until", "9999-12-31"),
        ("until", "tomorrow"),
        ("until", "2126-01-01"),
        ("until", ""),
        ("amount", "0"),
        ("amount", "x"),
    ],
)
def test_a_raise_that_cannot_be_is_refused_beside_the_field(
    world: World, page_of: PageOf, field: str, typed: str
) -> None:
    key_cap(world, DIME)
    form = {"amount": "1", "until": tomorrow(), field: typed}
    page = read(page_of(world.alice).post(f"/team/budgets/{world.api_key.public_id}/day/raise", form), 422)
    assert page.one("div", id=f"day_raise_{field}_error").text.strip()
    assert {name: page.one("input", id=f"day_raise_{name}").attrs.get("value", "") for name in form} == form
    assert not BudgetRaise.objects.exists()


def test_a_member_asks_and_an_admin_grants(world: World, page_of: PageOf) -> None:
    dora = join(world, "dora", Role.ADMIN)
    cap(world, world.bob, 2 * DIME)
    bob, admin = page_of(world.bob), page_of(dora)
    page = read(bob.get("/team/budgets/ask?period=day"))
    assert page.unlabelled() == []
    assert "alice, dora can grant it" in page.words
    assert "@" not in page.text.replace("bob@example.com", "")
    form = {"period": "day", "amount": "100 credits", "reason": "a film <b>& more</b>"}
    assert bob.post("/team/budgets/ask", form).status_code == 302
    row = BudgetRequest.objects.get()
    assert (row.amount, row.reason) == (500_000, "a film <b>& more</b>")
    subject = "[Framehouse] bob asks for $0.50 more today"
    assert letters() == [("alice@example.com", subject), ("dora@example.com", subject)]
    assert "You have asked for more" in read(bob.get("/team/budgets")).words
    again = read(bob.post("/team/budgets/ask", form), 409)
    assert "You have asked already" in again.words
    assert again.one("input", name="amount").attrs["value"] == "100 credits"
    shown = read(admin.get("/team/budgets"))
    assert "a film <b>& more</b>" in shown.words
    address = f"/team/budgets/requests/{row.public_id}"
    page = read(admin.get(address))
    assert page.unlabelled() == []
    assert page.one("input", name="amount").attrs["value"] == "0.5"
    assert admin.post(f"{address}/grant", {"amount": "0.20", "until": tomorrow()}).status_code == 302
    assert letters()[2] == ("bob@example.com", "[Framehouse] Your budget was raised by $0.20")
    row.refresh_from_db()
    assert (row.status, row.raised.amount, row.decided_by) == (RequestStatus.GRANTED, 2 * DIME, place(world, dora))  # type: ignore[union-attr]
    page = read(bob.get("/team/budgets"))
    assert "80 credits $0.40 left of 80 credits $0.40" in page.words
    assert "granted: 40 credits $0.20" in page.words
    events = AuditEvent.objects.filter(action__startswith="budget.").order_by("pk")
    assert list(events.values_list("action", flat=True)) == [
        Action.BUDGET_SET,
        Action.BUDGET_ASKED,
        Action.BUDGET_RAISED,
    ]


def test_a_request_is_declined_with_a_sentence(world: World, page_of: PageOf) -> None:
    row, alice = asked(world), page_of(world.alice)
    address = f"/team/budgets/requests/{row.public_id}"
    page = read(alice.post(f"{address}/decline", {"answer": " "}), 422)
    assert page.one("div", id="id_answer_error").text.strip()
    page = read(alice.post(f"{address}/decline", {"answer": "no\u202eno"}), 422)
    assert "invisible" in page.one("div", id="id_answer_error").text
    assert alice.post(f"{address}/decline", {"answer": "Not this month."}).status_code == 302
    assert letters()[-1] == ("bob@example.com", "[Framehouse] Your budget was not raised")
    assert "declined: Not this month." in read(page_of(world.bob).get("/team/budgets")).words
    page = read(alice.post(f"{address}/grant", {"amount": "1", "until": tomorrow()}), 409)
    assert "This request was declined already by alice." in page.words
    assert not BudgetRaise.objects.exists()


def test_a_request_is_withdrawn_by_who_asked_alone(world: World, page_of: PageOf) -> None:
    row = asked(world)
    address = f"/team/budgets/requests/{row.public_id}/withdraw"
    assert page_of(world.alice).post(address).status_code == 404
    assert page_of(world.bob).post(address).status_code == 302
    row.refresh_from_db()
    assert row.status == RequestStatus.WITHDRAWN
    assert "This request was withdrawn already" in read(page_of(world.bob).post(address), 409).words
    assert "Asked for more" not in read(page_of(world.alice).get("/team/budgets")).words


def test_addresses_of_strangers_and_of_roles_that_may_not(world: World, page_of: PageOf) -> None:
    row = asked(world)
    raised = budget_raises.grant(by="test", budget=row.budget, amount=DIME, until=db.now() + timedelta(days=1))
    whose = place(world, world.bob).public_id
    gets = [f"/team/budgets/{whose}", f"/team/budgets/requests/{row.public_id}", f"/team/budgets/{whose}/day/remove"]
    posts = [
        f"/team/budgets/{whose}/day",
        f"/team/budgets/{whose}/day/raise",
        f"/team/budgets/{whose}/day/remove",
        f"/team/budgets/raises/{raised.public_id}/end",
        f"/team/budgets/requests/{row.public_id}/grant",
        f"/team/budgets/requests/{row.public_id}/decline",
    ]
    form = {"limit": "1", "amount": "1", "until": tomorrow(), "answer": "no"}
    for who, status in (world.mallory, 404), (world.bob, 403), (world.carol, 403):
        browser = page_of(who)
        assert {browser.get(address).status_code for address in gets} == {status}
        assert {browser.post(address, form).status_code for address in posts} == {status}
    assert Budget.objects.get().limit == 2 * DIME
    assert page_of(world.carol).get("/team/budgets/ask").status_code == 403
    assert page_of(world.mallory).post(f"/team/budgets/requests/{row.public_id}/withdraw").status_code == 404
    alice = page_of(world.alice)
    assert alice.get("/team/budgets/mem_0").status_code == 404
    assert alice.get(f"/team/budgets/{whose}/week/remove").status_code == 404
    assert alice.post(f"/team/budgets/{whose}/week", {"limit": "1"}).status_code == 404


def test_an_admin_is_told_what_is_not_theirs(world: World, page_of: PageOf) -> None:
    admin = page_of(join(world, "dora", Role.ADMIN))
    for name in ("alice", "dora"):
        owner = place(world, User.objects.get(name=name))
        page = read(admin.get(f"/team/budgets/{owner.public_id}"))
        assert "You cannot change these" in page.words
        assert page.named("limit") == []
        page = read(admin.post(f"/team/budgets/{owner.public_id}/day", {"limit": "7"}), 403)
        assert page.one("input", id="day_limit").attrs["value"] == "7"
    assert not Budget.objects.exists()


def test_the_page_asks_the_database_as_often_for_3_as_for_100(
    world: World, page_of: PageOf, count_queries: Callable[[Callable[[], Any]], int]
) -> None:
    alice = page_of(world.alice)
    cap(world, world.bob, DIME)

    def look() -> None:
        read(alice.get("/team/budgets"))

    look()
    few = count_queries(look)
    for number in range(97):
        cap(world, join(world, f"m{number}", Role.MEMBER), DIME, Period.DAY if number % 2 else Period.MONTH)
    assert count_queries(look) == few


def test_the_studio_says_where_to_ask(world: World, page_of: PageOf) -> None:
    cap(world, world.bob, DIME // 2)
    bob = page_of(world.bob)
    form = {"prompt": "a dog"}
    box = read(bob.post(f"/studio/{SLUG}/price", form, headers={"HX-Request": "true"}))
    assert box.one("a", href="/team/budgets/ask?period=day").text == "Ask for more today"
    page = read(bob.post(f"/studio/{SLUG}", {**form, "do": "make", "agreed": str(DIME), "key": "a" * 32}), 402)
    assert "Who can help: owner or admin of the team. That is alice." in page.words
    assert "alice@example.com" not in page.words
    assert "Ask for more" in page.texts("a", href="/team/budgets/ask?period=day")
    cap(world, world.alice, DIME // 2)
    box = read(page_of(world.alice).post(f"/studio/{SLUG}/price", form, headers={"HX-Request": "true"}))
    assert box.all("a") == []


def test_another_teams_budgets_are_not_on_the_page(world: World, page_of: PageOf) -> None:
    stranger = person("nobody")
    team_of("Third", stranger)
    cap(world, world.bob, 7 * DIME)
    assert "bob" not in read(page_of(stranger).get("/team/budgets")).words
