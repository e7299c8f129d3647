"""Keeps one django-q2 cluster for each lane running, and replaces a stalled one (style.md 8.2 items 9 and
10).

A worker that is killed while it waits holds the queue's lock for ever: its cluster looks alive and does
nothing, and SIGTERM does not end it. So each cluster has a process group of its own, a lane without a beat
is killed as a group, and a stop sends SIGTERM to the cluster's first process only, waits, then kills the
group.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from types import FrameType

from project import processes
from project.clock import Clock
from project.queue import Lane, lanes

log = logging.getLogger(__name__)

LOOK = 0.25  # seconds between looks at the clusters
LONGEST_RESTART_DELAY = 30.0  # seconds
STEADY = 60.0  # a cluster that lived this long starts without a delay
STOP_MARGIN = 10.0  # seconds beyond a job's timeout that a graceful stop may take


@dataclass(frozen=True)
class Pace:
    """How often and how patient, in seconds. stale_after and grace: None takes each lane's own."""

    ring_every: float = 1.0
    sweep_every: float = 60.0
    beat_every: float = 30.0
    stale_after: float | None = None
    grace: float | None = None


class Cluster:
    """One lane's cluster: its process group, and when it may start again."""

    def __init__(self, lane: Lane, pace: Pace) -> None:
        self.lane = lane
        self.stale_after = lane.stale_after if pace.stale_after is None else pace.stale_after
        self.grace = lane.timeout + STOP_MARGIN if pace.grace is None else pace.grace
        self.child: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self._not_before = 0.0
        self._crashes = 0

    def start(self) -> None:
        command = [sys.executable, "manage.py", "cluster"]
        self.child = processes.start(command, env={**os.environ, "Q_CLUSTER_NAME": self.lane.name})
        self.started = time.monotonic()
        log.info("lane %s: cluster started, group %d", self.lane.name, self.child.pid)

    def tend(self, *, quiet_for: float) -> bool:
        """Starts it when it is not there, replaces it when it has been quiet for too long.

        Returns whether a cluster was removed: the jobs it had taken are nobody's."""
        now = time.monotonic()
        if self.child is None:
            if now >= self._not_before:
                self.start()
            return False
        if self.child.poll() is not None:
            log.error("lane %s: cluster ended with status %s", self.lane.name, self.child.returncode)
            self._remove()
            return True
        if quiet_for > self.stale_after:
            log.error("lane %s: no beat for %.0f s, replacing the cluster", self.lane.name, quiet_for)
            self._remove()
            self.start()
            return True
        return False

    def _remove(self) -> None:
        """Kills what is left of the group; a cluster that dies young comes back later and later."""
        assert self.child is not None
        processes.kill_group(self.child)
        self.child = None
        lived = time.monotonic() - self.started
        self._crashes = 0 if lived > STEADY else self._crashes + 1
        delay = 0.0 if not self._crashes else min(2.0 ** (self._crashes - 1), LONGEST_RESTART_DELAY)
        self._not_before = time.monotonic() + delay


class Supervisor:
    """`manage.py worker`: the clusters, the clock, and an orderly end."""

    def __init__(self, pace: Pace) -> None:
        self.clusters = [Cluster(lane, pace) for lane in lanes()]
        names = [cluster.lane.name for cluster in self.clusters]
        self.clock = Clock(
            lanes=names, ring_every=pace.ring_every, sweep_every=pace.sweep_every, beat_every=pace.beat_every
        )
        self._asked = threading.Event()
        self._hurry = False

    def run(self) -> None:
        """Returns after SIGTERM or SIGINT, with no process left. A second signal does not wait for jobs."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        self.clock.start()
        try:
            while not self._asked.wait(LOOK):
                for cluster in self.clusters:
                    quiet_for = self.clock.pulse.quiet_for(cluster.lane.name, since=cluster.started)
                    if cluster.tend(quiet_for=quiet_for):
                        self.clock.release_jobs(cluster.lane.name)
        finally:
            self.clock.stop()
            self._stop_clusters()
        log.info("worker stopped")

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._hurry = self._asked.is_set()
        self._asked.set()

    def _stop_clusters(self) -> None:
        running = [(cluster, cluster.child) for cluster in self.clusters if cluster.child is not None]
        for _, child in running:
            child.terminate()  # the first process only: its workers are its business
        begun = time.monotonic()
        for cluster, child in running:
            while child.poll() is None and not self._hurry and time.monotonic() - begun < cluster.grace:
                time.sleep(0.05)
            if child.poll() is None:
                log.warning("lane %s: cluster does not stop, killing it", cluster.lane.name)
        for _, child in running:
            processes.kill_group(child)
