"""All that the sandbox remembers: tasks, counters, scripts, settings, the balance. One lock for all of it."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from generations.sandbox import faults
from generations.sandbox.faults import Faults, Script
from generations.sandbox.files import Files
from generations.sandbox.tasks import Task

CREATES, CREATE_WINDOW = 20, 10.0  # KIE: creates in seconds (kie.md 5)
READS, READ_WINDOW = 10, 1.0
CALM_SECONDS = 30.0  # how long a reset waits for callbacks that are on the wire


@dataclass(frozen=True)
class Settings:
    """What the control interface may change. `balance` in credits, at the last change."""

    speed: float = 1.0
    hmac_key: str = ""
    balance: float = 100_000.5
    enforce_limits: bool = True
    jwks_down: bool = False
    upload_fault: str = ""  # what the upload services do instead (sandbox/uploads.py)
    fal_balance: float = 1_000.25  # in dollars, at the last change
    billing_fault: str = ""  # what the addresses of our balances do instead (sandbox/billing.py)


FAL_UNIT_PRICES = {"fal": 0.03, "router": 1.0}  # dollars a megapixel of an image; a text's units are dollars


def fal_cost(task: Task, units: float) -> float:
    """Dollars that so many billable units of a fal task cost."""
    return round(units * FAL_UNIT_PRICES[task.family], 9)


class Window:
    """A sliding window: so many in so many seconds."""

    def __init__(self, most: int, seconds: float) -> None:
        self.most, self.seconds = most, seconds
        self._taken: deque[float] = deque()

    def take(self) -> bool:
        """Takes a place, or says that there is none."""
        moment = time.monotonic()
        while self._taken and self._taken[0] <= moment - self.seconds:
            self._taken.popleft()
        if len(self._taken) >= self.most:
            return False
        self._taken.append(moment)
        return True


class World:
    """The sandbox's memory. Methods lock for themselves."""

    def __init__(self, start: Settings) -> None:
        self._start = start
        self.lock = threading.RLock()
        self.fal_keys = [Ed25519PrivateKey.generate()]
        self.closed = threading.Event()
        self.on_the_wire = 0
        self._calm = threading.Condition(self.lock)
        self.reset()

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Around one callback's POST: a reset waits for it, so that none arrives after."""
        with self.lock:
            self.on_the_wire += 1
        try:
            yield
        finally:
            with self._calm:
                self.on_the_wire -= 1
                self._calm.notify_all()

    def reset(self) -> None:
        """Forgets everything but the signing keys; settings are those of the start again. Pending work stops, and
        callbacks that are on the wire have been answered when this returns, unless that takes too long."""
        self.closed.set()
        with self._calm:
            self._calm.wait_for(lambda: self.on_the_wire == 0, CALM_SECONDS)
            self._forget()

    def _forget(self) -> None:
        with self.lock:
            self.closed = threading.Event()
            self.settings = self._start
            self.balance = self._start.balance
            self.fal_balance = self._start.fal_balance
            self.tasks: list[Task] = []
            self._by_id: dict[tuple[str, str], Task] = {}
            self.creates = 0
            self.uploads: Counter[str] = Counter()
            self.upload_requests = 0
            self.scripts: list[Script] = []
            self.files = Files(self.closed)
            self._windows: dict[tuple[str, str], Window] = {}

    def change(self, changes: Mapping[str, Any]) -> Settings:
        """Applies new settings. Raises TypeError for a name that is none, ValueError for a bad value."""
        with self.lock:
            new = replace(self.settings, **changes)
            if not 0 < new.speed <= 1000:
                raise ValueError("speed is above 0 and at most 1000")
            if new.upload_fault not in faults.UPLOADS:
                raise ValueError(f"upload_fault is one of {', '.join(faults.UPLOADS)}")
            if new.billing_fault not in faults.BILLING:
                raise ValueError(f"billing_fault is one of {', '.join(faults.BILLING)}")
            if "fal_balance" in changes:
                self.fal_balance = float(changes["fal_balance"])
            if "balance" in changes:
                self.balance = float(changes["balance"])
            self.settings = new
            return new

    def rotate_fal_key(self) -> None:
        """Signs with a new key from now on; the key set holds only the new one."""
        with self.lock:
            self.fal_keys = [Ed25519PrivateKey.generate()]

    def count_create(self) -> None:
        """Every create request counts, also one that is refused."""
        with self.lock:
            self.creates += 1

    def count_upload(self, provider: str) -> None:
        """A file that an upload service keeps now."""
        with self.lock:
            self.uploads[provider] += 1

    def count_upload_request(self) -> None:
        """Every request to an upload service, also one that fails."""
        with self.lock:
            self.upload_requests += 1

    def take_create(self, key: str) -> bool:
        """Whether this account may create now (20 in 10 s)."""
        return self._take("create", key, CREATES, CREATE_WINDOW)

    def take_read(self, key: str) -> bool:
        """Whether this account may read a record now (10 in 1 s)."""
        return self._take("read", key, READS, READ_WINDOW)

    def _take(self, lane: str, key: str, most: int, seconds: float) -> bool:
        with self.lock:
            if not self.settings.enforce_limits:
                return True
            return self._windows.setdefault((lane, key), Window(most, seconds)).take()

    def faults_for(self, prompt: str) -> Faults:
        """What the prompt and the scripts ask for; a script is used up. Raises UnknownFault."""
        words = faults.of_prompt(prompt)
        with self.lock:
            for script in self.scripts:
                if script.fits(prompt):
                    script.times -= 1
                    words |= script.words
            self.scripts = [script for script in self.scripts if script.times > 0]
        return Faults(words)

    def new_id(self, provider: str, shape: Literal["hex", "uuid"], asked: Faults) -> str:
        """A fresh id, or the latest one of this provider when `duplicate-task-id` is asked for."""
        if "duplicate-task-id" in asked:
            with self.lock:
                for task in reversed(self.tasks):
                    if task.provider == provider:
                        return task.id
        text = secrets.token_hex(16)
        if shape == "hex":
            return text
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def add(self, task: Task) -> None:
        """Remembers a task; an id that is taken goes on naming the earlier one."""
        with self.lock:
            self.tasks.append(task)
            self._by_id.setdefault((task.provider, task.id), task)

    def find(self, provider: str, task_id: str) -> Task | None:
        """The task of this id."""
        with self.lock:
            return self._by_id.get((provider, task_id))

    def charge(self, task: Task, credits: float) -> None:
        """From now on the task costs so many KIE credits; the balance follows."""
        with self.lock:
            self.balance = round(self.balance - credits + task.credits, 4)
            task.credits = credits

    def charge_units(self, task: Task, units: float) -> None:
        """From now on the task costs so many of fal's billable units; the balance follows."""
        with self.lock:
            if task.provider == "fal":
                self.fal_balance = round(self.fal_balance - fal_cost(task, units) + fal_cost(task, task.units), 9)
            task.units = units

    def stats(self) -> dict[str, Any]:
        """The counters: the oracle of tests."""
        with self.lock:
            tasks = list(self.tasks)
            return {
                "tasks": len(tasks),
                "creates": self.creates,
                "uploads": dict(self.uploads),
                "upload_requests": self.upload_requests,
                "by_reference": dict(Counter(task.token for task in tasks if task.token)),
                "by_prompt": dict(Counter(task.work.prompt for task in tasks)),
                "by_state": dict(Counter(task.state for task in tasks)),
                "callbacks": sum(len(task.callbacks) for task in tasks),
                "polls": sum(task.polls for task in tasks),
                "credits": round(sum(task.credits for task in tasks), 4),
                "balance": self.balance,
                "fal_balance": self.fal_balance,
            }
