"""The keeper: one small process beside each embedded server, its parent where it can be.

It starts the server (initdb first, when there is no data), starts it again when somebody kills it, and stops
it once nobody holds the lock of its users, even if every user was killed with -9. It has a session of its
own, so a Ctrl-C in the terminal does not reach it. Started by project/embedded_postgres.py; nothing else
talks to it but SIGTERM.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import psutil  # type: ignore[import-untyped]

from project import postgres_place
from project.postgres_place import Account, Place, PostgresError

LOOK = 0.25  # seconds between looks at the server and at the lock
GRACE = 3.0  # seconds without a user before the server is stopped
RESTARTS, RESTART_WINDOW = 5, 60.0  # give up on a server that dies more often than this, in seconds
REAP = 15.0  # seconds that a dead server's children get to go away by themselves
STOP_FAST, STOP_IMMEDIATE = 20.0, 5.0
LOG_LIMIT = 10_000_000  # bytes
DEFAULTS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_lock_waits": "on",
    "jit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


def processes_of(place: Place) -> list[psutil.Process]:
    """Live processes of a server on this data directory. A pid file may lie, this does not."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.name() == "postgres" and process.cwd() == str(place.data):
                found.append(process)
    return found


def postmaster_of(place: Place) -> psutil.Process | None:
    """The running postmaster, if any: the process of the pid file, when it works in the data directory."""
    try:
        pid = int((place.data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    return next((process for process in processes_of(place) if process.pid == pid), None)


class Postmaster:
    """The server process, a child of ours or one that an earlier keeper left behind."""

    def __init__(self, process: psutil.Process, child: subprocess.Popen[bytes] | None) -> None:
        self._process = process
        self._child = child

    @classmethod
    def start(cls, place: Place, binaries: Path, who: Account, options: Mapping[str, str]) -> Postmaster:
        settings = {**DEFAULTS, "unix_socket_directories": f'"{place.socket_dir}"', **options}
        command = [str(binaries / "postgres"), "-D", str(place.data), "-p", str(postgres_place.PORT)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        child = subprocess.Popen(  # noqa: S603 - our own binary, no shell
            command, stdin=subprocess.DEVNULL, cwd="/", env=_environment(), start_new_session=True, **_as(who)
        )
        return cls(psutil.Process(child.pid), child)

    @classmethod
    def adopt(cls, place: Place) -> Postmaster | None:
        process = postmaster_of(place)
        return cls(process, None) if process else None

    def alive(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        try:
            return self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def stop(self) -> None:
        """Fast shutdown, then immediate, then by force; bounded in time."""
        for number, patience in (
            (signal.SIGINT, STOP_FAST),
            (signal.SIGQUIT, STOP_IMMEDIATE),
            (signal.SIGKILL, STOP_IMMEDIATE),
        ):
            if not self.alive():
                return
            with contextlib.suppress(psutil.NoSuchProcess):
                self._process.send_signal(number)
            end = time.monotonic() + patience
            while self.alive() and time.monotonic() < end:
                time.sleep(0.02)


def _as(who: Account) -> dict[str, Any]:
    """Popen's arguments that drop root; nothing when we are not root."""
    if os.geteuid() != 0:
        return {}
    return {"user": who.uid, "group": who.gid, "extra_groups": []}


def _environment() -> dict[str, str]:
    """No PG* variable of the caller may lead the server elsewhere."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def initialize(place: Place, binaries: Path, who: Account, options: Mapping[str, str]) -> None:
    """initdb, whole or not at all: into a draft that is renamed at the end."""
    if (place.data / "PG_VERSION").exists():
        return
    draft = place.home / "data.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(draft, who.uid, who.gid)
    locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command = [str(binaries / "initdb"), "-D", str(draft), "-U", "app", "-A", "trust", "-E", "UTF8", *locale]
    if options.get("fsync") == "off":
        command.append("--no-sync")
    subprocess.run(  # noqa: S603 - our own binary, no shell
        command, check=True, stdin=subprocess.DEVNULL, cwd="/", env=_environment(), timeout=60, **_as(who)
    )
    draft.rename(place.data)


def clear_the_dead(place: Place) -> None:
    """Waits for the children of a killed server to go, and takes away the lock files it left.

    A lock file with a number that is somebody else's by now, or a zombie's, would keep PostgreSQL from starting;
    with a child still alive, a second server would write beside it."""
    end = time.monotonic() + REAP
    while (left := processes_of(place)) and time.monotonic() < end:
        time.sleep(0.1)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=STOP_IMMEDIATE)
    (place.data / "postmaster.pid").unlink(missing_ok=True)
    for left_behind in place.socket_dir.glob(".s.PGSQL.*"):
        left_behind.unlink(missing_ok=True)


def try_lock(descriptor: int, kind: int, *, patience: float) -> bool:
    """Whether the flock was had within patience seconds."""
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)


@contextlib.contextmanager
def _nobody_uses(place: Place) -> Iterator[bool]:
    """Whether the users' lock is free; while the block runs, no user can come."""
    descriptor = os.open(place.users_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield try_lock(descriptor, fcntl.LOCK_EX, patience=0)
    finally:
        os.close(descriptor)


class Keeper:
    def __init__(self, place: Place, options: Mapping[str, str]) -> None:
        self.place = place
        self.options = options
        self.asked_to_stop = False
        self._starts: list[float] = []
        self._idle_since: float | None = None

    def _start(self) -> Postmaster:
        found = Postmaster.adopt(self.place)
        if found:
            return found
        who = postgres_place.account(self.place)
        binaries = postgres_place.binaries(self.place)
        initialize(self.place, binaries, who, self.options)
        clear_the_dead(self.place)
        return Postmaster.start(self.place, binaries, who, self.options)

    def _worn_out(self) -> bool:
        now = time.monotonic()
        self._starts = [moment for moment in self._starts if now - moment < RESTART_WINDOW] + [now]
        return len(self._starts) > RESTARTS

    def _unused_for_long(self, *, unused: bool) -> bool:
        if not unused:
            self._idle_since = None
            return False
        now = time.monotonic()
        self._idle_since = self._idle_since or now
        return now - self._idle_since >= GRACE

    def keep(self) -> None:
        """Returns when the server was stopped, or cannot be kept running."""
        server = self._start()
        self._starts.append(time.monotonic())
        try:
            while True:
                with _nobody_uses(self.place) as unused:
                    if self.asked_to_stop or self._unused_for_long(unused=unused):
                        server.stop()
                        return
                    if not server.alive():
                        if unused:
                            return
                        if self._worn_out():
                            raise PostgresError("the server dies again and again")
                        print("keeper: the server died, starting it again", flush=True)  # noqa: T201 - its log
                        server = self._start()
                time.sleep(LOOK)
        finally:  # also when its directory was deleted under it
            server.stop()


def _detach(place: Place) -> bool:
    """Takes the keeper's lock and goes into the background: the caller's child must not become its zombie.

    Returns False when there is a keeper already. The parent ends only with the lock in the child's hands."""
    descriptor = os.open(place.keeper_lock, os.O_RDWR | os.O_CREAT, 0o600)
    if not try_lock(descriptor, fcntl.LOCK_EX, patience=1.0):  # others look at it for a moment
        return False
    if os.fork():
        os._exit(0)
    os.set_inheritable(descriptor, False)  # noqa: FBT003 - its signature
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return True


def main(home: str, options: str) -> None:
    place = Place(home=Path(home))
    if not _detach(place):
        return
    if place.log.exists() and place.log.stat().st_size > LOG_LIMIT:
        place.log.replace(place.log.with_suffix(".log.1"))
    log = os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.chdir("/")
    keeper = Keeper(place, json.loads(options))

    def stop(number: int, frame: FrameType | None) -> None:
        keeper.asked_to_stop = True

    signal.signal(signal.SIGTERM, stop)
    try:
        keeper.keep()
    except (PostgresError, subprocess.SubprocessError) as error:
        sys.exit(f"keeper: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
