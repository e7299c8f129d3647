"""The embedded PostgreSQL server as processes: made, started, found again, stopped."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from project import postgres_place
from project.postgres_place import Account, Place

REAP = 15.0  # seconds that a dead server's children get to go away by themselves
STOP_FAST, STOP_IMMEDIATE = 20.0, 5.0
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
            return bool(self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE)
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
