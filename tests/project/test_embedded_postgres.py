"""The launcher of the embedded PostgreSQL: starts, attaches, survives kills, leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from project import embedded_postgres, postgres_keeper, postgres_place, postgres_server
from tests.project import postgres_users
from tests.project.postgres_users import Users, answers, ask, no_server_left, within

pytestmark = pytest.mark.slow
FAST = embedded_postgres.FAST_OPTIONS
NOBODY = 65534
AS_ROOT = os.geteuid() == 0


@pytest.fixture
def base() -> Iterator[Path]:
    """A directory that every user may enter, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="fh-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    path.chmod(0o755)
    shutil.rmtree(path)


@pytest.fixture
def data_dir(base: Path) -> Iterator[Path]:
    path = base / "data" / "postgres"
    yield path
    postgres_users.clean_up(path)


@pytest.fixture
def users(data_dir: Path) -> Iterator[Users]:
    users = Users(data_dir)
    yield users
    users.end()


def test_first_start_makes_the_database_and_the_second_attaches_at_once(data_dir: Path) -> None:
    promised = embedded_postgres.config(data_dir)
    assert not data_dir.exists(), "naming the server must touch nothing"

    server = embedded_postgres.ensure_running(data_dir, options=FAST)
    assert promised["HOST"] == str(server.socket_dir)
    assert ask(server.dsn, "SELECT current_database()") == "framehouse"
    assert ask(server.dsn, "SHOW fsync") == "off"
    assert ask(server.dsn, "SHOW listen_addresses") == ""
    assert ask(server.dsn, "SELECT pg_encoding_to_char(encoding) FROM pg_database LIMIT 1") == "UTF8"

    took = []
    for _ in range(5):  # one of them meets a quiet moment of the machine
        begun = time.perf_counter()
        assert embedded_postgres.ensure_running(data_dir) == server
        took.append(time.perf_counter() - begun)
    assert min(took) < 0.25


def test_the_socket_is_closed_to_other_users(data_dir: Path) -> None:
    server = embedded_postgres.ensure_running(data_dir, options=FAST)
    assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE((data_dir / "data").stat().st_mode) & 0o077 == 0


def test_a_killed_postmaster_is_started_again_with_its_data(data_dir: Path) -> None:
    server = embedded_postgres.ensure_running(data_dir)  # safe commits, as in development
    with psycopg.connect(server.dsn) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    killed = postgres_users.postmaster_of(data_dir)
    killed.kill()

    def came_back() -> bool:  # the killed one may answer once more
        found = postgres_server.postmaster_of(postgres_place.find(data_dir))
        return found is not None and found.pid != killed.pid and answers(server.dsn)

    assert within(60, came_back), "the keeper did not start it again"
    assert ask(server.dsn, "SELECT answer FROM kept") == 42


def test_after_keeper_and_postmaster_were_killed_the_next_start_recovers(data_dir: Path) -> None:
    server = embedded_postgres.ensure_running(data_dir, options=FAST)
    keeper = postgres_users.keeper_of(data_dir)
    assert keeper is not None
    keeper.kill()
    postgres_users.postmaster_of(data_dir).kill()

    begun = time.monotonic()
    embedded_postgres.ensure_running(data_dir, options=FAST)
    assert time.monotonic() - begun < 40
    assert answers(server.dsn)


def test_a_stale_pid_file_that_names_a_living_stranger_does_not_keep_it_from_starting(data_dir: Path) -> None:
    embedded_postgres.ensure_running(data_dir, options=FAST)
    pid_file = data_dir / "data" / "postmaster.pid"
    text = pid_file.read_text()
    embedded_postgres.stop(data_dir)
    pid_file.write_text(text.replace(text.split("\n")[0], str(os.getpid()), 1))

    server = embedded_postgres.ensure_running(data_dir, options=FAST)
    assert answers(server.dsn)


def test_starts_at_once_share_one_server(data_dir: Path, users: Users) -> None:
    processes = [users.start() for _ in range(4)]
    assert len({users.dsn_of(process) for process in processes}) == 1
    processes = postgres_server.processes_of(postgres_place.find(data_dir))
    pids = {process.pid for process in processes}
    postmasters = []
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):  # the session of one who asked and is done
            postmasters += [process] if process.ppid() not in pids else []
    assert len(postmasters) == 1


def test_the_server_stops_when_its_last_user_was_killed(data_dir: Path, users: Users) -> None:
    first, second = users.attach(), users.attach()
    first.kill()
    time.sleep(postgres_keeper.GRACE + 1)
    assert not no_server_left(data_dir), "stopped under its second user"

    second.kill()
    assert within(postgres_keeper.GRACE + 45, lambda: no_server_left(data_dir))


