"""Runs several processes as one: starts them, relays their lines, and ends all of them when one ends or we
are told.

Used by `manage.py run`. A child is ended by SIGTERM to its first process, then by force to its whole group.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType

from project import processes

LOOK = 0.25  # seconds between looks at the children
STOP_PATIENCE = 20.0  # seconds for an orderly end


class Stopped(BaseException):
    """We were told to stop. Not an Exception: no handler of errors on the way may keep it."""


class ChildEnded(Exception):
    """A process that should run on has ended, or is not there in time; the message says which."""


@dataclass(frozen=True)
class Child:
    name: str
    process: subprocess.Popen[bytes]
    serves_others: bool


class Company:
    """The processes that run together. Use as a context: leaving it stops them all, those that serve others last."""

    def __init__(self, *, lives_with_parent: bool) -> None:
        self._children: list[Child] = []
        self._hurry = False
        self._parent = os.getppid() if lives_with_parent else None

    def __enter__(self) -> Company:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._told_to_stop)
        return self

    def __exit__(self, *exception: object) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._told_to_hurry)
        self._stop()

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str], *, serves_others: bool = False) -> None:
        """Starts a child; its lines appear behind its name."""
        process = processes.start(command, env=env, stdout=subprocess.PIPE)
        assert process.stdout is not None
        processes.relay(process.stdout, prefix=f"{name:<7} | ")
        self._children.append(Child(name, process, serves_others))

    def wait_for(self, what: str, true: Callable[[], bool], *, seconds: float) -> None:
        """Waits until it is true; raises ChildEnded when a child ends before, or it takes longer."""
        deadline = time.monotonic() + seconds
        while not true():
            self._look()
            if time.monotonic() > deadline:
                raise ChildEnded(f"{what} did not come up within {seconds:.0f} s")
            time.sleep(LOOK)

    def watch(self) -> None:
        """Returns never: raises ChildEnded when a child ends, Stopped when we are told to."""
        while True:
            self._look()
            time.sleep(LOOK)

    def _look(self) -> None:
        for child in self._children:
            if child.process.poll() is not None:
                raise ChildEnded(f"{child.name} ended with status {child.process.returncode}")
        if self._parent is not None and os.getppid() != self._parent:
            raise Stopped

    def _stop(self) -> None:
        """In two steps, so that what the others talk to goes last."""
        for last in (False, True):
            group = [child for child in self._children if child.serves_others is last]
            for child in group:
                if child.process.poll() is None:
                    child.process.terminate()
            deadline = time.monotonic() + STOP_PATIENCE
            while any(child.process.poll() is None for child in group) and not self._hurry:
                if time.monotonic() > deadline:
                    break
                time.sleep(0.05)
            for child in group:
                processes.kill_group(child.process)

    def _told_to_stop(self, number: int, frame: FrameType | None) -> None:
        raise Stopped

    def _told_to_hurry(self, number: int, frame: FrameType | None) -> None:
        self._hurry = True


def answers(host: str, port: int, path: str) -> bool:
    """Whether GET path gives 200."""
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def listens(host: str, port: int) -> bool:
    """Whether somebody accepts connections there."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
