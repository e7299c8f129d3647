"""The month, written once, in a copy of the test database that is dropped at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
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
def month_house(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[str, writing.House]]:
    """The name of the database with the month, and what was written there."""
    plain = str(connection.settings_dict["NAME"])
    name = f"{plain}_month"
    with django_db_blocker.unblock():
        connection.close()
        with _server() as server:
            server.execute(f'drop database if exists "{name}" with (force)')
            server.execute(f'create database "{name}" template "{plain}"')
        with _within(name):
            house = writing.write(today=datetime.now(UTC).date())
    yield name, house
    with django_db_blocker.unblock(), _server() as server:
        server.execute(f'drop database if exists "{name}" with (force)')


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
