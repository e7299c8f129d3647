"""Limits on how often: exact, whatever the number of processes, by the database's clock (issue 5 item 3).

Never more than `quota` in any `seconds` of a policy. A take asks all its subjects in one statement: all of them have
room, or none is charged. What was taken is kept by sixtieths of the window, in one row a subject; with 60 seconds that
is to the second, as exact as `Retry-After` can say it. The function is in migration 0003.
"""

from __future__ import annotations

import ipaddress
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

from django.db import InterfaceError, OperationalError, connection

from project.limit_settings import Policy

log = logging.getLogger(__name__)

LOCAL_SHARE = 10  # a process without the database gives a tenth of what there is (faults.md row 55)
_MOST_LOCAL = 10_000  # subjects that a process remembers meanwhile
_TAKE = "SELECT allowed, remaining, opens_in FROM project_take_allowance(%s::text[], %s::bigint[], %s::integer[], %s)"


@dataclass(frozen=True)
class Taken:
    """How a subject stands after a take.

    `allowed` is False for the policies that had no room: then nothing was taken from any. `opens_in` are the whole
    seconds until `remaining` grows; 0 when all of it is there."""

    policy: Policy
    allowed: bool
    remaining: int
    opens_in: int

    @property
    def retry_after_seconds(self) -> int:
        """After exactly so many seconds the same take has room; 0 when it had."""
        return 0 if self.allowed else max(1, self.opens_in)


def take(*, policy: Policy, subject: str, cost: int = 1) -> Taken:
    """Takes `cost` of what the policy gives the subject, or nothing. Call it outside of transactions."""
    return take_all([(policy, subject)], cost=cost)[0]


def take_all(asked: Sequence[tuple[Policy, str]], *, cost: int = 1) -> list[Taken]:
    """Takes `cost` for every (policy, subject), or for none of them; in their order. Call it outside of transactions.

    Where the database cannot be asked in time, a small allowance of this process decides. Raises ValueError for a
    cost that no wait would make room for."""
    if not 1 <= cost <= min(policy.quota for policy, _ in asked):
        raise ValueError(f"a take of {cost} never has room")
    if connection.in_atomic_block and not connection.atomic_blocks[-1]._from_testcase:  # type: ignore[attr-defined]
        raise RuntimeError("a take has a short transaction of its own")  # its locks would last as long as yours
    keys = [f"{policy.name}/{policy.seconds}:{subject}" for policy, subject in asked]
    policies = [policy for policy, _ in asked]
    try:
        with connection.cursor() as cursor:
            numbers = [policy.quota for policy in policies], [policy.seconds for policy in policies]
            cursor.execute(_TAKE, [keys, *numbers, cost])
            rows = cursor.fetchall()
    except (OperationalError, InterfaceError) as error:
        log.warning("limits counted by this process: %s", type(error).__name__)
        return _local.take(keys, policies, cost)
    return [Taken(policy, *row) for policy, row in zip(policies, rows, strict=True)]


def prune() -> int:
    """Deletes the rows that hold nothing any more; called by the clock. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM project_allowance WHERE key IN (
                 SELECT key FROM project_allowance WHERE empty_at <= clock_timestamp() FOR UPDATE SKIP LOCKED)"""
        )
        return int(cursor.rowcount)


def network(address: str) -> str:
    """Whom an address counts as: itself, or its /64, which IPv6 gives to one household."""
    parsed = ipaddress.ip_address(address)
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)


@dataclass
class _Local:
    """What a process gives while the database is out of reach: a tenth of the quota in windows that follow each other,
    neither everything nor nothing."""

    windows: dict[str, tuple[float, int]] = field(default_factory=dict)  # key -> begin (monotonic), taken since
    guard: threading.Lock = field(default_factory=threading.Lock)

    def take(self, keys: Sequence[str], policies: Sequence[Policy], cost: int) -> list[Taken]:
        small = [Policy(p.name, max(cost, p.quota // LOCAL_SHARE), p.seconds) for p in policies]
        with self.guard:
            now = time.monotonic()
            if len(self.windows) > _MOST_LOCAL:
                self.windows.clear()
            held = [self._window(key, policy, now) for key, policy in zip(keys, small, strict=True)]
            room = [used + cost <= policy.quota for policy, (_, used) in zip(small, held, strict=True)]
            charge = cost if all(room) else 0
            for key, (begun, used) in zip(keys, held, strict=True):
                self.windows[key] = (begun, used + charge)
        return [
            Taken(policy, fits, policy.quota - used - charge, ceil(begun + policy.seconds - now))
            for policy, fits, (begun, used) in zip(small, room, held, strict=True)
        ]

    def _window(self, key: str, policy: Policy, now: float) -> tuple[float, int]:
        begun, used = self.windows.get(key, (now, 0))
        return (now, 0) if begun + policy.seconds <= now else (begun, used)


_local = _Local()
