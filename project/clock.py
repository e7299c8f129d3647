"""The clock: rings for due rows, sweeps, and lets each lane prove that it lives.

A thread of the supervisor, apart from the watch over processes: a database that hangs must not keep the
supervisor from seeing SIGTERM. Every failure is logged and tried again; nothing here ends the clock but
`stop`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection
from django.utils.module_loading import import_string

from project import logs, queue

log = logging.getLogger(__name__)

LONGEST_BACK_OFF = 10.0  # seconds


@dataclass
class Chore:
    """Something done every so many seconds; after failures, later and later."""

    name: str
    every: float
    work: Callable[[], object]
    due: float = 0.0
    failures: int = 0

    def run(self) -> bool:
        """Does the work when it is due; returns False when it failed."""
        now = time.monotonic()
        if now < self.due:
            return True
        with logs.lines_of(f"clock:{self.name}"):
            return self._try(now)

    def _try(self, now: float) -> bool:
        try:
            self.work()
        except Exception:  # whatever it was: the next round must come
            self.failures += 1
            self.due = now + max(self.every, min(2.0 ** (self.failures - 1), LONGEST_BACK_OFF))
            log.exception("%s failed, %d in a row", self.name, self.failures)
            connection.close()
            return False
        self.failures = 0
        self.due = time.monotonic() + self.every
        return True


@dataclass
class Pulse:
    """What the clock last saw of the lanes' beats, by the monotonic clock."""

    beats: dict[str, float] = field(default_factory=dict)  # lane -> moment of its last beat
    seen_at: float | None = None  # the last look that succeeded
    clear_since: float = 0.0  # since when beats were sent and read without a failure

    def quiet_for(self, lane: str, *, since: float) -> float:
        """Seconds without a beat of the lane, counted from `since` at most; 0 while the database is out of
        sight."""
        now = time.monotonic()
        if self.seen_at is None or now - self.seen_at > LONGEST_BACK_OFF * 2:
            return 0.0
        return now - max(self.beats.get(lane, 0.0), since, self.clear_since)


class Clock(threading.Thread):
    """Runs what settings.CLOCK names under `ring` and `sweep`, sends the beats and reads them. Seconds throughout."""

    def __init__(self, *, lanes: Sequence[str], ring_every: float, sweep_every: float, beat_every: float) -> None:
        super().__init__(name="clock", daemon=True)
        self.lanes = lanes
        self.pulse = Pulse()
        self._ended = threading.Event()
        self._to_release: SimpleQueue[str] = SimpleQueue()
        self._watch = [
            Chore("sending beats", beat_every, self._send_beats),
            Chore("reading beats", min(beat_every, 5.0), self._read_beats),
            Chore("releasing jobs", 0.0, self._release),
        ]
        self._chores = [
            Chore(name, every, import_string(name))
            for kind, every in (("ring", ring_every), ("sweep", sweep_every))
            for name in settings.CLOCK[kind]
        ]
        self._tick = min(ring_every, 0.5)

    def run(self) -> None:
        self.pulse.clear_since = time.monotonic()
        while not self._ended.wait(self._tick):
            close_old_connections()
            results = [chore.run() for chore in self._watch]
            if not all(results):
                self.pulse.clear_since = time.monotonic()
            for chore in self._chores:
                chore.run()
        connection.close()

    def stop(self) -> None:
        self._ended.set()

    def release_jobs(self, lane: str) -> None:
        """The lane's cluster is gone: what it had taken is made due again, within a second."""
        self._to_release.put(lane)

    def _release(self) -> None:
        while not self._to_release.empty():
            lane = self._to_release.get()
            try:
                log.warning("lane %s: %d jobs made due again", lane, queue.release(lane))
            except DatabaseError:
                self._to_release.put(lane)
                raise

    def _send_beats(self) -> None:
        for lane in self.lanes:
            queue.enqueue_beat(lane)

    def _read_beats(self) -> None:
        ages = queue.heartbeat_ages()
        now = time.monotonic()
        self.pulse.beats = {lane: now - age for lane, age in ages.items()}
        self.pulse.seen_at = now
