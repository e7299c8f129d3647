"""GET /wallet/statement, its CSV, and GET /wallet/balance: any period adds up, and says what it is."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from accounts import keys
from accounts.models import Action, AuditEvent, Team
from billing import statements
from tests.api.conftest import PRICE, row_of
from tests.api.ends import succeed
from tests.api.shapes import BALANCE, STATEMENT, micro, problem
from tests.billing.purchases import bought
from tests.billing.statements.past import Life, put, transfers_of
from tests.world import FIRST_CREDIT, World

JUNE = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def june(world: World) -> World:
    """June 1 at noon: the first credit. Then a day apart: bought, held, charged 300,000, released, refunded 100,000,
    frozen and given back."""
    life = Life(world.team)
    bought(world.team, 5_000_000, bonus=500_000)
    life.hold(1_000_000)
    life.settle(300_000)
    life.reverse(100_000)
    life.freeze(200_000)
    life.unfreeze(0)
    life.freeze(50_000)
    put([(pk, JUNE + timedelta(days=n, hours=12)) for n, pk in enumerate(transfers_of(world.team))])
    return world


def amounts(body: dict[str, Any]) -> list[int]:
    return [
        micro(body[name]) for name in ("opening", "bought", "granted", "charged", "expired", "taken_back", "closing")
    ]


def test_a_month_adds_up_and_says_its_bounds(june: World, api: Any) -> None:
    body = api("get", "/wallet/statement?from=2026-06-01&to=2026-06-30", key=june.key).json()
    assert set(body) == STATEMENT
    assert (body["from"], body["to"]) == ("2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z")
    assert amounts(body) == [0, 5_000_000, FIRST_CREDIT + 500_000, 300_000, 0, 150_000, FIRST_CREDIT + 5_050_000]
    assert body["counts"] == {"bought": 1, "granted": 2, "charged": 1, "expired": 0, "taken_back": 4}


def test_moments_are_exact_and_the_end_is_not_part_of_it(june: World, api: Any) -> None:
    noon = "2026-06-02T12:00:00Z"  # of the purchase
    until = api("get", f"/wallet/statement?from=2026-06-01&to={noon}", key=june.key).json()
    since = api("get", f"/wallet/statement?from={noon}&to=2026-06-02T12:00:00.000001Z", key=june.key).json()
    assert amounts(until) == [0, 0, FIRST_CREDIT, 0, 0, 0, FIRST_CREDIT]
    assert amounts(since) == [FIRST_CREDIT, 5_000_000, 0, 0, 0, 0, FIRST_CREDIT + 5_000_000]
    other_offset = "/wallet/statement?from=2026-06-02T14:00:00+02:00&to=2026-06-02T12:00:00.000001Z"
    assert amounts(api("get", other_offset, key=june.key).json()) == amounts(since)


def test_what_was_frozen_and_given_back_cancels_out(june: World, api: Any) -> None:
    body = api("get", "/wallet/statement?from=2026-06-08&to=2026-06-09", key=june.key).json()
    assert (body["counts"]["taken_back"], micro(body["taken_back"])) == (2, 0)
    body = api("get", "/wallet/statement?from=2026-06-09&to=2026-06-09", key=june.key).json()
    assert micro(body["taken_back"]) == -200_000


def test_without_a_period_it_is_this_month_up_to_now(world: World, api: Any) -> None:
    body = api("get", "/wallet/statement", key=world.key).json()
    assert body["from"].endswith("-01T00:00:00Z")
    assert amounts(body) == [0, 0, FIRST_CREDIT, 0, 0, 0, FIRST_CREDIT]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2026-02-30", "from"),
        ("from=yesterday", "from"),
        ("to=2026-06-01T10:00:00", "to"),
        ("from=2026-06-02&to=2026-06-01", "to"),
        ("from=1999-12-31", "from"),
        ("to=9999-12-31", "to"),
        ("to=9999-12-31T00:00:00Z", "to"),
        ("from=0001-01-01T00:00:00Z", "from"),
        ("from=", "from"),
        ("since=2026-06-01", "since"),
    ],
)
@pytest.mark.parametrize("path", ["/wallet/statement", "/wallet/statement.csv"])
def test_a_period_that_is_none_is_said_at_its_parameter(
    world: World, api: Any, path: str, query: str, field: str
) -> None:
    problem(api("get", f"{path}?{query}", key=world.key), 422, "invalid", field)
    assert not AuditEvent.objects.filter(action=Action.STATEMENT_EXPORTED).exists()


def test_one_that_does_not_add_up_is_not_shown(june: World, api: Any, caplog: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        cursor.execute("update billing_daytotal set amount = amount + 1 where kind = 'capture'")
        cursor.execute("set local session_replication_role = origin")
    for path in ("/wallet/statement", "/wallet/statement.csv"):
        refused = api("get", f"{path}?from=2026-06-01&to=2026-06-30", key=june.key)
        assert problem(refused, 503, "statement_does_not_add_up")["retryable"] is True
    assert f"the statement of team {june.team.pk} from 2026-06-01T00:00:00Z to 2026-07-01T00:00:00Z" in caplog.text
    sound = api("get", "/wallet/statement?from=2026-06-01&to=2026-06-03", key=june.key)
    assert sound.status_code == 200


def lines(response: Any) -> list[dict[str, str]]:
    assert response.status_code == 200, response.content
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_file_has_every_line_between_its_balances(june: World, api: Any) -> None:
    response = api("get", "/wallet/statement.csv?from=2026-06-02&to=2026-06-30", key=june.key)
    assert response["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert response["Content-Disposition"] == 'attachment; filename="statement-studio-2026-06-02-2026-06-30.csv"'
    rows = lines(response)
    kinds = ["topup", "grant", "hold", "capture", "release", "reversal", "freeze", "unfreeze", "freeze"]
    assert [row["kind"] for row in rows] == ["opening", *kinds, "closing"]
    assert (rows[0]["time"], rows[0]["balance_usd"], rows[0]["amount_usd"]) == ("2026-06-02T00:00:00Z", "10", "")
    assert (rows[-1]["time"], rows[-1]["balance_usd"]) == ("2026-07-01T00:00:00Z", "15.05")
    assert (rows[4]["amount_usd"], rows[4]["amount_credits"], rows[4]["balance_credits"]) == ("-0.3", "-60", "3040")
    left = Decimal(rows[0]["balance_usd"])
    for row in rows[1:-1]:
        left += Decimal(row["amount_usd"])
        assert Decimal(row["balance_usd"]) == left == Decimal(row["available_usd"]) + Decimal(row["held_usd"])
        assert Decimal(row["balance_credits"]) == left * 200
    assert left == Decimal(rows[-1]["balance_usd"])
    assert [bool(row["payment"]) for row in rows[1:5]] == [True, True, False, False]
    listed = api("get", "/wallet/entries?created_after=2026-06-02T00:00:00Z", key=june.key).json()["results"]
    assert [row["id"] for row in rows[1:-1]] == [line["id"] for line in reversed(listed)]


def test_taking_it_away_is_an_event_of_the_log(june: World, api: Any) -> None:
    api("get", "/wallet/statement.csv?from=2026-06-02&to=2026-06-30", key=june.key)
    event = AuditEvent.objects.get(action=Action.STATEMENT_EXPORTED)
    assert (event.team, event.actor) == (june.team, june.api_key.public_id)
    assert event.data == {"from": "2026-06-02T00:00:00Z", "to": "2026-07-01T00:00:00Z", "format": "csv"}
    assert api("head", "/wallet/statement.csv", key=june.key).status_code == 405
    api("get", "/wallet/statement", key=june.key)
    assert AuditEvent.objects.filter(action=Action.STATEMENT_EXPORTED).count() == 1


def test_entries_are_filtered_by_time_page_by_page(june: World, api: Any) -> None:
    whole = api("get", "/wallet/entries", key=june.key).json()["results"]
    times = [line["created_at"] for line in whole]
    assert times[-1] == "2026-06-01T12:00:00Z"
    after, before = times[-2], times[2]
    path = f"/wallet/entries?limit=2&created_after={after}&created_before={before}"
    found: list[Any] = []
    pages = []
    while path:
        body = api("get", path, key=june.key).json()
        pages.append(body)
        found += body["results"]
        path = body["next"] and body["next"].split("/api/v1")[1]
    assert found == whole[3:-2]
    assert pages[0]["previous"] is None
    back = api("get", pages[1]["previous"].split("/api/v1")[1], key=june.key).json()
    assert back["results"] == pages[0]["results"]
    assert back["previous"] is None
    nothing = api("get", f"/wallet/entries?created_after={before}&created_before={after}", key=june.key).json()
    assert nothing == {"results": [], "next": None, "previous": None}
    problem(api("get", "/wallet/entries?created_after=today", key=june.key), 422, "invalid", "created_after")


def test_a_line_of_a_purchase_names_its_payment(june: World, api: Any) -> None:
    by_kind = {line["kind"]: line for line in api("get", "/wallet/entries", key=june.key).json()["results"]}
    assert by_kind["topup"]["payment"].startswith("pay_")
    assert by_kind["topup"]["payment"] == by_kind["reversal"]["payment"]
    assert by_kind["hold"]["payment"] is None
    assert by_kind["freeze"]["description"] == "Frozen by a dispute"


def test_the_balance_of_any_moment(june: World, api: Any) -> None:
    def at(moment: str) -> list[int]:
        body = api("get", f"/wallet/balance?at={moment}", key=june.key).json()
        assert set(body) == BALANCE
        assert body["at"] == moment
        return [micro(body[name]) for name in ("balance", "available", "held", "frozen")]

    ten, sixteen = FIRST_CREDIT, FIRST_CREDIT + 5_500_000
    assert at("2026-06-01T11:59:59.999999Z") == [0, 0, 0, 0]
    assert at("2026-06-01T12:00:00Z") == [ten, ten, 0, 0]
    assert at("2026-06-04T12:00:00Z") == [sixteen, sixteen - 1_000_000, 1_000_000, 0]
    assert at("2026-06-08T12:00:00Z")[3] == 200_000
    now = api("get", "/wallet/balance", key=june.key).json()
    wallet = api("get", "/wallet", key=june.key).json()
    assert [now[name] for name in ("balance", "available", "held", "frozen")] == [
        wallet[name] for name in ("balance", "available", "held", "frozen")
    ]
    assert micro(wallet["frozen"]) == 50_000


@pytest.mark.parametrize("at", ["2999-01-01T00:00:00Z", "1999-01-01T00:00:00Z", "2026-06-01", "now"])
def test_a_moment_that_cannot_be_told_is_refused(world: World, api: Any, at: str) -> None:
    problem(api("get", f"/wallet/balance?at={at}", key=world.key), 422, "invalid", "at")


def test_a_team_without_money_has_a_statement_too(world: World, api: Any) -> None:
    _, key = keys.issue(team=Team.objects.create(name="Bare"), name="k", scopes=["billing"], by=None)
    assert amounts(api("get", "/wallet/statement", key=key).json()) == [0] * 7
    assert [row["kind"] for row in lines(api("get", "/wallet/statement.csv", key=key))] == ["opening", "closing"]
    assert micro(api("get", "/wallet/balance", key=key).json()["balance"]) == 0


def test_another_teams_money_is_not_in_it(june: World, make: Any, api: Any) -> None:
    succeed(row_of(make(key=june.other_key)))
    body = api("get", "/wallet/statement?from=2026-01-01", key=june.other_key).json()
    assert amounts(body) == [0, 0, FIRST_CREDIT, PRICE, 0, 0, FIRST_CREDIT - PRICE]
    assert len(lines(api("get", "/wallet/statement.csv?from=2026-01-01", key=june.other_key))) == 5


def test_the_queries_do_not_grow(world: World, make: Any, api: Any, count_queries: Any) -> None:
    api("get", "/key", key=world.key)
    paths = ["/wallet/statement", "/wallet/balance", "/wallet/entries?created_after=2026-01-01T00:00:00Z"]
    before = [count_queries(lambda path=path: api("get", path, key=world.key)) for path in paths]
    for _ in range(20):
        succeed(row_of(make()))
    api("get", "/key", key=world.key)  # the key's last use is written at most once a minute, which may be over
    assert [count_queries(lambda path=path: api("get", path, key=world.key)) for path in paths] == before
    assert count_queries(lambda: statements.of_period(world.team, JUNE, JUNE + timedelta(days=200))) == 1
    assert count_queries(lambda: statements.balance_at(world.team, JUNE)) == 1
