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
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType

from project import postgres_place, postgres_server
from project.postgres_place import Place, PostgresError
from project.postgres_server import Postmaster

LOOK = 0.25  # seconds between looks at the server and at the lock
GRACE = 3.0  # seconds without a user before the server is stopped
RESTARTS, RESTART_WINDOW = 5, 60.0  # give up on a server that dies more often than this, in seconds
LOG_LIMIT = 10_000_000  # bytes


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
        postgres_server.initialize(self.place, binaries, who, self.options)
        postgres_server.clear_the_dead(self.place)
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