def test_a_server_whose_keeper_was_killed_is_adopted_and_stopped_at_the_end(data_dir: Path, users: Users) -> None:
    user = users.attach()
    keeper = postgres_users.keeper_of(data_dir)
    assert keeper is not None
    keeper.kill()
    before = postgres_users.postmaster_of(data_dir)

    other = users.attach()
    assert postgres_users.postmaster_of(data_dir) == before, "a running server must be kept"
    assert postgres_users.keeper_of(data_dir) is not None
    user.kill()
    other.kill()
    assert within(postgres_keeper.GRACE + 45, lambda: no_server_left(data_dir))


def test_stop_unused_leaves_a_server_that_others_use(data_dir: Path, users: Users) -> None:
    embedded_postgres.ensure_running(data_dir, options=FAST)
    other = users.attach()
    assert embedded_postgres.stop_unused(data_dir) is False
    assert not no_server_left(data_dir)

    other.kill()
    other.wait()
    assert embedded_postgres.stop_unused(data_dir) is True
    assert no_server_left(data_dir)


def test_a_long_path_gets_its_socket_elsewhere(base: Path) -> None:
    data_dir = base.joinpath(*["a rather long directory name, with 'quotes'"] * 3, "postgres")
    try:
        server = embedded_postgres.ensure_running(data_dir, options=FAST)
        assert embedded_postgres.config(data_dir)["HOST"] == str(server.socket_dir)
        assert len(os.fsencode(server.socket_dir)) < 70
        assert answers(server.dsn)
    finally:
        postgres_users.clean_up(data_dir)


def test_a_server_that_cannot_start_says_why(data_dir: Path) -> None:
    with pytest.raises(embedded_postgres.PostgresError, match="max_connections"):
        embedded_postgres.ensure_running(data_dir, options={**FAST, "max_connections": "many"})


def test_without_privileges_it_runs_as_the_user(base: Path, data_dir: Path, users: Users) -> None:
    site, python = postgres_users.outside_home(base)
    env = postgres_users.environment(site, python)
    data_dir.parent.mkdir()
    if AS_ROOT:
        os.chown(data_dir.parent, NOBODY, NOBODY)
    users.attach(python=python, env=env, uid=NOBODY if AS_ROOT else None)
    assert data_dir.stat().st_uid == (NOBODY if AS_ROOT else os.geteuid())
    keeper = postgres_users.keeper_of(data_dir)
    assert keeper is not None
    assert keeper.uids().real == data_dir.stat().st_uid


class AsRoot:
    """Only root can give a directory away or be refused by PostgreSQL; collected below when we are root."""

    def test_the_server_runs_as_nobody(self, data_dir: Path) -> None:
        embedded_postgres.ensure_running(data_dir, options=FAST)
        assert postgres_users.postmaster_of(data_dir).uids().real == NOBODY
        assert data_dir.stat().st_uid == 0

    def test_a_closed_parent_directory_is_left_as_it_is(self, base: Path) -> None:
        closed = base / "closed"
        closed.mkdir(mode=0o700)
        data_dir = closed / ".data" / "postgres"
        promised = embedded_postgres.config(data_dir)
        try:
            server = embedded_postgres.ensure_running(data_dir, options=FAST)
            assert promised["HOST"] == str(server.socket_dir)
            assert data_dir.is_symlink()
            assert data_dir.resolve().is_relative_to("/var/tmp")
            assert stat.S_IMODE(closed.stat().st_mode) == 0o700
            assert embedded_postgres.ensure_running(data_dir) == server
        finally:
            postgres_users.clean_up(data_dir)

    def test_binaries_that_nobody_may_not_reach_are_copied(self, base: Path, data_dir: Path, users: Users) -> None:
        site, _ = postgres_users.outside_home(base)
        Path(site).chmod(0o700)
        users.attach(env={**os.environ, "PYTHONPATH": site})
        command = postgres_users.postmaster_of(data_dir).cmdline()[0]
        assert command.startswith("/var/tmp/framehouse-")

    def test_another_users_directory_is_refused_in_a_sentence(self, base: Path, data_dir: Path) -> None:
        embedded_postgres.ensure_running(data_dir, options=FAST)
        site, python = postgres_users.outside_home(base)
        env = postgres_users.environment(site, python)
        refused = subprocess.run(
            [python, "-c", postgres_users.USE, str(data_dir)],
            env=env,
            cwd="/",
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert "belongs to another user" in refused.stderr


if AS_ROOT:

    class TestAsRoot(AsRoot):
        """As in a container."""
