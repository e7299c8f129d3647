"""The worker lives through the death of its database (faults.md row 46)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from project import embedded_postgres
from tests.project import postgres_users
from tests.project.processes import House, within

pytestmark = pytest.mark.slow
AGE = "SELECT extract(epoch FROM clock_timestamp() - beat_at) FROM project_heartbeat WHERE lane = 'main'"


@pytest.fixture
def house() -> Iterator[House]:
    """An installation of its own: its database is going to be killed."""
    with tempfile.TemporaryDirectory(prefix="fh-", dir="/tmp") as name:
        base = Path(name)
        base.chmod(0o755)
        house = House(base / "log", DATA_DIR=str(base / "data"), DATABASE_URL=None, LOG_LEVEL="INFO")
        yield house
        house.end()
        embedded_postgres.stop(base / "data" / "postgres")


def beating(dsn: str) -> bool:
    try:
        with psycopg.connect(dsn, connect_timeout=5) as connection:
            row = connection.execute(AGE).fetchone()
            return row is not None and row[0] < 3
    except psycopg.OperationalError:
        return False


def test_a_killed_database_stops_nothing_for_long(house: House) -> None:
    data_dir = house.log.parent / "data" / "postgres"
    assert house.manage("migrate", "--verbosity", "0").wait(timeout=90) == 0, house.output()
    worker = house.manage("worker", "--beat-every", "1")
    dsn = f"host={embedded_postgres.config(data_dir)['HOST']} user=app dbname=framehouse"
    assert within(30, lambda: beating(dsn)), house.output()

    postgres_users.postmaster_of(data_dir).kill()
    assert within(10, lambda: "failed, 1 in a row" in house.output()), "the outage was not noticed"
    assert within(60, lambda: beating(dsn)), house.output()
    assert worker.poll() is None
    assert "no beat for" not in house.output(), "an outage is no stall: its workers were not to be killed"

    worker.terminate()
    assert worker.wait(timeout=30) == 0
