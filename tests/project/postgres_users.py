"""Processes that use an embedded server, for the tests of its launcher: real ones, to be killed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg

from project import embedded_postgres, postgres_place, postgres_server

ROOT = Path(__file__).resolve().parent.parent.parent
USE = """
import sys
from pathlib import Path
from project import embedded_postgres
server = embedded_postgres.ensure_running(Path(sys.argv[1]), options=embedded_postgres.FAST_OPTIONS)
print("dsn", server.dsn, flush=True)
sys.stdin.read()
"""
PACKAGES = ("psycopg", "psycopg_binary", "psycopg_binary.libs", "psutil", "embedded_postgres", "embedded_postgres.libs")


class Users:
    """Starts processes that attach and then wait; each is ended with the test."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._processes: list[subprocess.Popen[str]] = []

    def start(
        self, *, python: str = sys.executable, env: dict[str, str] | None = None, uid: int | None = None
    ) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [python, "-c", USE, str(self.data_dir)],
            cwd="/" if env else ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **({} if uid is None else {"user": uid, "group": uid, "extra_groups": []}),
        )
        self._processes.append(process)
        return process

    def attach(self, **kwargs: object) -> subprocess.Popen[str]:
        """Starts one and waits until it has the server."""
        process = self.start(**kwargs)  # type: ignore[arg-type]
        self.dsn_of(process)
        return process

    @staticmethod
    def dsn_of(process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith("dsn "):
            _, errors = process.communicate(timeout=10)
            raise AssertionError(errors)
        return line.removeprefix("dsn ").strip()

    def end(self) -> None:
        for process in self._processes:
            process.kill()
            process.communicate(timeout=10)


def no_server_left(data_dir: Path) -> bool:
    """Neither server nor keeper of this directory."""
    place = postgres_place.find(data_dir)
    if postgres_server.processes_of(place):
        return False
    return keeper_of(data_dir) is None


def keeper_of(data_dir: Path) -> psutil.Process | None:
    home = str(postgres_place.find(data_dir).home)
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
        except psutil.Error:
            continue
        if "project.postgres_keeper" in command and home in command:
            return process
    return None


def postmaster_of(data_dir: Path) -> psutil.Process:
    process = postgres_server.postmaster_of(postgres_place.find(data_dir))
    assert process is not None
    return process


def within(seconds: float, true: Callable[[], bool]) -> bool:
    """Whether it becomes true in that time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.1)
    return true()


def ask(dsn: str, query: str) -> object:
    with psycopg.connect(dsn, connect_timeout=5) as connection:
        row = connection.execute(query).fetchone()  # type: ignore[arg-type]
        assert row is not None
        return row[0]


def answers(dsn: str) -> bool:
    try:
        return ask(dsn, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False


def clean_up(data_dir: Path) -> None:
    place = postgres_place.find(data_dir)
    embedded_postgres.stop(data_dir)
    for directory in (place.fallback, postgres_place._fallback(place.home), place.socket_dir):
        if directory:
            shutil.rmtree(directory, ignore_errors=True)


def outside_home(base: Path) -> tuple[str, str]:
    """What `nobody` needs to run our launcher, copied below base: packages, project, and Python when it is
    hidden."""
    site = base / "site"
    for name in PACKAGES:
        source = Path(psycopg.__file__).parent.parent / name
        shutil.copytree(source, site / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(Path(psycopg.__file__).parent.parent / "typing_extensions.py", site)
    shutil.copytree(ROOT / "project", site / "project", ignore=shutil.ignore_patterns("__pycache__"))
    return str(site), _python(base)


def _python(base: Path) -> str:
    """An interpreter that everybody may run: ours, or a copy of it."""
    ours = Path(sys.executable).resolve()
    if all(path.stat().st_mode & 0o001 for path in (ours, *ours.parents)):
        return str(ours)
    home = base / "python"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    leave = shutil.ignore_patterns("__pycache__", "test", "tests", "site-packages", "idlelib", "tkinter", "config-*")
    shutil.copytree(Path(sys.base_prefix) / "lib" / version, home / "lib" / version, ignore=leave)
    for library in (Path(sys.base_prefix) / "lib").glob("libpython*"):
        shutil.copy(library, home / "lib")
    (home / "bin").mkdir()
    shutil.copy(ours, home / "bin" / version)
    return str(home / "bin" / version)


def environment(site: str, python: str) -> dict[str, str]:
    library = Path(python).parent.parent / "lib"
    return {"PATH": os.defpath, "PYTHONPATH": site, "LD_LIBRARY_PATH": str(library), "PYTHONDONTWRITEBYTECODE": "1"}
