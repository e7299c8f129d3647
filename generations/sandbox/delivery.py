"""Callbacks on their way: 15 s for an answer, three more tries, then silence (kie.md 4.4, fal.md 4.3)."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

from generations.sandbox import letters, outbound
from generations.sandbox.letters import Letter
from generations.sandbox.tasks import Task
from generations.sandbox.world import World

TIMEOUT = 15.0  # seconds, not shortened by the speed
PAUSES = (2.0, 4.0, 8.0)  # seconds at speed 1 before each further try
ANSWER_BYTES = 64 * 1024


@dataclass(frozen=True)
class Delivered:
    """What became of one POST: the HTTP status, 0 when there was no answer."""

    status: int
    text: str


def notify(world: World, closed: threading.Event, task: Task) -> None:
    """Sends the callbacks of a task that has ended, as its faults say. Returns when all are answered or given up."""
    if task.callback_url and "lost-callback" not in task.faults:
        copies = int(task.faults.number("duplicate-callback", 2)) if "duplicate-callback" in task.faults else 1
        for letter in letters.of(world, task):
            _send_copies(world, closed, task, letter, copies)
            copies = 1
    task.called.set()


def _send_copies(world: World, closed: threading.Event, task: Task, letter: Letter, copies: int) -> None:
    start = threading.Barrier(copies)

    def send() -> None:
        start.wait(TIMEOUT)
        _until_taken(world, closed, task, letter)

    threads = [threading.Thread(target=send, daemon=True) for _ in range(copies)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _until_taken(world: World, closed: threading.Event, task: Task, letter: Letter) -> None:
    for pause in (0.0, *PAUSES):
        if closed.wait(pause / world.settings.speed):
            return
        with world.sending():
            if closed.is_set():
                return
            delivered = post(world, task, letter, task.callback_url)
        task.called.set()
        # A redirect is not followed: a permanent failure (fal.md 4.3).
        if 200 <= delivered.status < 400:
            return


def post(world: World, task: Task, letter: Letter, url: str) -> Delivered:
    """One POST of one letter, noted on the task."""
    headers = {"Content-Type": "application/json", **letter.headers}
    try:
        reply = outbound.exchange("POST", url, headers=headers, body=letter.raw, timeout=TIMEOUT, most=ANSWER_BYTES)
        delivered = Delivered(reply.status, reply.body.decode("utf-8", "replace"))
    except outbound.Unreachable as error:
        delivered = Delivered(0, str(error))
    noted: dict[str, Any] = {"status": delivered.status, "at": time.time(), "sent": letter.summary, "url": url}
    with world.lock:
        task.callbacks.append(noted)
    return delivered
