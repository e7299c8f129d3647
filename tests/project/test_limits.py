"""Limits are exact: never more than the quota in any window, nothing charged for a refusal, and when they say that
there is room again, there is (issue 5 item 3)."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction

from project import db, limits
from project.limit_settings import SETTINGS, Policy, read
from project.limits import Taken
from project.models import Allowance

FIVE = Policy("five", 5, 60)
NINE = Policy("nine", 9, 60)


def pass_time(seconds: int) -> None:
    """What all windows hold becomes so much older. A slot of theirs is a second: all windows here have 60."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE project_allowance SET empty_at = empty_at - make_interval(secs => %(by)s),
               slots = (SELECT coalesce(array_agg(s - %(by)s ORDER BY s), '{}') FROM unnest(slots) AS s)""",
            {"by": seconds},
        )


@pytest.fixture
def still(db: None) -> None:
    """The database's clock stands still in this test: a machine that stumbles ends no window. Found before the real
    one, and gone with the test's transaction."""
    moment = now().isoformat()
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA still")
        cursor.execute(
            f"""CREATE FUNCTION still.clock_timestamp() RETURNS timestamptz LANGUAGE sql
                AS $$ SELECT timestamptz '{moment}' $$"""
        )
        cursor.execute("SET LOCAL search_path = still, pg_catalog, public")


def five(cost: int = 1) -> Taken:
    return limits.take(policy=FIVE, subject="a", cost=cost)


def test_the_quota_passes_and_not_one_more(still: None) -> None:
    assert [five().remaining for _ in range(5)] == [4, 3, 2, 1, 0]
    taken = five()
    assert (taken.allowed, taken.remaining) == (False, 0)
    assert 59 <= taken.retry_after_seconds <= 61
    assert limits.take(policy=FIVE, subject="b").remaining == 4


def test_after_the_wait_that_it_names_there_is_room_and_not_before(still: None) -> None:
    for _ in range(3):
        five()
    pass_time(20)
    five(2)
    wait = five().retry_after_seconds
    assert 38 <= wait <= 41
    pass_time(wait - 2)
    assert not five().allowed
    pass_time(2)
    assert five().remaining == 2  # the first three have left, the two of later have not


def test_a_wait_is_for_the_cost_that_was_asked(still: None) -> None:
    five()
    pass_time(30)
    five(3)
    assert 28 <= five(2).retry_after_seconds <= 31  # one leaves
    assert 58 <= five(3).retry_after_seconds <= 61  # the three have to leave
    assert five().allowed


def test_what_is_told_of_a_take_that_passed_is_when_more_is_there(still: None) -> None:
    assert 59 <= five().opens_in <= 61
    pass_time(25)
    taken = five()
    assert (taken.remaining, taken.retry_after_seconds) == (3, 0)
    assert 34 <= taken.opens_in <= 36


def test_a_refusal_costs_nobody(still: None) -> None:
    both = [(FIVE, "a"), (NINE, "team")]
    for _ in range(5):
        assert all(taken.allowed for taken in limits.take_all(both))
    for _ in range(7):
        own, team = limits.take_all(both)
        assert (own.allowed, team.allowed, team.remaining) == (False, True, 4)
    others = [limits.take_all([(FIVE, "b"), (NINE, "team")]) for _ in range(5)]
    assert [taken[1].remaining for taken in others] == [3, 2, 1, 0, 0]
    assert [taken[1].allowed for taken in others] == [True] * 4 + [False]
    assert others[-1][0].allowed
    assert limits.take(policy=FIVE, subject="b").remaining == 0  # four and this one: the refused one was not charged


def test_no_window_holds_more_than_the_quota_whenever_it_begins(still: None) -> None:
    chance = random.Random(7)  # noqa: S311
    shift, passed = timedelta(), []  # type: ignore[var-annotated]
    for _ in range(250):
        taken = five()
        if taken.allowed:
            passed.append(now() + shift)
            by = chance.choice([0, 0, 0, 1, 2, 7, 19, 45, 61])
        else:
            by = taken.retry_after_seconds if chance.random() < 0.5 else chance.randrange(1, 30)
        room = not taken.allowed and by >= taken.retry_after_seconds
        pass_time(by)
        shift += timedelta(seconds=by)
        if room:
            again = five()
            assert again.allowed
            passed.append(now() + shift)
    assert len(passed) > 100
    for first, one_too_many in zip(passed, passed[FIVE.quota :], strict=False):
        assert one_too_many - first >= timedelta(seconds=FIVE.seconds)


def now() -> datetime:
    return db.now()


