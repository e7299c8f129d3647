"""`manage.py worker` as real processes: it works, replaces a stalled cluster, and leaves nothing behind.

faults.md rows 38, 42, 44; style.md 8.2 items 9 and 10.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from generations.models import Chore
from project import db, queue
from tests.project.processes import House, database_url, hung_up, within

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
JOB = "generations.tasks.sweep"


@pytest.fixture
def house(transactional_db: None, tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path / "worker.log", DATABASE_URL=database_url(), WORKERS="1", LOG_LEVEL="INFO")
    done = ("balance_kie", "balance_fal", "balance_day")  # or the worker asks providers before it is idle
    Chore.objects.bulk_create(Chore(name=name, begun_at=db.now()) for name in done)
    yield house
    house.end()
    assert within(20, lambda: hung_up(house.mark)), "what they still write would stay after the tables are emptied"


def clusters(house: House) -> dict[str, psutil.Process]:
    """Each lane's first process."""
    found = {}
    for process in house.left():
        try:
            if "cluster" in process.cmdline() and process.pid == os.getpgid(process.pid):
                found[process.environ()["Q_CLUSTER_NAME"]] = process
        except (psutil.NoSuchProcess, ProcessLookupError):  # it ended while we looked; a zombie is one of these
            continue
    return found


def beating(lane: str = "main") -> bool:
    return queue.heartbeat_ages().get(lane, 99.0) < 3


def worker_of(cluster: psutil.Process) -> psutil.Process:
    """With one worker the sentinel's first child is the one that waits at the queue, holding its lock."""
    (sentinel,) = cluster.children()
    return min(sentinel.children(), key=lambda process: process.pid)


def at_rest() -> None:
    """Returns when the main lane's worker waits for a job: its last beat is over and the next one is seconds away."""
    assert within(30, lambda: queue.heartbeat_ages().get("main", 99.0) < 0.3)
    time.sleep(0.3)


def test_it_runs_jobs_of_every_lane_and_stops_in_order(house: House) -> None:
    worker = house.manage("worker", "--beat-every", "1")
    assert within(60, lambda: beating("main") and beating("store") and beating("hooks")), house.output()
    queue.enqueue(JOB)
    queue.enqueue(JOB, lane="store")
    assert within(30, lambda: not queue.pending()), house.output()

    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=30) == 0, house.output()  # a job may take 60 s and more: no lane was waited out
    assert "does not stop" not in house.output()
    assert house.left() == []


def test_killing_the_idle_worker_that_holds_the_lock_gets_the_cluster_replaced(house: House) -> None:
    house.manage("worker", "--beat-every", "3", "--stale-after", "15")  # a busy machine's start is no stall
    assert within(60, lambda: beating("main") and beating("store")), house.output()
    before = clusters(house)["main"]
    others = clusters(house)["store"]
    at_rest()
    worker_of(before).kill()

    queue.enqueue(JOB)
    assert within(60, lambda: not queue.pending()), house.output()
    assert "lane main: no beat for" in house.output()
    assert clusters(house)["main"].pid != before.pid
    assert clusters(house)["store"].pid == others.pid, "the other lane was well"
    assert not before.is_running()


def test_a_cluster_that_was_killed_comes_back_without_its_old_workers(house: House) -> None:
    house.manage("worker", "--beat-every", "1")
    assert within(60, beating), house.output()
    before = clusters(house)["main"]
    family = [before, *before.children(recursive=True)]
    before.kill()

    assert within(60, lambda: clusters(house).get("main") not in (None, before)), house.output()
    queue.enqueue(JOB)
    assert within(60, lambda: not queue.pending()), house.output()
    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in family)


def test_killing_the_supervisor_leaves_no_process(house: House) -> None:
    worker = house.manage("worker", "--beat-every", "1")
    assert within(60, beating), house.output()
    assert len(house.left()) > 6
    worker.kill()
    assert within(20, lambda: not house.left()), [process.cmdline() for process in house.left()]


def test_a_stop_does_not_wait_for_ever_for_a_wedged_cluster(house: House) -> None:
    worker = house.manage("worker", "--beat-every", "3", "--grace", "3")
    assert within(60, beating), house.output()
    cluster = clusters(house)["main"]
    at_rest()
    worker_of(cluster).kill()
    time.sleep(1)
    worker.send_signal(signal.SIGINT)
    assert worker.wait(timeout=30) == 0
    assert house.left() == []
    assert "does not stop, killing it" in house.output()
