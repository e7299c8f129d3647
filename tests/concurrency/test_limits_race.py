"""Exact under any number of callers: the quota passes and not one more; whoever is refused costs nobody (issue 5 item
3). Each thread has a connection of its own, as each web process has."""

from __future__ import annotations

import sys
from typing import Never

import pytest

from project import limits
from project.limit_settings import Policy
from project.models import Allowance
from tests.concurrency.racing import flood, split

KEY, TEAM = Policy("key", 40, 3600), Policy("team", 70, 3600)  # long: no part of a window ends within the race


@pytest.fixture(autouse=True)
def _the_database_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a row may be held for longer than a take waits: then it is asked again (racing.patiently), and
    no process counts by itself."""

    def take(*_: object) -> Never:
        error = sys.exception()
        assert error is not None
        raise error

    monkeypatch.setattr(limits._local, "take", take)


def test_many_at_once_pass_exactly_as_often_as_the_quota_says(transactional_db: None) -> None:
    answers, raised = split(
        flood(lambda _: limits.take(policy=KEY, subject="a"), times=160, threads=16),
    )
    assert raised == []
    passed = [taken for taken in answers if taken.allowed]
    assert sorted(taken.remaining for taken in passed) == list(range(40))
    assert {taken.remaining for taken in answers if not taken.allowed} == {0}


def test_many_keys_of_one_team_never_deadlock_and_never_pay_for_a_refusal(transactional_db: None) -> None:
    """Three keys of 40 share a team of 70, asked for in either order: 70 pass, and each of them cost its key one."""

    def one(number: int) -> list[limits.Taken]:
        asked = [(KEY, f"k{number % 3}"), (TEAM, "t")]
        return limits.take_all(asked if number % 2 else asked[::-1])

    answers, raised = split(flood(one, times=240, threads=16))
    assert raised == []
    assert sum(all(taken.allowed for taken in answer) for answer in answers) == 70
    held = {row.key: sum(row.counts) for row in Allowance.objects.all()}
    assert held.pop("team/3600:t") == 70
    assert sum(held.values()) == 70
    assert max(held.values()) <= 40


def test_takes_while_rows_are_pruned_are_all_counted(transactional_db: None) -> None:
    short = Policy("short", 1000, 3600)
    with_prune = flood(
        lambda n: limits.prune() if n % 4 == 0 else limits.take(policy=short, subject="a").remaining,
        times=200,
        threads=8,
    )
    assert all(isinstance(result, int) for result in with_prune)
    assert limits.take(policy=short, subject="a").remaining == 1000 - 151
