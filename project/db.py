"""Transactions: the outermost write, retried whole when PostgreSQL asks for it (invariants.md section 3)."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from django.db import DatabaseError, OperationalError, connection, transaction

T = TypeVar("T")
log = logging.getLogger(__name__)

RETRIES = 3
DEADLOCK = "40P01"
SERIALIZATION = "40001"
LOCK_TIMEOUT = "55P03"


def sqlstate(error: BaseException) -> str | None:
    """The SQLSTATE of a database error, as PostgreSQL gave it."""
    cause = error.__cause__
    return getattr(cause, "sqlstate", None)


def in_transaction(work: Callable[[], T]) -> T:
    """Runs work in one outermost transaction; a deadlock or serialization failure runs the whole of it again, at
    most 3 times. Work must be free of effects outside the database."""
    for attempt in range(RETRIES + 1):
        try:
            with transaction.atomic(durable=True):
                return work()
        except (OperationalError, DatabaseError) as error:
            if sqlstate(error) not in (DEADLOCK, SERIALIZATION) or attempt == RETRIES:
                raise
            log.warning("transaction repeated after %s", sqlstate(error))
            time.sleep(random.uniform(0.01, 0.05) * (attempt + 1))  # noqa: S311 - jitter, not a secret
    raise AssertionError("unreachable")


def now() -> datetime:
    """The database's clock: leases and deadlines never depend on this machine's (invariants.md H8)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment


def was_lock_timeout(error: BaseException) -> bool:
    """Whether a lock was not to be had within lock_timeout (faults.md row 51: answer 503)."""
    return sqlstate(error) == LOCK_TIMEOUT


def broken_rule(error: BaseException) -> str | None:
    """The name of the constraint that a database error is about, where PostgreSQL or a trigger of ours names one."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None)
