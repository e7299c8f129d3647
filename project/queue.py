"""The seam to django-q2, and the only module that imports it (style.md section 8 has its traps).

A job is a dotted name from settings.JOBS and a few ids. It is stored by the ORM broker in the caller's
transaction, runs at least once, maybe twice, maybe late. `perform` is what the workers really run: it refuses
what is not a job. The lane's sign of life is left at the end of the way, when a job's row was acknowledged.
"""

from __future__ import annotations

import json
import logging
import os
import random
import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Count
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.cluster import Cluster
from django_q.models import Failure, OrmQ, Schedule, Success
from django_q.signals import post_execute
from django_q.signing import SignedPackage
from django_q.tasks import async_task

from project import logs, processes
from project.models import Heartbeat

log = logging.getLogger(__name__)

PERFORM = "project.queue.perform"
BEAT = "beat"  # the supervisor's own job: nothing but the sign of life
STALE = 90.0  # seconds without a beat that are a stall
STALE_MARGIN = 30.0  # seconds beyond the longest job
TOUCH_EVERY = 5.0  # seconds between two writes of a busy worker

MOST_READ = 1_000  # queued rows that are looked into; the first is the oldest
_EXCEPTION = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,119}(?=:|$)")

_touched_at: float | None = None


@dataclass(frozen=True)
class Job:
    """A queued row, read."""

    id: int
    func: str
    args: tuple[int | str, ...]
    lane: str


@dataclass(frozen=True)
class Lane:
    """A queue with workers of its own. timeout: seconds a job may take; stale_after: seconds without a
    beat."""

    name: str
    timeout: int
    stale_after: float


def lanes(config: Mapping[str, Any] | None = None) -> list[Lane]:
    """The lanes of settings.Q_CLUSTER: the main one first."""
    config = settings.Q_CLUSTER if config is None else config
    timeouts = {config["name"]: config["timeout"]}
    for name, alternative in config.get("ALT_CLUSTERS", {}).items():
        timeouts[name] = alternative.get("timeout", config["timeout"])
    return [Lane(name, timeout, max(STALE, timeout + STALE_MARGIN)) for name, timeout in timeouts.items()]


def enqueue(func: str, *args: int | str, lane: str = "main") -> None:
    """Queues one run of the job `func` (a dotted name in settings.JOBS) in the caller's transaction: it runs
    only if that commits. Raises ValueError for an unknown job or lane, TypeError for anything but ints and
    strings."""
    if func not in settings.JOBS:
        raise ValueError(f"{func} is not in settings.JOBS")
    _push(func, *args, lane=lane)


def enqueue_beat(lane: str) -> None:
    """Queues the job that does nothing but prove that the lane works."""
    _push(BEAT, lane=lane)


def _push(name: str, *args: int | str, lane: str) -> None:
    if lane not in {known.name for known in lanes()}:
        raise ValueError(f"{lane} is not a lane")
    for value in args:
        if type(value) not in (int, str):  # a bool or a row would be pickled gladly
            raise TypeError(f"a job takes ints and strings, not {type(value).__name__}")
    json.dumps(args)
    # The lane always by name: without it a job of the store lane would stay in the store lane.
    async_task(PERFORM, name, *args, q_options={"cluster": lane})


def perform(name: str, *args: int | str) -> None:
    """What a worker runs: beats, then calls the job. Raises LookupError for a name that is not in
    settings.JOBS."""
    if name == BEAT:
        return
    if name not in settings.JOBS:
        raise LookupError(f"{name} is not in settings.JOBS")
    with logs.lines_of(f"job:{name}:{args[0] if args else ''}"):
        import_string(name)(*args)


def current_lane() -> str:
    """The lane whose worker this process is; the main one anywhere else."""
    return os.environ.get("Q_CLUSTER_NAME") or str(settings.Q_CLUSTER["name"])


def touch(lane: str, *, always: bool) -> None:
    """Writes the lane's sign of life, each few seconds only unless `always`."""
    global _touched_at
    now = time.monotonic()
    if not always and _touched_at is not None and now - _touched_at < TOUCH_EVERY:
        return
    Heartbeat.objects.bulk_create(
        [Heartbeat(lane=lane, beat_at=Now())],
        update_conflicts=True,
        unique_fields=["lane"],
        update_fields=["beat_at"],
    )
    _touched_at = now


def heartbeat_ages() -> dict[str, float]:
    """Seconds since each lane's last beat, by the database's clock; a lane that never had one is missing."""
    rows = Heartbeat.objects.annotate(now=Now()).values_list("lane", "beat_at", "now")
    return {lane: (now - beat_at).total_seconds() for lane, beat_at, now in rows}


def release(lane: str) -> int:
    """Makes the lane's taken jobs due again; for the one who killed the cluster that took them. Without it
    they wait for their retry time. Returns how many; another cluster's running job may run twice by it, as
    any may."""
    return int(OrmQ.objects.filter(key=lane, lock__gt=timezone.now()).update(lock=timezone.now()))


