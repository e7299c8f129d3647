"""Real processes of the house for tests, found again by a mark in their environment."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import psutil
from django.db import connection

from project import development

ROOT = Path(__file__).resolve().parent.parent.parent
MARK = "FRAMEHOUSE_TEST_MARK"


def database_url() -> str:
    """The test's own database, for processes that would else take the development one."""
    database = connection.settings_dict
    return f"postgres:///{database['NAME']}?host={quote(str(database['HOST']), safe='')}&user={database['USER']}"


class House:
    """Starts `manage.py` commands; `left` lists every process that descends from them, also by kill -9."""

    def __init__(self, log: Path, **environment: str | None) -> None:
        """environment: what to set beside ours, or None for what to leave out."""
        self.log = log
        self.mark = uuid.uuid4().hex
        wanted = {**os.environ, "PYTHONUNBUFFERED": "1", MARK: self.mark, "PGAPPNAME": self.mark, **environment}
        self.environment = {name: value for name, value in wanted.items() if value is not None}
        self._started: list[subprocess.Popen[bytes]] = []

    def manage(self, *arguments: str) -> subprocess.Popen[bytes]:
        return self.start(sys.executable, "manage.py", *arguments)

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started.append(process)
        return process

    def left(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                alive = process.status() != psutil.STATUS_ZOMBIE
                if alive and process.environ().get(MARK) == self.mark:
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def end(self) -> None:
        for process in self.left():
            process.kill()
        for started in self._started:
            started.wait(timeout=20)


def quiet_port() -> int:
    """A free port from below those that the system gives to whoever asks for any: until somebody listens there, which
    may be minutes later, no other test gets it."""
    for port in random.sample(range(20_000, 32_000), 200):
        if development.port_is_free("127.0.0.1", port):
            return port
    raise AssertionError("no port is free")


def hung_up(name: str) -> bool:
    """Whether the database server has ended every session of the processes whose PGAPPNAME this was. It ends that of a
    killed one a moment later: until then a statement may still be written, a lock still be held."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [name])
        return cursor.fetchone() == (0,)


def within(seconds: float, true: Callable[[], object]) -> bool:
    """Whether it becomes true in that time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.1)
    return bool(true())
