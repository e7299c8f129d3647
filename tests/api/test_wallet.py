"""GET /wallet and GET /wallet/entries: three numbers, and a statement that adds up (design sections 5 and 6)."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction

from accounts import keys
from accounts.models import Team
from billing import credits
from billing.models import Entry
from generations import outcomes
from generations.models import Reason
from tests.api.conftest import PRICE, row_of
from tests.api.ends import succeed
from tests.api.shapes import ENTRY, PAGE, WALLET, is_time, micro

TEN_DOLLARS = 10_000_000
QWEN = {
    "model": "qwen-image-edit-plus",
    "input": {"prompt": "x", "image_urls": ["https://pictures.invalid/a.png"], "num_images": 4},
}


def pages(api: Any, key: str, limit: int) -> list[dict[str, Any]]:
    found = []
    path: str | None = f"/wallet/entries?limit={limit}"
    while path and len(found) < 50:
        body = api("get", path, key=key).json()
        assert set(body) == PAGE, body
        found.append(body)
        path = body["next"] and body["next"].split("/api/v1")[1]
    return found


def lines(api: Any, key: str, limit: int = 100) -> list[dict[str, Any]]:
    return [line for page in pages(api, key, limit) for line in page["results"]]


def busy(world: Any, make: Any) -> None:
    """Successes, a partial one, a failure, a cancel, grants in between, one still open."""
    first, second, third, partial, _ = make(), make(), make(), make(**QWEN), make()
    outcomes.fail(generation_id=row_of(second).pk, reason=Reason.PROVIDER_FAILED)
    succeed(row_of(first))
    with transaction.atomic():
        credits.grant(team=world.team, amount=1, actor="staff:7", reason="secret note", grant_id=uuid.uuid4())
    succeed(row_of(partial), delivered=3)
    outcomes.cancel(generation_id=row_of(third).pk, actor="test")


def test_a_wallet_has_exactly_these_numbers(world: Any, make: Any, api: Any) -> None:
    made = make()
    body = api("get", "/wallet", key=world.key).json()
    assert set(body) == WALLET
    assert [micro(body[name]) for name in ("balance", "held", "available")] == [TEN_DOLLARS, PRICE, TEN_DOLLARS - PRICE]
    assert body["open_holds"] == 1
    (hold,) = body["holds"]
    assert set(hold) == {"generation", "amount", "created_at"}
    assert (hold["generation"], micro(hold["amount"])) == (made["id"], PRICE)
    succeed(row_of(made))
    body = api("get", "/wallet", key=world.key).json()
    assert (micro(body["balance"]), body["open_holds"], body["holds"]) == (TEN_DOLLARS - PRICE, 0, [])


def test_open_holds_are_counted_beyond_the_newest_hundred(world: Any, make: Any, api: Any) -> None:
    made = [make() for _ in range(103)]
    body = api("get", "/wallet", key=world.key).json()
    assert body["open_holds"] == 103
    assert [hold["generation"] for hold in body["holds"]] == [one["id"] for one in reversed(made)][:100]


def test_a_line_has_exactly_these_fields(world: Any, make: Any, api: Any) -> None:
    busy(world, make)
    for line in lines(api, world.key):
        assert set(line) == ENTRY
        assert line["id"].startswith("txn_")
        assert is_time(line["created_at"])
        assert (line["generation"] is None) == (line["kind"] == "grant")
    assert len({line["id"] for line in lines(api, world.key)}) == len(lines(api, world.key))


def test_a_success_reads_as_hold_and_capture(world: Any, make: Any, api: Any) -> None:
    made = make(**QWEN)
    succeed(row_of(made), delivered=3)
    found = [line for line in lines(api, world.key) if line["generation"] == made["id"]]
    shown = [
        [line["kind"], *(micro(line[name]) for name in ("amount", "available_change", "held_change"))] for line in found
    ]
    assert shown == [["release", 0, 30_000, -30_000], ["capture", -90_000, 0, -90_000], ["hold", 0, -120_000, 120_000]]


def test_it_adds_up_from_nothing_to_the_wallet(world: Any, make: Any, api: Any) -> None:
    busy(world, make)
    for limit in (100, 3, 1):
        available = held = 0
        for line in reversed(lines(api, world.key, limit)):
            available += micro(line["available_change"])
            held += micro(line["held_change"])
            assert (micro(line["available_after"]), micro(line["held_after"])) == (available, held)
            assert micro(line["balance_after"]) == available + held
            assert micro(line["amount"]) == micro(line["available_change"]) + micro(line["held_change"])
        wallet = api("get", "/wallet", key=world.key).json()
        assert (available, held) == (micro(wallet["available"]), micro(wallet["held"]))


def test_pages_of_any_size_tell_the_same_both_ways(world: Any, make: Any, api: Any) -> None:
    busy(world, make)
    whole = lines(api, world.key)
    assert len(whole) == Entry.objects.filter(account__team=world.team).values("transfer").distinct().count() == 12
    for limit in (1, 2, 4, 5, 11, 12, 13):
        down = pages(api, world.key, limit)
        assert [line for page in down for line in page["results"]] == whole
        assert down[0]["previous"] is None
        path = down[-1]["previous"]
        up = [down[-1]["results"]]
        while path:
            page = api("get", path.split("/api/v1")[1], key=world.key).json()
            up.append(page["results"])
            path = page["previous"]
        assert [line for page in reversed(up) for line in page] == whole


def test_pages_stand_still_while_money_moves(world: Any, make: Any, api: Any) -> None:
    busy(world, make)
    whole = lines(api, world.key)
    seen: list[Any] = []
    path: str | None = "/wallet/entries?limit=2"
    while path:
        body = api("get", path, key=world.key).json()
        seen += body["results"]
        succeed(row_of(make()))
        path = body["next"] and body["next"].split("/api/v1")[1]
    assert seen == whole


def test_a_page_costs_the_same_queries_wherever_it_lies(world: Any, make: Any, api: Any, count_queries: Any) -> None:
    api("get", "/key", key=world.key)
    one = count_queries(lambda: api("get", "/wallet/entries?limit=1", key=world.key))
    for _ in range(30):
        succeed(row_of(make()))
    api("get", "/key", key=world.key)  # the key's last use is written at most once a minute, which may be over
    assert count_queries(lambda: api("get", "/wallet/entries?limit=100", key=world.key)) == one
    second = api("get", "/wallet/entries?limit=10", key=world.key).json()["next"].split("/api/v1")[1]
    assert count_queries(lambda: api("get", second, key=world.key)) == one


def test_another_teams_money_is_not_in_it(world: Any, make: Any, api: Any) -> None:
    theirs = make(key=world.other_key)
    assert [line["kind"] for line in lines(api, world.key)] == ["grant"]
    assert theirs["id"] not in api("get", "/wallet", key=world.key).content.decode()


def test_what_staff_wrote_stays_inside(world: Any, make: Any, api: Any) -> None:
    busy(world, make)
    text = str(lines(api, world.key))
    assert "secret note" not in text
    assert "staff:7" not in text


def test_a_team_without_money_has_a_wallet_too(world: Any, api: Any) -> None:
    _, key = keys.issue(team=Team.objects.create(name="Bare"), name="k", scopes=["billing"], by=None)
    body = api("get", "/wallet", key=key).json()
    assert [micro(body[name]) for name in ("balance", "held", "available")] == [0, 0, 0]
    assert lines(api, key) == []
