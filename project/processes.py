"""Child processes that do not outlive us: started in a group of their own, ended group by group.

Linux ends a child when its parent dies, if the child asked for it (prctl PR_SET_PDEATHSIG); elsewhere a
parent killed with -9 leaves its children, and only an orderly end takes them along.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
PR_SET_PDEATHSIG = 1
ASK = "FRAMEHOUSE_DIE_WITH_PARENT"  # set for the web server, whose workers are forked by code that is not ours


def die_with_parent(parent: int) -> None:
    """From now on the kernel kills this process when its parent, process number `parent`, dies."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:  # it died before we asked
        os.kill(os.getpid(), signal.SIGKILL)


def die_with_parent_if_asked() -> None:
    """die_with_parent, when the environment asks for it."""
    if os.environ.get(ASK):
        die_with_parent(os.getppid())


def forks_die_with_us() -> None:
    """Every process forked from this one, and from those, dies with its parent."""
    parents: list[int] = []

    def before() -> None:
        parents[:] = [os.getpid()]

    os.register_at_fork(before=before, after_in_child=lambda: die_with_parent(parents[0]))


def start(
    command: Sequence[str], *, env: Mapping[str, str] | None = None, stdout: int | None = None
) -> subprocess.Popen[bytes]:
    """Starts command in a session and group of its own, to die with us. Call it from the main thread: the
    kernel's promise is about the thread that started the child. Standard error goes where stdout goes when
    that is given."""
    wrapped = [sys.executable, "-m", "project.processes", str(os.getpid()), *command]
    return subprocess.Popen(  # noqa: S603 - our own commands, no shell
        wrapped,
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.STDOUT if stdout is not None else None,
        start_new_session=True,
    )


def kill_group(child: subprocess.Popen[bytes]) -> None:
    """SIGKILL for the whole group that `start` made, also when its leader is gone; then reaps the leader."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS says EPERM for a group of zombies
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def wait_all(children: Sequence[subprocess.Popen[bytes]], *, seconds: float) -> bool:
    """Whether all of them ended within that time."""
    deadline = time.monotonic() + seconds
    while any(child.poll() is None for child in children):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def relay(source: IO[bytes], *, prefix: str) -> threading.Thread:
    """Copies the lines of a child to our standard output, each behind its prefix, until the child closes
    it."""

    def copy() -> None:
        for line in source:
            with contextlib.suppress(BrokenPipeError):  # nobody reads us: the child must go on all the same
                sys.stdout.write(f"{prefix}{line.decode('utf-8', 'replace').rstrip()}\n")
                sys.stdout.flush()

    thread = threading.Thread(target=copy, name=f"relay {prefix.strip()}", daemon=True)
    thread.start()
    return thread


def main(arguments: Sequence[str]) -> None:
    """`python -m project.processes PARENT COMMAND...`: becomes COMMAND, bound to the life of PARENT."""
    die_with_parent(int(arguments[0]))
    os.execvp(arguments[1], list(arguments[1:]))  # noqa: S606 - what `start` was given


if __name__ == "__main__":
    main(sys.argv[1:])
