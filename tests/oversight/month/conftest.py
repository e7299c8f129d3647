"""The month, written once, in a copy of the test database that is dropped at the end."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client

from tests.accounts.audit.conftest import browser_of
from tests.oversight.conftest import staff_of
from tests.oversight.month import writing


def _server() -> psycopg.Connection[Any]:
    of: dict[str, Any] = connection.settings_dict
    return psycopg.connect(
        host=of["HOST"], port=of["PORT"] or None, user=of["USER"], dbname="postgres", autocommit=True
    )


@contextmanager
def _within(name: str) -> Iterator[None]:
    """The default connection leads to another database of the same server."""
    plain = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = plain


@pytest.fixture(scope="session")
def month_house(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any
) -> Iterator[tuple[str, writing.House]]:
    """The name of the database with the month, and what was written there. With `--reuse-db` it stays for the next
    run, until its script or the day is another."""
    plain = str(connection.settings_dict["NAME"])
    name, today = f"{plain}_month", datetime.now(UTC).date()
    stays = request.config.getvalue("reuse_db") and not request.config.getvalue("create_db")
    mark = _mark(today)
    with django_db_blocker.unblock():
        connection.close()
        there = stays and _marked(name) == mark
        if not there:
            with _server() as server:
                server.execute(f'drop database if exists "{name}" with (force)')
                server.execute(f'create database "{name}" template "{plain}"')
        with _within(name):
            house = writing.found(today=today) if there else writing.write(today=today)
        with _server() as server:
            server.execute(f"comment on database \"{name}\" is '{mark}'")
    yield name, house
    if not stays:
        with django_db_blocker.unblock(), _server() as server:
            server.execute(f'drop database if exists "{name}" with (force)')


def _mark(today: date) -> str:
    """What it was written by."""
    folder = Path(__file__).parent
    parts = [(folder / name).read_bytes() for name in ("script.py", "writing.py")]
    parts += [path.name.encode() for path in sorted(folder.parents[2].glob("*/migrations/0*.py"))]
    return f"{today} {hashlib.sha256(b''.join(parts)).hexdigest()}"


def _marked(name: str) -> str:
    with _server() as server:
        row = server.execute(
            "select shobj_description(oid, 'pg_database') from pg_database where datname = %s", [name]
        ).fetchone()
    return str(row[0]) if row else ""


@pytest.fixture(scope="module")
def month(month_house: tuple[str, writing.House], django_db_blocker: Any) -> Iterator[writing.House]:
    """The month behind the default connection for the tests of a file, which take back what they write."""
    name, house = month_house
    with django_db_blocker.unblock(), _within(name):
        yield house


@pytest.fixture
def root(month: writing.House) -> Client:
    """A superuser of the staff."""
    return browser_of(staff_of("root", superuser=True), method="mfa")
