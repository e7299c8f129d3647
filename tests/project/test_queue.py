"""The seam to django-q2: jobs commit with their cause, run from their rows, and are refused when they are
none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib import admin
from django.core.management.base import SystemCheckError
from django.db import transaction

from project import checks, queue
from project.management.commands import worker
from project.models import Heartbeat

ran: list[tuple[Any, ...]] = []


def note(*args: int | str) -> None:
    """A job of this test."""
    ran.append(args)


def burst(number: int) -> None:
    raise ValueError(f"job {number} bursts")


NOTE = f"{__name__}.note"
BURST = f"{__name__}.burst"


@pytest.fixture(autouse=True)
def _jobs(settings: Any) -> Iterator[None]:
    settings.JOBS = (NOTE, BURST)
    ran.clear()
    yield
    ran.clear()


@pytest.mark.django_db(transaction=True)
def test_a_job_commits_and_rolls_back_with_its_cause() -> None:
    def cause() -> None:
        with transaction.atomic():
            queue.enqueue(NOTE, 1)
            raise RuntimeError("the cause fails")

    with pytest.raises(RuntimeError):
        cause()
    assert queue.pending() == []

    with transaction.atomic():
        queue.enqueue(NOTE, 2, "x", lane="store")
    (job,) = queue.pending()
    assert (job.func, job.args, job.lane) == (NOTE, (2, "x"), "store")


@pytest.mark.django_db
def test_a_job_goes_to_its_lane_whatever_lane_queues_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("Q_CLUSTER_NAME", "store")
    queue.enqueue(NOTE, 1)
    assert queue.pending()[0].lane == "main"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("func", "args", "lane", "error"),
    [
        ("os.system", ("true",), "main", ValueError),
        (NOTE, (1,), "elsewhere", ValueError),
        (NOTE, (True,), "main", TypeError),
        (NOTE, (2.5,), "main", TypeError),
        (NOTE, ([1],), "main", TypeError),
    ],
)
def test_what_is_no_job_is_refused(func: str, args: tuple[Any, ...], lane: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        queue.enqueue(func, *args, lane=lane)
    assert queue.length() == 0


@pytest.mark.django_db
def test_a_stored_name_that_is_no_job_is_not_run(settings: Any) -> None:
    queue.enqueue(NOTE, 1)
    settings.JOBS = (BURST,)
    with pytest.raises(LookupError, match="note"):
        queue.run_pending()
    assert ran == []


@pytest.mark.django_db
def test_pending_jobs_run_from_their_rows_and_leave() -> None:
    for number in range(3):
        queue.enqueue(NOTE, number)
    assert queue.run_pending() == 3
    assert ran == [(0,), (1,), (2,)]
    assert queue.pending() == []


@pytest.mark.django_db
def test_pending_jobs_run_twice_and_shuffled() -> None:
    for number in range(6):
        queue.enqueue(NOTE, number)
    assert queue.run_pending(order_seed=7, repeat=2) == 12
    assert sorted(ran) == sorted([(number,) for number in range(6)] * 2)
    assert ran != sorted(ran)
    assert queue.length() == 0


@pytest.mark.django_db
def test_a_job_that_raises_keeps_its_row() -> None:
    queue.enqueue(BURST, 1)
    with pytest.raises(ValueError, match="job 1 bursts"):
        queue.run_pending()
    assert [job.func for job in queue.pending()] == [BURST]


@pytest.mark.django_db
def test_each_job_leaves_a_sign_of_life() -> None:
    assert queue.heartbeat_ages() == {}
    queue.enqueue_beat("main")
    assert queue.pending() == [], "a beat is no job of anybody's"
    queue.run_pending()
    assert Heartbeat.objects.filter(lane="main").count() == 1
    assert 0 <= queue.heartbeat_ages()["main"] < 60


def test_the_settings_keep_the_rules() -> None:
    assert list(checks.queue_problems(django_settings.Q_CLUSTER)) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"queue_limit": 4}, "queue_limit of lane main must be 1"),
        ({"retry": 150}, "retry of lane main must be above 150 s"),  # 60 x (ceil(2 / 2) + 1) + 30
        ({"workers": 1, "retry": 210}, "retry of lane main must be above 210 s"),  # 60 x (ceil(2 / 1) + 1) + 30
        ({"timeout": None}, "timeout of lane main must be a whole number"),
        ({"timeout": 2.5}, "timeout of lane main must be a whole number"),
        ({"ALT_CLUSTERS": {"store": {"timeout": 600, "retry": 900}}}, "retry of lane store must be above"),
        ({"ack_failures": True}, "ack_failures"),
        ({"max_attempts": 0}, "max_attempts"),
        ({"sync": True}, "sync"),
        ({"save_limit": 250}, "save_limit"),
        ({"poll": 1}, "poll"),
        ({"orm": "other"}, "orm"),
    ],
)
def test_settings_that_lose_or_repeat_jobs_are_errors(change: dict[str, Any], sentence: str, settings: Any) -> None:
    sound = {**django_settings.Q_CLUSTER, "workers": 2}
    assert list(checks.queue_problems(sound)) == []
    settings.Q_CLUSTER = {**sound, **change}
    messages = checks.check_queue(None)
    assert any(sentence in message.msg for message in messages), messages


def test_connections_must_persist_unpooled() -> None:
    assert checks.check_connections(None) == []
    found = list(checks.connection_problems({"CONN_MAX_AGE": 0, "OPTIONS": {"pool": True}}))
    assert [sentence.split()[0] for sentence in found] == ["CONN_MAX_AGE", "psycopg's"]


def test_a_lane_is_stale_only_after_its_longest_job() -> None:
    for lane in queue.lanes():
        assert lane.stale_after >= max(90, lane.timeout + 30)
    assert [lane.name for lane in queue.lanes()] == ["main", "store", "hooks"]


def test_the_queue_has_no_page_in_the_admin() -> None:
    assert [model for model in admin.site._registry if model._meta.app_label == "django_q"] == []


def test_the_worker_does_not_start_on_settings_that_lose_jobs(settings: Any) -> None:
    settings.Q_CLUSTER = {**django_settings.Q_CLUSTER, "ack_failures": True}
    with pytest.raises(SystemCheckError, match="ack_failures"):
        worker.Command().check(tags=worker.Command.requires_system_checks)