def length() -> int:
    """How many rows are queued, beats included."""
    return int(OrmQ.objects.count())


def pending() -> list[Job]:
    """All queued jobs, oldest first, beats left out."""
    return [job for row in OrmQ.objects.order_by("id") if (job := _read(row)).func != BEAT]


@dataclass(frozen=True)
class LaneState:
    """How a lane stands. `age`: seconds since its last beat, None when it never had one; `queued` jobs, beats left out,
    of which `taken` are being worked at; `oldest`: seconds that the oldest has been there, None without one."""

    lane: Lane
    age: float | None
    queued: int
    taken: int
    oldest: float | None

    @property
    def beats(self) -> bool:
        return self.age is not None and self.age < self.lane.stale_after


@dataclass(frozen=True)
class Failed:
    """A run that raised, by the name of its job; it was tried again unless it was the last try. `error` is the kind of
    exception alone: its text may hold anything."""

    name: str
    args: tuple[int | str, ...]
    at: datetime
    error: str


def states() -> list[LaneState]:
    """Each lane's state: one query for the beats, one for the queue's oldest rows, one for their number."""
    ages, moment = heartbeat_ages(), timezone.now()
    counted = dict(OrmQ.objects.values_list("key").annotate(n=Count("*")))
    beats: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    oldest: dict[str, float] = {}
    for row in OrmQ.objects.order_by("id")[:MOST_READ]:
        package = SignedPackage.loads(row.payload)
        if package["args"][0] == BEAT:
            beats[row.key] += 1
            continue
        oldest.setdefault(row.key, (moment - package["started"]).total_seconds())
        taken[row.key] += bool(row.lock and row.lock > moment)
    return [
        LaneState(
            lane=lane,
            age=ages.get(lane.name),
            queued=counted.get(lane.name, 0) - beats[lane.name],
            taken=taken[lane.name],
            oldest=oldest.get(lane.name),
        )
        for lane in lanes()
    ]


def failed(*, most: int = 50) -> list[Failed]:
    """The last runs that raised, the newest first."""
    return [
        Failed(
            name=str(row.args[0]) if row.args else row.func,
            args=tuple(row.args[1:]) if row.args else (),
            at=row.stopped,
            error=_kind(row.result),
        )
        for row in Failure.objects.order_by("-stopped")[:most]
    ]


def failed_since(moment: datetime) -> int:
    """How many runs raised since."""
    return int(Failure.objects.filter(stopped__gte=moment).count())


def _kind(result: object) -> str:
    """The kind of exception of a stored traceback: `ValueError`. It begins the first line after the frames."""
    _, _, frames = str(result or "").partition("\n  File ")
    line = next((line for line in frames.splitlines()[1:] if line and not line.startswith(" ")), "")
    found = _EXCEPTION.match(line)
    return found.group(0) if found else "unknown"


def run_pending(*, order_seed: int | None = None, repeat: int = 1) -> int:
    """Runs the jobs that are queued now, as a worker would, and removes their rows; returns how many runs
    there were.

    For tests: never django-q2's sync mode, which runs a job inside the enqueuing transaction. order_seed
    shuffles, repeat runs each that often. A job that raises stops here, its row stays."""
    runs = [row for row in OrmQ.objects.order_by("id") for _ in range(repeat)]
    if order_seed is not None:
        random.Random(order_seed).shuffle(runs)  # noqa: S311 - an order, not a secret
    left = {row.pk: repeat for row in runs}
    for row in runs:
        job = _read(row)
        perform(job.func, *job.args)
        left[row.pk] -= 1
        if left[row.pk] == 0:
            row.delete()
            touch(job.lane, always=job.func == BEAT)
    return len(runs)


def _read(row: Any) -> Job:
    package = SignedPackage.loads(row.payload)
    name, *args = package["args"]
    return Job(id=row.pk, func=name, args=tuple(args), lane=row.key)


def run_cluster() -> None:
    """Runs the cluster of this process's lane (Q_CLUSTER_NAME) until SIGTERM; its children die with it."""
    processes.forks_die_with_us()
    post_execute.connect(_went_all_the_way)
    Cluster().start()


def _went_all_the_way(sender: object, task: Mapping[str, Any], **kwargs: object) -> None:
    """Called in the cluster's last process, after the job's row was acknowledged: a worker that is killed
    while it hands over its result wedges the way behind it, and beats in the worker would not tell."""
    touch(current_lane(), always=task["args"][:1] == (BEAT,))


def hide_from_admin() -> None:
    """Takes django-q2's pages out of the admin: they can edit pickles and run any function by name.

    Imports its admin module first, so that Django's own discovery finds it done."""
    import django_q.admin

    assert django_q.admin
    for model in (Schedule, Success, Failure, OrmQ):
        if admin.site.is_registered(model):
            admin.site.unregister(model)