def test_a_clock_that_went_back_locks_nobody_out_for_longer_than_a_window(still: None) -> None:
    five(5)
    pass_time(-3600)
    assert five().retry_after_seconds <= 61


def test_other_windows_count_in_parts_of_theirs(still: None) -> None:
    day = Policy("day", 2, 86_400)
    assert [limits.take(policy=day, subject="a").allowed for _ in range(3)] == [True, True, False]
    assert 86_400 <= limits.take(policy=day, subject="a").retry_after_seconds <= 86_400 + 1_440
    second = Policy("second", 2, 1)
    assert limits.take(policy=second, subject="a", cost=2).allowed
    assert limits.take(policy=second, subject="a").retry_after_seconds in (1, 2)


def test_a_smaller_quota_never_leaves_less_than_nothing(db: None) -> None:
    limits.take(policy=Policy("five", 9, 60), subject="a", cost=9)
    assert five().remaining == 0


@pytest.mark.parametrize("cost", [0, -1, 6])
def test_a_cost_that_never_fits_is_a_defect_of_the_caller(db: None, cost: int) -> None:
    with pytest.raises(ValueError, match="never has room"):
        five(cost)


def test_it_never_runs_in_somebodys_transaction(db: None) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError):
        five()


def test_empty_rows_are_pruned_and_full_ones_stay(still: None) -> None:
    five()
    pass_time(62)
    limits.take(policy=FIVE, subject="b")
    assert limits.prune() == 1
    assert [row.key for row in Allowance.objects.all()] == ["five/60:b"]


def test_the_table_is_unlogged_and_counting_never_touches_its_index(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence, reloptions FROM pg_class WHERE relname = 'project_allowance'")
        assert cursor.fetchone() == ("u", ["fillfactor=50"])


@pytest.mark.parametrize(
    ("address", "whose"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
    ],
)
def test_ipv6_counts_by_household(address: str, whose: str) -> None:
    assert limits.network(address) == whose


# --- the database does not answer ------------------------------------------------------------------------------


@pytest.fixture
def held(transactional_db: None) -> Iterator[None]:
    """Somebody sits on the row of FIVE's subject a."""
    Allowance.objects.create(key="five/60:a", slots=[], counts=[], empty_at=db.now())
    taken, done = threading.Event(), threading.Event()

    def sit() -> None:
        try:
            with transaction.atomic():
                list(Allowance.objects.select_for_update())
                taken.set()
                done.wait(30)
        finally:
            connection.close()

    thread = threading.Thread(target=sit)
    thread.start()
    assert taken.wait(30)
    yield
    done.set()
    thread.join()


def test_without_the_database_a_process_gives_a_tenth_and_no_more(held: None) -> None:
    """faults.md row 55: neither open nor shut."""
    limits._local.windows.clear()
    taken = [five() for _ in range(2)]
    assert [one.allowed for one in taken] == [True, False]
    assert [one.remaining for one in taken] == [0, 0]
    assert taken[0].policy == Policy("five", 1, 60)
    assert 1 <= taken[1].retry_after_seconds <= 60
    limits._local.windows.clear()


def test_the_small_allowance_is_all_or_nothing_too_and_comes_back() -> None:
    local = limits._Local()
    big, small = Policy("big", 100, 60), Policy("small", 20, 60)
    keys = ["big", "small"]
    answers = [local.take(keys, [big, small], 1) for _ in range(3)]
    assert [[one.allowed for one in answer] for answer in answers] == [[True, True], [True, True], [True, False]]
    assert [one.remaining for one in answers[-1]] == [8, 0]
    local.windows = {key: (begun - 60, used) for key, (begun, used) in local.windows.items()}
    assert [one.remaining for one in local.take(keys, [big, small], 1)] == [9, 1]


# --- settings --------------------------------------------------------------------------------------------------


def test_the_numbers_come_from_the_environment() -> None:
    usual = {name: (policy.quota, policy.seconds) for name, policy in read({}).items()}
    assert usual == {"key": (600, 60), "team": (1200, 60), "address": (300, 60), "failed-keys": (20, 60)}
    assert read({"RATE_LIMIT_KEY": "7/3600"})["key"] == Policy("key", 7, 3600)


@pytest.mark.parametrize("setting", [setting for setting, _ in SETTINGS.values()])
@pytest.mark.parametrize(
    "text", ["600", "600/", "/60", "0/60", "600/0", "-1/60", "6e2/60", "٦/60", "600/60s", "1/86401"]
)
def test_a_wrong_number_stops_the_start_by_name(setting: str, text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"^{setting} must be requests/seconds"):
        read({setting: text})
