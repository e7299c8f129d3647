"""GET /key: what this key is, may do, and has left to spend (design section 6)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from accounts import keys
from billing import budgets
from billing.models import Period
from tests.api.conftest import PRICE, row_of
from tests.api.ends import succeed
from tests.api.shapes import KEY, LIMIT, is_time, micro


def test_a_key_has_exactly_these_fields(world: Any, api: Any) -> None:
    body = api("get", "/key", key=world.key).json()
    assert set(body) == KEY
    assert body["id"] == world.api_key.public_id
    assert body["name"] == "test key"
    assert body["scopes"] == ["billing", "generate", "manage", "read"]
    assert body["limits"] == []
    assert is_time(body["created_at"])
    assert is_time(body["expires_at"])


def test_the_key_itself_is_not_in_the_answer(world: Any, api: Any) -> None:
    text = api("get", "/key", key=world.key).content.decode()
    assert world.key.split("_")[2] not in text
    assert world.key.split("_")[3] not in text


def test_its_last_use_is_told(world: Any, api: Any) -> None:
    assert api("get", "/key", key=world.key).json()["last_used_at"] is None
    used = api("get", "/key", key=world.key).json()["last_used_at"]
    assert is_time(used)


def test_its_limits_count_what_is_held_and_used(world: Any, make: Any, api: Any) -> None:
    budgets.set_limit(by="test", team=world.team, api_key=world.api_key, period=Period.DAY, limit=100_000)
    budgets.set_limit(by="test", team=world.team, api_key=world.api_key, period=Period.MONTH, limit=60_000)
    done = make()
    make()
    succeed(row_of(done))
    day, month = api("get", "/key", key=world.key).json()["limits"]
    assert set(day) == set(month) == LIMIT
    assert (day["period"], month["period"]) == ("day", "month")
    for limit, most in ((day, 100_000), (month, 60_000)):
        shown = [micro(limit[name]) for name in ("limit", "used", "held", "remaining")]
        assert shown == [most, PRICE, PRICE, most - 2 * PRICE]
        assert datetime.fromisoformat(limit["resets_at"]) > datetime.now(tz=UTC)


def test_a_limit_lowered_below_its_use_leaves_nothing(world: Any, make: Any, api: Any) -> None:
    budgets.set_limit(by="test", team=world.team, api_key=world.api_key, period=Period.DAY, limit=100_000)
    make()
    budgets.set_limit(by="test", team=world.team, api_key=world.api_key, period=Period.DAY, limit=10_000)
    (day,) = api("get", "/key", key=world.key).json()["limits"]
    assert micro(day["remaining"]) == 0


def test_another_keys_limits_are_not_shown(world: Any, api: Any) -> None:
    other, text = keys.issue(team=world.team, name="two", scopes=["read"], by=world.alice)
    budgets.set_limit(by="test", team=world.team, api_key=other, period=Period.DAY, limit=5)
    assert api("get", "/key", key=world.key).json()["limits"] == []
    body = api("get", "/key", key=text).json()
    assert (body["scopes"], micro(body["limits"][0]["limit"])) == (["read"], 5)
