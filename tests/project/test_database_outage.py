"""The worker lives through the death of its database (faults.md row 46)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from project import embedded_postgres, postgres_place, postgres_server
from tests.project import postgres_users
from tests.project.processes import House, within

pytestmark = [pytest.mark.slow, pytest.mark.timeout(500)]  # all migrations, where other tests run too
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


def came_back(data_dir: Path, killed: int) -> bool:
    """Whether another server than the killed one runs and answers."""
    process = postgres_server.postmaster_of(postgres_place.find(data_dir))
    if process is None or process.pid == killed:
        return False
    try:
        psycopg.connect(f"host={embedded_postgres.config(data_dir)['HOST']} user=app dbname=framehouse").close()
    except psycopg.OperationalError:
        return False
    return True


def db_time(dsn: str) -> datetime:
    with psycopg.connect(dsn, connect_timeout=5) as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment


def beat_since(dsn: str, moment: datetime) -> bool:
    """Whether a job of the main lane has run since."""
    with psycopg.connect(dsn, connect_timeout=5) as connection:
        row = connection.execute("SELECT beat_at > %s FROM project_heartbeat WHERE lane = 'main'", [moment]).fetchone()
    return row is not None and bool(row[0])


def test_a_killed_database_stops_nothing_for_long(house: House) -> None:
    data_dir = house.log.parent / "data" / "postgres"
    assert house.manage("migrate", "--verbosity", "0").wait(timeout=300) == 0, house.output()
    worker = house.manage("worker", "--beat-every", "1")
    dsn = f"host={embedded_postgres.config(data_dir)['HOST']} user=app dbname=framehouse"
    assert within(60, lambda: beating(dsn)), house.output()

    killed = postgres_users.postmaster_of(data_dir)
    killed.kill()
    assert within(60, lambda: came_back(data_dir, killed.pid)), house.output()
    restarted = db_time(dsn)
    assert within(60, lambda: beat_since(dsn, restarted)), house.output()
    assert worker.poll() is None
    assert "no beat for" not in house.output(), "an outage is no stall: its workers were not to be killed"

    worker.terminate()
    assert worker.wait(timeout=30) == 0
