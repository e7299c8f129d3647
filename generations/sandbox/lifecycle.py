"""A task's life: a thread of its own makes the result, waits out the time, ends it, and calls back."""

from __future__ import annotations

import threading
import time
from typing import Literal

from generations.sandbox import delivery, making
from generations.sandbox.faults import Faults
from generations.sandbox.tasks import GRACE, SECONDS, Outcome, Task
from generations.sandbox.world import World

INVALID_SECONDS = 0.3  # at speed 1: validation fails fast


def duration(world: World, kind: Literal["image", "video", "text"], asked: Faults, *, valid: bool) -> float:
    """How long a task takes, in real seconds."""
    usual = (SECONDS[kind] if valid else INVALID_SECONDS) / world.settings.speed
    return asked.number("slow", usual * 10) if "slow" in asked else usual


def grace(world: World) -> float:
    """How long a fresh task has no record, in real seconds."""
    return GRACE / world.settings.speed


def begin(world: World, task: Task) -> None:
    """Starts the task. With `early-callback` it is over, and called back, before this returns."""
    if "early-callback" in task.faults:
        task.duration = 0.0
        threading.Thread(target=_live, args=(world, world.closed, task), daemon=True).start()
        task.called.wait(delivery.TIMEOUT)
    elif not task.endless:
        threading.Thread(target=_live, args=(world, world.closed, task), daemon=True).start()


def _live(world: World, closed: threading.Event, task: Task) -> None:
    outcome = first_outcome(task)
    if outcome == "success":
        making.make(task, world.files)
    if closed.wait(max(0.0, task.duration - task.age)) or not conclude(world, task, outcome):
        return
    delivery.notify(world, closed, task)
    if "late-success" in task.faults:
        making.make(task, world.files)
        if not closed.wait(task.faults.number("late-success", 3)):
            conclude(world, task, "success", over=("fail",))
            delivery.notify(world, closed, task)


def first_outcome(task: Task) -> Outcome:
    """How it ends when nobody interferes."""
    if task.errors:
        return "invalid"
    if "content" in task.faults:
        return "content"
    return "fail" if "fail" in task.faults or "late-success" in task.faults else "success"


def conclude(world: World, task: Task, outcome: Outcome, over: tuple[Outcome | None, ...] = (None,)) -> bool:
    """Ends the task and settles its charge: a success costs what it made, anything else nothing.

    Returns False, with nothing done, when its present outcome is not one of `over`."""
    if outcome == "success":
        making.make(task, world.files)
    with world.lock:
        if task.outcome not in over:
            return False
        price = making.price(task) if outcome == "success" else {}
        world.charge(task, price.get("credits", 0.0))
        world.charge_units(task, price.get("units", 0.0))
        task.outcome, task.ended = outcome, time.time()
        return True


def finish(world: World, task: Task, outcome: Outcome) -> None:
    """Ends the task now, whatever its state, and calls back as its faults say: the control interface's hand."""
    before = task.outcome
    if before != outcome and conclude(world, task, outcome, over=(before,)):
        thread = threading.Thread(target=delivery.notify, args=(world, world.closed, task), daemon=True)
        thread.start()
